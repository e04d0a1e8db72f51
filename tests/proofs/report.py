"""The figures of a proof, as tables."""

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.card_findings import Kind
from tests.evidence import DIGITS

if TYPE_CHECKING:
    from tests.proofs.proof import Proof

_MOST_SHOWN = 30


def show(proof: "Proof") -> None:
    console = Console(width=120, highlight=False)
    console.print(_faults(proof), _payments(proof), _books(proof), _verdict(proof))
    for finding in proof.findings[:_MOST_SHOWN]:
        console.print(str(finding), style="red", markup=False)
    taken = f"{proof.paid_s:.0f} s of payments, {proof.drained_s:.0f} s until nothing was open"
    words = "PROVED" if not proof.findings else f"{len(proof.findings)} FINDINGS"
    console.print(f"{words}, seed {proof.seed}: {taken}")


def _faults(proof: "Proof") -> Table:
    table = Table("what went wrong", "times")
    for name, times in sorted(proof.figures.items()):
        table.add_row(name, str(times))
    return table


def _payments(proof: "Proof") -> Table:
    table = Table("what there is", "number")
    every = proof.reckoning.cases
    statuses = Counter(f"payments {case.payment['status']}" for case in every)
    refunds = Counter(f"refunds {row['status']}" for case in every for row in case.refunds)
    sent = Counter(
        f"authorisations sent to {attempt['provider']}"
        for case in every
        for attempt in case.attempts
    )
    effects = Counter(f"effects at providers: {each.kind}" for each in proof.reckoning.effects)
    inbound = Counter({f"events from {name}": n for name, n in proof.reckoning.inbound.items()})
    answers = {"answers that were verified and noted": len(proof.notes.said)}
    for counted in (statuses, refunds, proof.reckoning.others, sent, effects, inbound, answers):
        for name, number in sorted(counted.items()):
            table.add_row(name, str(number))
    return table


def _books(proof: "Proof") -> Table:
    table = Table("captured less refunded", "by our ledger", "by the provider's own books")
    for (provider, currency), sums in proof.reckoning.sums.items():
        money = [f"{Decimal(each).scaleb(-DIGITS[currency]):,} {currency}" for each in sums]
        table.add_row(provider, *money)
    return table


def _verdict(proof: "Proof") -> Table:
    table = Table("findings", "number")
    found = Counter(finding.kind for finding in proof.findings)
    for kind in Kind:
        table.add_row(kind.value, str(found[kind]))
    return table
