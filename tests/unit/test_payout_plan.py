"""What of a customer's payout goes back where, and how it ends by its legs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payout import PAYOUT_MOVES, Leg, LegKind, PayoutStatus
from payments.domain.payout_legs import (
    Came,
    Ended,
    Source,
    Way,
    ended,
    planned,
    planned_legs,
    refund_of,
    transfer_of,
)
from tests.payout_factories import make_destination, make_payout

P = PayoutStatus
R, S, E = Way.REFUND, Way.SAME_CARD, Way.ELSEWHERE


def came(name: str, left: int, way: Way = R) -> Came:
    return Came(name, left, can_be_refunded=way is R, by_destination=way is S)


@pytest.mark.parametrize(
    ("amount", "sources", "taken", "over_rail", "is_closed"),
    [
        # Nobody paid anything.
        (100, [], [], 100, False),
        # The oldest first, and of the last one only a part.
        (90, [came("a", 60), came("b", 70)], [("a", 60, R, 1), ("b", 30, R, 2)], 0, True),
        # What the first one has is enough.
        (60, [came("a", 60), came("b", 70)], [("a", 60, R, 1)], 0, True),
        # More than came.
        (200, [came("a", 60), came("b", 70)], [("a", 60, R, 1), ("b", 70, R, 2)], 70, False),
        # Refunded or disputed in between, and nothing is left of it.
        (50, [came("a", 0), came("b", 70)], [("b", 50, R, 1)], 0, True),
        (50, [came("a", -5), came("b", 70)], [("b", 50, R, 1)], 0, True),
        # No refund takes the oldest, and its own card is where it goes.
        (90, [came("a", 60, S), came("b", 70)], [("a", 60, S, None), ("b", 30, R, 1)], 60, True),
        # No refund takes the oldest: it is not skipped, it goes elsewhere.
        (90, [came("a", 60, E), came("b", 70)], [("a", 60, E, None), ("b", 30, R, 1)], 60, False),
        # It is behind what is enough, so nobody minds.
        (60, [came("a", 60), came("b", 70, E)], [("a", 60, R, 1)], 0, True),
    ],
)
def test_money_goes_back_where_it_came_from_the_oldest_first(
    amount: int,
    sources: list[Came],
    taken: list[tuple[str, int, Way, int | None]],
    over_rail: int,
    is_closed: bool,
) -> None:
    plan = planned(amount, sources)

    assert plan.sources == tuple(Source(*each) for each in taken)
    assert (plan.transfer_minor, plan.is_closed) == (over_rail, is_closed)


@pytest.mark.parametrize("amount", range(1, 300, 7))
def test_a_plan_is_of_the_whole_amount_and_takes_no_more_than_is_left(amount: int) -> None:
    sources = [came("a", 60), came("b", 40, E), came("c", 70, S), came("d", 50)]

    plan = planned(amount, sources)

    left = {each.payment_id: each.left_minor for each in sources}
    assert all(0 < each.amount_minor <= left[each.payment_id] for each in plan.sources)
    assert sum(each.amount_minor for each in plan.sources) + plan.beyond_minor == amount


def test_the_transfer_is_the_last_leg_and_nothing_has_legs_without_a_refund() -> None:
    order = make_payout(make_destination(), 100)

    both = planned_legs(order, planned(100, [came("a", 60), came("b", 10, E)]), P.ON_HOLD)
    refunds = planned_legs(order, planned(50, [came("a", 60)]), P.QUEUED)

    assert [(leg.number, leg.kind, leg.amount.minor, leg.status) for leg in both] == [
        (1, LegKind.REFUND, 60, P.ON_HOLD),
        (2, LegKind.TRANSFER, 40, P.ON_HOLD),
    ]
    assert [leg.payment_id for leg in (*both, *refunds)] == ["a", None, "a"]
    assert planned_legs(order, planned(100, [came("a", 60, S)]), P.QUEUED) == ()


def test_a_leg_has_one_name_for_ever_and_no_partner_can_take_it() -> None:
    order = make_payout(make_destination(), 100, deadline=datetime.now(UTC))
    back, out = planned_legs(order, planned(100, [came("a", 60)]), P.QUEUED)

    refund, transfer = refund_of(order, back), transfer_of(order, out)

    assert refund == refund_of(order, back)
    assert (refund.payout_id, transfer.part_of) == (order.payout_id, order.payout_id)
    assert (refund.amount.minor, transfer.amount.minor, transfer.fee.minor) == (60, 40, 0)
    assert len({refund.reference, transfer.reference, order.reference}) == 3
    assert all("/" in each for each in (refund.reference, transfer.reference))
    assert min(refund.deadline, transfer.deadline) > order.deadline


def legs(*statuses: PayoutStatus) -> list[Leg]:
    """Of 1, 10, 100 and so on, each with a code of its own where it came to nothing."""
    codes = iter([Code.REFUND_FAILED, Code.ACCOUNT_CLOSED, Code.PAYMENT_DISPUTED])
    lost = (P.FAILED, P.RETURNED)
    return [
        Leg(number, LegKind.REFUND, Money(10**place, "USD"), each, next(codes, None))
        if each in lost
        else Leg(number, LegKind.REFUND, Money(10**place, "USD"), each)
        for place, (number, each) in enumerate(enumerate(statuses, 1))
    ]


@pytest.mark.parametrize(
    ("statuses", "end"),
    [
        ([P.PAID, P.PAID], Ended(P.PAID, 11, None)),
        ([P.PAID, P.FAILED], Ended(P.PARTLY_PAID, 1, Code.REFUND_FAILED)),
        ([P.RETURNED, P.PAID, P.FAILED], Ended(P.PARTLY_PAID, 10, Code.REFUND_FAILED)),
        ([P.FAILED, P.FAILED], Ended(P.FAILED, 0, Code.REFUND_FAILED)),
        ([P.FAILED, P.RETURNED], Ended(P.RETURNED, 0, Code.REFUND_FAILED)),
        ([P.PAID, P.CANCELED], Ended(P.PARTLY_PAID, 1, None)),
        ([P.FAILED, P.CANCELED], Ended(P.FAILED, 0, Code.REFUND_FAILED)),
        ([P.CANCELED, P.CANCELED], None),
        ([P.SENT, P.CANCELED], None),
        ([], None),
        ([P.PAID, P.SENT], None),
        ([P.QUEUED, P.PAID], None),
        ([P.FAILED, P.ON_HOLD], None),
    ],
)
def test_a_payout_is_what_its_legs_are(statuses: list[PayoutStatus], end: Ended | None) -> None:
    assert ended(legs(*statuses)) == end


def test_whatever_comes_back_later_is_a_legal_move() -> None:
    """A transfer is the only leg that comes back after it was paid."""
    for before in (P.PAID, P.FAILED):
        first, then = legs(before, P.PAID), legs(before, P.RETURNED)
        then[1] = replace(then[1], code=Code.BENEFICIARY_REFUSED)
        was, now = ended(first), ended(then)
        assert was is not None
        assert now is not None
        assert now.status in PAYOUT_MOVES[was.status]
