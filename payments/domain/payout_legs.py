"""A customer's payout by its legs: what goes back where it came from, and what has to go elsewhere.

The oldest money goes back first, as a refund of the payment that brought it, up to what is left of
that payment. What no refund can take goes over a rail to the payout's destination, in one transfer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payout import Leg, LegKind, Payout, PayoutOrder, PayoutStatus
from payments.domain.payout_terms import PayoutLimits
from payments.domain.refund import RefundOrder

# Of how many payments one payout may give back; each is a refund of its own.
MOST_SOURCES: Final = 100
# What a leg needs was set aside with its payout: however late it begins, it begins.
_ANY_TIME: Final = datetime.max.replace(tzinfo=UTC)


class Way(StrEnum):
    """How what a payment brought leaves: by its refund, over a rail to the very card that paid it,
    or to another place, which people have to allow.
    """

    REFUND = "refund"
    SAME_CARD = "same_card"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Came:
    """A payment of the customer, and what is left of it in minor units."""

    payment_id: str
    left_minor: int
    can_be_refunded: bool
    by_destination: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A part of a payout that a payment brought. `number` is its leg's: of refunds alone."""

    payment_id: str
    amount_minor: int
    way: Way
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a payout came from where; `beyond_minor` is more than all that came."""

    sources: tuple[Source, ...]
    beyond_minor: int

    @property
    def transfer_minor(self) -> int:
        """What goes over a rail."""
        others = (each for each in self.sources if each.way is not Way.REFUND)
        return self.beyond_minor + sum(each.amount_minor for each in others)

    @property
    def is_closed(self) -> bool:
        """Whether all of it goes back to where it came from."""
        return not self.beyond_minor and all(each.way is not Way.ELSEWHERE for each in self.sources)


def planned(amount_minor: int, came: Sequence[Came]) -> Plan:
    """`came` is what the customer paid, the oldest payment first."""
    sources: list[Source] = []
    open_minor, refunds = amount_minor, 0
    for each in came:
        part = min(open_minor, each.left_minor)
        if part <= 0:
            continue
        way = _way(each)
        refunds += way is Way.REFUND
        number = refunds if way is Way.REFUND else None
        sources.append(Source(each.payment_id, part, way, number))
        open_minor -= part
    return Plan(tuple(sources), open_minor)


def _way(came: Came) -> Way:
    if came.can_be_refunded:
        return Way.REFUND
    return Way.SAME_CARD if came.by_destination else Way.ELSEWHERE


def planned_legs(order: PayoutOrder, plan: Plan, status: PayoutStatus) -> tuple[Leg, ...]:
    """The legs of a payout that is about to begin in this status; none where one transfer is all
    of it. The transfer comes last.
    """
    currency = order.amount.currency
    refunds = [
        Leg(
            each.number,
            LegKind.REFUND,
            Money(each.amount_minor, currency),
            status,
            payment_id=each.payment_id,
        )
        for each in plan.sources
        if each.number is not None
    ]
    if not refunds or not plan.transfer_minor:
        return tuple(refunds)
    amount = Money(plan.transfer_minor, currency)
    number = len(refunds) + 1
    out = Leg(number, LegKind.TRANSFER, amount, status, arrives_at=order.arrives_at)
    return (*refunds, out)


def the_whole(payout: Payout) -> Leg:
    """A payout that does not go by legs, as the one that it is."""
    return Leg(1, LegKind.TRANSFER, payout.amount, payout.status, payout.code)


def refund_of(order: PayoutOrder, leg: Leg) -> RefundOrder:
    """What the Refund workflow of a leg is ordered to do."""
    assert leg.payment_id is not None, "a refund gives a payment back"
    return RefundOrder(
        refund_id=ids.leg_refund(order.payout_id, leg.number),
        payment_id=leg.payment_id,
        partner_id=order.partner_id,
        reference=_reference(order, leg),
        amount=leg.amount,
        trace=order.trace,
        created_at=order.created_at,
        deadline=_ANY_TIME,
        payout_id=order.payout_id,
    )


def transfer_of(order: PayoutOrder, leg: Leg) -> PayoutOrder:
    """What the Payout workflow of a leg is ordered to do. Fee and limits are the whole one's."""
    return replace(
        order,
        payout_id=ids.leg_transfer(order.payout_id, leg.number),
        reference=_reference(order, leg),
        amount=leg.amount,
        fee=Money(0, order.amount.currency),
        limits=PayoutLimits(),
        deadline=_ANY_TIME,
        metadata=None,
        part_of=order.payout_id,
        # The whole one leads it along.
        row=None,
    )


def _reference(order: PayoutOrder, leg: Leg) -> str:
    """No partner's own reference has a slash in it."""
    return f"{order.payout_id}/{leg.number}"


def arrival(arrives_at: datetime | None, legs: Sequence[Leg]) -> datetime | None:
    """When a payout with these legs, if it has any, is there: no provider says when a refund is."""
    return legs[-1].arrives_at if legs else arrives_at


@dataclass(frozen=True, slots=True)
class Ended:
    """How a payout ended, by its legs: `code` is of the first that came to nothing by itself."""

    status: PayoutStatus
    paid_minor: int
    code: Code | None


def ended(legs: Sequence[Leg]) -> Ended | None:
    """None while a leg is open, of a payout that has none, and where none has begun.

    Only a transfer is canceled by itself.
    """
    statuses = {leg.status for leg in legs}
    if not statuses or statuses == {PayoutStatus.CANCELED} or not statuses <= _OVER:
        return None
    paid_minor = sum(leg.amount.minor for leg in legs if leg.status is PayoutStatus.PAID)
    lost = [leg for leg in legs if leg.status is not PayoutStatus.PAID]
    code = next((leg.code for leg in lost if leg.code is not None), None)
    return Ended(_status(paid_minor, lost), paid_minor, code)


def _status(paid_minor: int, lost: Sequence[Leg]) -> PayoutStatus:
    if not lost:
        return PayoutStatus.PAID
    if paid_minor:
        return PayoutStatus.PARTLY_PAID
    came_back = any(leg.status is PayoutStatus.RETURNED for leg in lost)
    return PayoutStatus.RETURNED if came_back else PayoutStatus.FAILED


_OVER: Final = frozenset(
    {PayoutStatus.PAID, PayoutStatus.FAILED, PayoutStatus.RETURNED, PayoutStatus.CANCELED}
)
