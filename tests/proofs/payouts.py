"""Payouts under fire: partners pay out to accounts with every ending, and give customers back what
they paid; the rails' own books are held against ours.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
# Goes back to a customer, to two payments by card.
_GOES_BACK: Final = 0.25
_OPEN: Final = frozenset({"queued", "on_hold", "sent"})
_PAYOUTS: Final = """
    SELECT id, rail, status, amount_minor, currency, transfer_minor, (
            SELECT coalesce(sum(amount_minor), 0)::bigint FROM refund
            WHERE payout_id = payout.id AND status = 'succeeded'
        ) AS refunded_minor
    FROM payout WHERE starts_with(reference, $1)"""
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
        yield PayoutPlan(number, ending, amount, is_canceled, goes_back)


async def customer_of(till: Till, plan: PayoutPlan) -> str:
    """Who paid somewhat less than what the plan gives back, and then as much again."""
    customer = await till.shop.customer()
    for minor_ in (plan.amount_minor * 2 // 3, plan.amount_minor):
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
        await self._ended(answer.data)

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
            seen = await persistently(
                lambda: self.till.partner.get(f"/v1/payouts/{payout['id']}"), PATIENCE_S
            )
            return bool(seen.data["status"] not in _OPEN)

        await until(ended, PATIENCE_S, f"{self.name} {payout['id']} goes nowhere")


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
        payout_id, status = row["id"], row["status"]
        times = (booked[payout_id, "out"], booked[payout_id, "back"])
        if not row["transfer_minor"]:
            if times != (0, 0):
                yield Finding(Kind.DOUBLED, payout_id, "refunded, and at the rail as well")
            if (status, row["refunded_minor"]) != ("paid", row["amount_minor"]):
                text = f"{status}, and {row['refunded_minor']} of {row['amount_minor']} are back"
                yield Finding(Kind.BOOKS, payout_id, text)
        elif status not in _BOOKED:
            yield Finding(Kind.UNKNOWN, payout_id, f"still {status}")
        elif times not in _BOOKED[status]:
            kind = Kind.DOUBLED if max(times) > 1 else Kind.BOOKS
            yield Finding(kind, payout_id, f"{status}, and at the rail {times} times out and back")
        elif not amounts.get(payout_id, set()) <= {row["amount_minor"]}:
            yield Finding(Kind.BOOKS, payout_id, f"at the rail over {amounts[payout_id]}")
