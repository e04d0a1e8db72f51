"""Money that came for a code and paid for nothing: every receipt of it is one case, which ended."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.card_audit import ACQUIRERS
from tests.card_cases import Effect, sandbox_effects
from tests.card_findings import Finding, Kind
from tests.evidence import Evidence
from tests.proofs.reckoning import Aftermath
from tests.running_gateway import RunningGateway

_CASES: Final = """
    SELECT id, provider, receipt, reason, status, amount_minor, currency FROM payment_case"""


async def cases_reckoned(gateway: RunningGateway) -> Aftermath:
    evidence = Evidence(gateway)
    try:
        rows = await evidence.rows(_CASES)
        effects = [each for name in ACQUIRERS for each in await sandbox_effects(evidence, name)]
    finally:
        await evidence.close()
    counts = Counter(f"cases {row['reason']}, {row['status']}" for row in rows)
    return Aftermath(findings=list(_misfits(rows, effects)), counts=counts)


def _misfits(rows: Sequence[Mapping[str, Any]], effects: Sequence[Effect]) -> Iterator[Finding]:
    came = Counter(
        (each.provider, each.key, each.amount_minor, each.currency)
        for each in effects
        if each.kind == "surplus"
    )
    opened = Counter(
        (row["provider"], row["receipt"], row["amount_minor"], row["currency"]) for row in rows
    )
    for receipt in came.keys() | opened.keys():
        if (came[receipt], opened[receipt]) != (1, 1):
            text = f"came {came[receipt]} times, and has {opened[receipt]} cases"
            yield Finding(Kind.LOST, str(receipt), text)
    went_back = Counter(each.key.rpartition("-")[0] for each in effects if each.is_of_case)
    for row in rows:
        if went_back[row["id"]] != (row["status"] == "refunded"):
            text = f"{row['status']}, and went back {went_back[row['id']]} times"
            yield Finding(Kind.BOOKS, row["id"], text)
