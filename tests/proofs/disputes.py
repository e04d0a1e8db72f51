"""Disputes under fire: customers dispute what they paid by card, partners fight, accept or say
nothing, and the acquirer decides.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from tests.api.dispute_shop import SAID, DisputeShop
from tests.api.shop import Acquirer
from tests.card_audit import ACQUIRERS
from tests.card_findings import Finding, Kind
from tests.evidence import Evidence, minor
from tests.patience import persistently, until
from tests.proofs.journeys import PATIENCE_S, Journey
from tests.proofs.plans import ORDINARY, Decision, Plan
from tests.proofs.reckoning import Aftermath
from tests.running_gateway import Answer, RunningGateway

_OVER: Final = frozenset({"won", "lost", "warning_closed"})
_TAKEN: Final = {"dispute": 1, "dispute_returned": -1}
_DISPUTES: Final = """
    SELECT dispute.id, dispute.provider, dispute.provider_reference, dispute.status,
        dispute.taken_minor
    FROM dispute JOIN payment ON payment.id = dispute.payment_id
    WHERE starts_with(payment.reference, $1)"""


class Ending(StrEnum):
    """How the acquirer decides; ACCEPTED is the partner's own word."""

    WON = "WON"
    LOST = "LOST"
    ACCEPTED = "ACCEPTED"


def dispute_plans(seed: int, count: int) -> Iterator[tuple[Plan, Ending]]:
    for number in range(count):
        chance = random.Random(f"dispute {seed} {number}")
        card = chance.choice(list(ORDINARY))
        amount = chance.randrange(300, 50_000)
        refunds = (amount // 4,) if chance.random() < 0.3 else ()
        plan = Plan(number, card, amount, "EUR", Decision.APPROVE, refunds=refunds)
        yield plan, chance.choice(list(Ending))


@dataclass
class DisputeJourney:
    """A payment like the others, and then its dispute: each call is asked again until answered."""

    journey: Journey
    ending: Ending

    async def walk(self) -> None:
        # What the partner refunded before the dispute is gone twice until that is won.
        await self.journey.walk()
        try:
            await self._dispute()
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
            self.journey.notes.unexplained.append(f"{self.journey.name}: {error!r}")

    async def _dispute(self) -> None:
        partner = self.journey.shop.partner
        found = await persistently(
            lambda: partner.get("/v1/payments", reference=self.journey.name), PATIENCE_S
        )
        (payment,) = found.data["payments"]
        if payment["status"] != "captured":
            return
        opened = await self._opened(payment)
        if opened is None:
            return
        disputes, there = opened
        dispute = await self._known(payment)
        await self._said(dispute)
        if self.ending is not Ending.ACCEPTED:
            await asyncio.to_thread(disputes.decide, payment, there, self.ending.value)
        await self._ended(dispute)

    async def _opened(self, payment: dict[str, Any]) -> tuple[DisputeShop, dict[str, Any]] | None:
        """At whichever acquirer took it at the first attempt; few are taken at a later one."""
        for name in ACQUIRERS:
            shop = self.journey.shop
            disputes = DisputeShop(shop, Acquirer(shop.gateway, name))
            try:
                return disputes, await asyncio.to_thread(disputes.open, payment)
            except AssertionError:
                continue
        return None

    async def _known(self, payment: dict[str, Any]) -> dict[str, Any]:
        partner = self.journey.shop.partner

        async def told() -> dict[str, Any] | None:
            answer = await persistently(
                lambda: partner.get("/v1/disputes", paymentId=payment["id"]), PATIENCE_S
            )
            return answer.data["disputes"][0] if answer.data["disputes"] else None

        return await until(told, PATIENCE_S, "nobody told us of the dispute")

    async def _said(self, dispute: dict[str, Any]) -> None:
        if self.ending is Ending.LOST:
            return
        verb = "accept" if self.ending is Ending.ACCEPTED else "submit"
        if verb == "submit":
            kept = await self._do("evidence", dispute, SAID)
            assert kept.code == "P0000", kept
        answer = await self._do(verb, dispute, {} if verb == "submit" else None)
        # A refusal of the acquirer is an answer, and an outage of it is asked after.
        assert answer.code in ("P0000", "P0001", "P2207"), answer

    async def _do(self, verb: str, dispute: dict[str, Any], body: object) -> Answer:
        path, name = f"/v1/disputes/{dispute['id']}/{verb}", self.journey.name
        partner = self.journey.shop.partner
        return await persistently(
            lambda: partner.post(path, body, key=f"KEY-{verb}-{name}"), PATIENCE_S
        )

    async def _ended(self, dispute: dict[str, Any]) -> None:
        partner = self.journey.shop.partner

        async def over() -> bool:
            seen = await persistently(
                lambda: partner.get(f"/v1/disputes/{dispute['id']}"), PATIENCE_S
            )
            return bool(seen.data["status"] in _OVER)

        await until(over, PATIENCE_S, f"{dispute['id']} is never decided")


async def disputes_reckoned(gateway: RunningGateway, prefix: str) -> Aftermath:
    """What each dispute took stands in the acquirer's own journal, to the cent."""
    evidence = Evidence(gateway)
    try:
        rows = await evidence.rows(_DISPUTES, prefix)
        effects = {name: await evidence.journal("effects", acquirer=name) for name in ACQUIRERS}
    finally:
        await evidence.close()
    counts = Counter(f"disputes {row['status']}" for row in rows)
    return Aftermath(findings=list(misfits(rows, effects)), counts=counts)


def misfits(
    rows: Sequence[Mapping[str, Any]], effects: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[Finding]:
    """`effects` is what each acquirer says that it has done."""
    taken: Counter[tuple[str, str]] = Counter()
    for acquirer, done in effects.items():
        for effect in done:
            sign = _TAKEN.get(effect["effect"], 0)
            amount = minor(effect["amount"], effect["currency"])
            taken[acquirer, effect["reference"]] += sign * amount
    for row in rows:
        there = taken[row["provider"], row["provider_reference"]]
        if there != row["taken_minor"]:
            text = f"took {row['taken_minor']}, they say {there}"
            yield Finding(Kind.BOOKS, row["id"], text)
        if row["status"] not in _OVER:
            yield Finding(Kind.UNKNOWN, row["id"], f"still {row['status']}")
