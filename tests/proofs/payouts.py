"""Payouts under fire: partners pay out to accounts with every ending, and give customers back what
they paid; the rails' own books are held against ours.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from subprocess import TimeoutExpired
from typing import Any, Final

from tests.api.till import SandboxRail, Till
from tests.card_findings import Finding, Kind
from tests.evidence import Evidence, minor
from tests.patience import persistently, until
from tests.proofs.journeys import PATIENCE_S, Notes
from tests.proofs.reckoning import Aftermath

RAILS: Final = ("GIRO", "PUSH")
# How the rail's story goes, by the end of the account's number: see sandbox/README.md.
_ENDINGS: Final = {"00": 8, "01": 1, "02": 2, "03": 2, "06": 2, "07": 2, "08": 2, "09": 2, "10": 1}
_CANCELED: Final = 0.1
# Goes back to a customer: to two payments by card, or to one and with a transfer beside it.
_GOES_BACK: Final = 0.25
_GOES_BEYOND: Final = 0.5
_OPEN: Final = frozenset({"queued", "on_hold", "sent"})
# How a payout stands, for `misfits`, and what goes over a rail: itself, or its leg.
STANDING: Final = """
    payout.id, payout.status, payout.amount_minor, payout.transfer_minor,
    coalesce(part.id, payout.id) AS transfer_id,
    coalesce(part.status, payout.status) AS transfer_status, (
        SELECT coalesce(sum(amount_minor), 0)::bigint FROM refund
        WHERE payout_id = payout.id AND status = 'succeeded'
    ) AS refunded_minor"""
PART: Final = "LEFT JOIN payout AS part ON part.part_of = payout.id"
_PAYOUTS: Final = f"SELECT {STANDING} FROM payout {PART} WHERE starts_with(payout.reference, $1)"
# What the rail must have booked for each status: out, and back.
_BOOKED: Final[Mapping[str, tuple[tuple[int, int], ...]]] = {
    "paid": ((1, 0),),
    "returned": ((1, 1),),
    "canceled": ((0, 0),),
    # Refused at the door, or taken and given back.
    "failed": ((0, 0), (1, 1)),
}


@dataclass(frozen=True, slots=True)
class PayoutPlan:
    number: int
    ending: str
    amount_minor: int
    is_canceled: bool
    goes_back: bool
    goes_beyond: bool

    @property
    def amount(self) -> str:
        return f"{self.amount_minor / 100:.2f}"


def payout_plans(seed: int, count: int) -> Iterator[PayoutPlan]:
    for number in range(count):
        chance = random.Random(f"payout {seed} {number}")
        (ending,) = chance.choices(list(_ENDINGS), list(_ENDINGS.values()))
        amount = chance.randrange(100, 5_000)
        is_canceled = chance.random() < _CANCELED
        goes_back = not is_canceled and chance.random() < _GOES_BACK
        goes_beyond = goes_back and chance.random() < _GOES_BEYOND
        yield PayoutPlan(number, ending, amount, is_canceled, goes_back, goes_beyond)


async def customer_of(till: Till, plan: PayoutPlan) -> str:
    """Who paid somewhat less than what the plan gives back, and then as much again; or did not."""
    customer = await till.shop.customer()
    paid = [plan.amount_minor * 2 // 3] + [plan.amount_minor] * (not plan.goes_beyond)
    for minor_ in paid:
        await till.shop.paid(amount=f"{minor_ / 100:.2f}", customerId=customer)
    return customer


@dataclass(frozen=True, slots=True)
class PayoutWalk:
    """Each request has a name and is asked again until it is answered."""

    till: Till
    plan: PayoutPlan
    name: str
    notes: Notes
    customer: str | None = None

    async def walk(self) -> None:
        try:
            await self._walk()
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
            self.notes.unexplained.append(f"{self.name}: {error!r}")

    async def _walk(self) -> None:
        whose = {} if self.customer is None else {"customerId": self.customer}
        account = self.till.account(self.plan.ending, reference=f"{self.name}-to", **whose)
        added = await persistently(
            lambda: self.till.add(account, key=f"KEY-{self.name}-to"), PATIENCE_S
        )
        token = await self._verified(added.data)
        order = await self.till.order(
            amount=self.plan.amount,
            reference=self.name,
            destinationToken=token,
        )
        answer = await persistently(
            lambda: self.till.create(order, key=f"KEY-{self.name}"), PATIENCE_S
        )
        if answer.data is None:
            raise AssertionError(f"create: {answer.code} {answer.message}")
        if self.plan.is_canceled:
            await persistently(
                lambda: self.till.cancel(answer.data, key=f"KEY-cancel-{self.name}"), PATIENCE_S
            )
        if self.plan.goes_beyond:
            await self._let_go(answer.data)
        await self._ended(answer.data)

    async def _let_go(self, payout: dict[str, Any]) -> None:
        """Two people say their word again until it was heard."""

        async def is_let_go() -> bool:
            for by in ("ann", "bob"):
                # Nobody may be there to hear it, or it has left by the word before.
                with suppress(AssertionError, TimeoutExpired):
                    await self.till.review(payout, by)
            return await self._status(payout) != "on_hold"

        await until(is_let_go, PATIENCE_S, f"{self.name} {payout['id']} is not let go")

    async def _verified(self, destination: dict[str, Any]) -> str:
        """A rail that is silent at first is asked again."""
        token = str(destination["destinationToken"])
        path = f"/v1/destinations/{token}/verify"

        async def done() -> bool:
            answer = await persistently(lambda: self.till.partner.post(path, {}), PATIENCE_S)
            return bool(answer.data and answer.data["state"] == "verified")

        if destination["state"] != "verified":
            await until(done, PATIENCE_S, f"{self.name} is not verified")
        return token

    async def _ended(self, payout: dict[str, Any]) -> None:
        async def ended() -> bool:
            return await self._status(payout) not in _OPEN

        await until(ended, PATIENCE_S, f"{self.name} {payout['id']} goes nowhere")

    async def _status(self, payout: dict[str, Any]) -> str:
        path = f"/v1/payouts/{payout['id']}"
        seen = await persistently(lambda: self.till.partner.get(path), PATIENCE_S)
        return str(seen.data["status"])


async def payouts_reckoned(till: Till, prefix: str, wanted: int) -> Aftermath:
    """Each payout is at its rail exactly as often as its status says, and with its amount. Nobody
    pays out afterwards.
    """
    await till.partner.close()
    statements = [SandboxRail(till.gateway, name).statement() for name in RAILS]
    evidence = Evidence(till.gateway)
    try:
        payouts = await evidence.rows(_PAYOUTS, prefix)
    finally:
        await evidence.close()
    found = list(misfits(payouts, [entry for told in statements for entry in told["entries"]]))
    if len(payouts) != wanted:
        text = f"{len(payouts)} payouts, and must be {wanted}"
        found.append(Finding(Kind.LOST, prefix, text))
    counts = Counter(f"payouts {row['status']}" for row in payouts)
    return Aftermath(_owed(statements), found, counts)


def _owed(statements: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    """What each rail says that it is owed: the other side of our account with it."""
    owed: Counter[tuple[str, str]] = Counter()
    for told in statements:
        for currency, totals in told["totals"].items():
            owed[told["rail"], currency] = -minor(totals["net"], currency)
    return owed


def misfits(
    payouts: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    """Payouts that are not at their rail as often as their status says, or over another amount."""
    booked = Counter((entry["reference"], entry["effect"]) for entry in entries)
    amounts: dict[str, set[int]] = {}
    for entry in entries:
        amount = minor(entry["amount"], entry["currency"])
        amounts.setdefault(entry["reference"], set()).add(amount)
    for row in payouts:
        transfer_id, minor_ = row["transfer_id"], row["transfer_minor"]
        times = (booked[transfer_id, "out"], booked[transfer_id, "back"])
        yield from _by_legs(row)
        if not minor_:
            if times != (0, 0):
                yield Finding(Kind.DOUBLED, transfer_id, "refunded, and at the rail as well")
        elif row["transfer_status"] not in _BOOKED:
            yield Finding(Kind.UNKNOWN, transfer_id, f"still {row['transfer_status']}")
        elif times not in _BOOKED[row["transfer_status"]]:
            kind = Kind.DOUBLED if max(times) > 1 else Kind.BOOKS
            text = f"{row['transfer_status']}, and at the rail {times} times out and back"
            yield Finding(kind, transfer_id, text)
        elif not amounts.get(transfer_id, set()) <= {minor_}:
            yield Finding(Kind.BOOKS, transfer_id, f"at the rail over {amounts[transfer_id]}")


def _by_legs(row: Mapping[str, Any]) -> Iterator[Finding]:
    """What is refunded is all that was to be, and the status is that of all legs together."""
    amount, over_rail, refunded = (
        row[name] for name in ("amount_minor", "transfer_minor", "refunded_minor")
    )
    if refunded != amount - over_rail:
        text = f"{row['status']}, and {refunded} of {amount - over_rail} are back"
        yield Finding(Kind.BOOKS, row["id"], text)
    arrived = refunded + over_rail * (row["transfer_status"] == "paid")
    if refunded and row["status"] != ("paid" if arrived == amount else "partly_paid"):
        text = f"{row['status']}, and {arrived} of {amount} have arrived"
        yield Finding(Kind.BOOKS, row["id"], text)
