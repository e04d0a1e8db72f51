"""The way of a dispute, and what each step of it leaves in the ledger."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain import dispute_ledger
from payments.domain.dispute import (
    CLOSED,
    DISPUTE_MOVES,
    OPEN,
    TAKING,
    UNANSWERED,
    WARNINGS,
    DisputeStatus,
    steps,
    taken_minor,
)
from payments.domain.money import Money

S = DisputeStatus
STATUSES = st.sampled_from(list(S))


def test_every_status_is_in_the_table_and_the_sets_are_of_it() -> None:
    assert set(DISPUTE_MOVES) == set(S)
    assert {S.WARNING_CLOSED, S.WON, S.LOST} == CLOSED
    assert set(S) == OPEN | CLOSED | WARNINGS
    assert OPEN | {S.LOST} == TAKING
    assert not UNANSWERED & CLOSED


@given(STATUSES, STATUSES)
def test_each_step_on_the_way_is_a_legal_move_and_the_last_one_arrives(
    before: DisputeStatus, after: DisputeStatus
) -> None:
    way = steps(before, after)

    if way is None:
        return
    place = before
    for status in way:
        assert status in DISPUTE_MOVES[place]
        place = status
    assert place is after


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        (None, S.WARNING_CLOSED, (S.WARNING_NEEDS_RESPONSE, S.WARNING_CLOSED)),
        (None, S.LOST, (S.NEEDS_RESPONSE, S.LOST)),
        (None, S.UNDER_REVIEW, (S.NEEDS_RESPONSE, S.UNDER_REVIEW)),
        (None, S.NEEDS_RESPONSE, (S.NEEDS_RESPONSE,)),
        (S.WARNING_NEEDS_RESPONSE, S.LOST, (S.NEEDS_RESPONSE, S.LOST)),
        (S.WARNING_UNDER_REVIEW, S.UNDER_REVIEW, (S.NEEDS_RESPONSE, S.UNDER_REVIEW)),
        (S.UNDER_REVIEW, S.UNDER_REVIEW, ()),
        (S.UNDER_REVIEW, S.NEEDS_RESPONSE, None),
        (S.WON, S.LOST, None),
        (S.WARNING_CLOSED, S.NEEDS_RESPONSE, None),
    ],
)
def test_news_that_were_missed_are_made_up_for(
    before: DisputeStatus | None, after: DisputeStatus, way: tuple[DisputeStatus, ...] | None
) -> None:
    assert steps(before, after) == way


def left(*told: tuple[DisputeStatus, int]) -> dict[str, int]:
    """What the ledger says when a provider has told these, each with its fee."""
    sums: Counter[str] = Counter()
    taken = 0
    for number, (status, fee) in enumerate(told, 1):
        after = taken_minor(status, Money(10_000, "USD"), Money(fee, "USD"))
        posting = dispute_ledger.withdrawn(
            "dp_1",
            sequence=number,
            status=status,
            partner_id="partner_1",
            provider="NORTH",
            more=Money(after - taken, "USD"),
        )
        for entry in posting.entries if posting else ():
            sums[entry.account.code] += entry.amount.minor
        taken = after
    return {code: minor for code, minor in sums.items() if minor}


def of_the_partner(minor: int) -> dict[str, int]:
    return {"partner_payable:partner_1:USD": minor, "provider_receivable:NORTH:USD": -minor}


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ([(S.WARNING_NEEDS_RESPONSE, 0), (S.WARNING_CLOSED, 0)], 0),
        ([(S.NEEDS_RESPONSE, 1_500)], 11_500),
        ([(S.WARNING_NEEDS_RESPONSE, 0), (S.NEEDS_RESPONSE, 1_500)], 11_500),
        ([(S.NEEDS_RESPONSE, 1_500), (S.LOST, 1_500)], 11_500),
        ([(S.NEEDS_RESPONSE, 1_500), (S.WON, 0)], 0),
        ([(S.NEEDS_RESPONSE, 1_500), (S.UNDER_REVIEW, 1_500), (S.WON, 1_500)], 1_500),
        ([(S.NEEDS_RESPONSE, 0), (S.UNDER_REVIEW, 2_000), (S.LOST, 2_000)], 12_000),
    ],
)
def test_the_ledger_holds_what_the_provider_has_taken(
    told: list[tuple[DisputeStatus, int]], taken: int
) -> None:
    assert left(*told) == (of_the_partner(taken) if taken else {})
