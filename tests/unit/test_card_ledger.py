"""Card postings: every fact balances, and nothing waits when a payment has ended."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain import card_ledger
from payments.domain.card import Decline
from payments.domain.card_ledger import Books
from payments.domain.codes import Code
from payments.domain.ledger import Posting
from payments.domain.money import Money
from payments.domain.payment import (
    FINAL,
    PAYMENT_MOVES,
    Attempt,
    Fact,
    PaymentStatus,
)
from payments.domain.refund import RefundOrder
from tests.card_factories import make_attempt, make_fact, make_order, make_refund

S = PaymentStatus
WAITING = ("suspense", "authorized", "authorized_memo")


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def balances(*postings: Posting | None) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for posting in postings:
        for entry in posting.entries if posting else ():
            sums[entry.account.code] += entry.amount.minor
    return {code: minor for code, minor in sums.items() if minor}


def story(*facts: Fact, suspended: bool = False) -> tuple[dict[str, int], Books]:
    """What the ledger says after these moves, and what waits."""
    books = Books(suspended=suspended)
    postings: list[Posting | None] = []
    if suspended:
        postings.append(card_ledger.suspended(facts[0].attempt))
    for fact in facts:
        posting, books = card_ledger.moved(fact, books)
        postings.append(posting)
    return balances(*postings), books


CAPTURED = {
    "provider_receivable:NORTH:USD": 10_000,
    "partner_payable:partner_1:USD": -9_830,
    "fee_income:partner_1:USD": -170,
}
ATTEMPT = make_attempt(make_order())


def captured(minor: int = 10_000, fee: int = 170, status: PaymentStatus = S.CAPTURED) -> Fact:
    return make_fact(ATTEMPT, status, captured=usd(minor), fee=usd(fee), key=f"key-{minor}")


@pytest.mark.parametrize("suspended", [False, True])
def test_a_sale_is_owed_by_the_provider_to_the_partner_and_to_us(suspended: bool) -> None:
    assert story(captured(), suspended=suspended) == (CAPTURED, Books())


def test_money_in_suspense_leaves_it_straight_for_its_owners() -> None:
    posting, _ = card_ledger.moved(captured(), Books(suspended=True))

    assert balances(posting) == {
        "suspense:NORTH:USD": 10_000,
        "partner_payable:partner_1:USD": -9_830,
        "fee_income:partner_1:USD": -170,
    }


def test_what_is_authorised_stands_in_the_memo_until_it_is_taken() -> None:
    authorized = make_fact(ATTEMPT, S.AUTHORIZED)

    assert story(authorized) == (
        {"authorized:NORTH:USD": 10_000, "authorized_memo:partner_1:USD": -10_000},
        Books(held=10_000),
    )
    assert story(authorized, captured()) == (CAPTURED, Books())


def test_a_final_capture_gives_the_rest_back() -> None:
    sums, books = story(make_fact(ATTEMPT, S.AUTHORIZED), captured(4_000, 40))

    assert books == Books()
    assert sums == {
        "provider_receivable:NORTH:USD": 4_000,
        "partner_payable:partner_1:USD": -3_960,
        "fee_income:partner_1:USD": -40,
    }


def test_parts_leave_the_rest_on_the_card() -> None:
    part = captured(4_000, 0, S.PARTIALLY_CAPTURED)

    _, books = story(make_fact(ATTEMPT, S.AUTHORIZED), part)
    assert books == Books(held=6_000)

    rest = make_fact(ATTEMPT, S.CAPTURED, key="rest")
    sums, books = story(make_fact(ATTEMPT, S.AUTHORIZED), part, rest)
    assert books == Books()
    assert not {code for code in sums if code.startswith(WAITING)}


@pytest.mark.parametrize("status", [S.FAILED, S.REQUIRES_ACTION, S.CANCELED])
def test_an_unknown_outcome_that_was_none_leaves_nothing(status: PaymentStatus) -> None:
    assert story(make_fact(ATTEMPT, status), suspended=True) == ({}, Books())


def test_a_payment_in_processing_keeps_waiting_in_suspense() -> None:
    posting, books = card_ledger.moved(make_fact(ATTEMPT, S.PROCESSING), Books(suspended=True))

    assert (posting, books) == (None, Books(suspended=True))


def test_a_move_without_money_posts_nothing() -> None:
    for status in (S.REVIEW, S.REQUIRES_ACTION, S.FAILED, S.CANCELED, S.EXPIRED):
        assert story(make_fact(ATTEMPT, status)) == ({}, Books())


def test_each_capture_has_a_key_of_its_own() -> None:
    keys = {
        posting.key
        for minor in (1_000, 2_000)
        if (posting := card_ledger.moved(captured(minor, 0), Books(held=10_000))[0])
    }
    assert len(keys) == 2


def test_a_fee_is_never_larger_than_what_was_captured() -> None:
    with pytest.raises(AssertionError):
        card_ledger.moved(captured(100, 101), Books())


def test_the_fee_is_flat_once_and_never_more_than_the_capture() -> None:
    terms = make_order().terms

    assert terms.fee(usd(10_000), first=True) == usd(170)
    assert terms.fee(usd(10_000), first=False) == usd(140)
    assert terms.fee(usd(20), first=True) == usd(20)


@pytest.mark.parametrize("is_captured", [False, True])
def test_late_money_waits_and_goes_back(is_captured: bool) -> None:
    late = card_ledger.late(ATTEMPT, usd(10_000), captured=is_captured)
    back = card_ledger.late_reversed(ATTEMPT, usd(10_000), captured=is_captured)

    waits = (
        {"provider_receivable:NORTH:USD": 10_000, "suspense:NORTH:USD": -10_000}
        if is_captured
        else {"authorized:NORTH:USD": 10_000, "authorized_memo:partner_1:USD": -10_000}
    )
    assert balances(late) == waits
    assert balances(late, back) == {}


def test_a_refund_ends_the_same_through_suspense_and_without() -> None:
    order = make_refund(ATTEMPT.order, 4_000)
    refunded = {"partner_payable:partner_1:USD": 4_000, "provider_receivable:NORTH:USD": -4_000}

    at_once = card_ledger.refunded(order, "NORTH", from_suspense=False)
    after = card_ledger.refunded(order, "NORTH", from_suspense=True)
    suspended = card_ledger.refund_suspended(order, "NORTH")

    assert balances(at_once) == balances(suspended, after) == refunded
    assert (
        balances(suspended, card_ledger.refund_returned(order, "NORTH", from_suspense=True)) == {}
    )


@st.composite
def paths(draw: st.DrawFn) -> tuple[list[Posting], int, int]:
    """The postings of a payment along any legal path to its end, with attempts, suspense, late
    money and refunds; what it captured, and what of it was refunded.
    """
    order = make_order(amount=usd(draw(st.integers(3, 10_000))))
    postings: list[Posting] = []
    books, status, taken, number = Books(), S.PROCESSING, 0, 1
    attempt = make_attempt(order)
    while status not in FINAL:
        is_held = status in (S.AUTHORIZED, S.PARTIALLY_CAPTURED)
        # Whoever holds the money, or may have it, is asked on; else anybody may be next.
        if not (is_held or books.suspended):
            attempt = make_attempt(order, number, draw(st.sampled_from(("NORTH", "SOUTH"))))
            if draw(st.booleans()):
                postings.append(card_ledger.suspended(attempt))
                books = replace(books, suspended=True)
                if draw(st.booleans()):
                    postings.append(card_ledger.returned(attempt))
                    books, number = replace(books, suspended=False), number + 1
                    continue
        to = draw(st.sampled_from(sorted(PAYMENT_MOVES[status])))
        minor = _to_capture(draw, to, order.amount.minor - taken, taken)
        posting, books = card_ledger.moved(_fact(attempt, to, minor, len(postings)), books)
        postings += [posting] if posting else []
        taken, status, number = taken + minor, to, number + 1
    if draw(st.booleans()):
        amount, was_captured = usd(draw(st.integers(1, 10_000))), draw(st.booleans())
        postings.append(card_ledger.late(attempt, amount, captured=was_captured))
        postings.append(card_ledger.late_reversed(attempt, amount, captured=was_captured))
    refunds, back = _refunds(draw, order_of(attempt, taken), attempt.provider)
    return [*postings, *refunds], taken, back


def _to_capture(draw: st.DrawFn, to: PaymentStatus, left: int, taken: int) -> int:
    if to is S.PARTIALLY_CAPTURED:
        return draw(st.integers(0 if taken else 1, left))
    return draw(st.integers(0 if taken else 1, left)) if to is S.CAPTURED else 0


def _fact(attempt: Attempt, to: PaymentStatus, minor: int, step: int) -> Fact:
    fee = attempt.order.terms.fee(usd(minor), first=True) if minor else None
    return make_fact(
        attempt,
        to,
        key=f"step-{step}",
        captured=usd(minor) if minor else None,
        fee=fee,
        decline=Decline(Code.DO_NOT_HONOR, "05") if to is S.FAILED else None,
    )


def order_of(attempt: Attempt, taken: int) -> RefundOrder | None:
    return make_refund(attempt.order, taken) if taken else None


def _refunds(
    draw: st.DrawFn, order: RefundOrder | None, provider: str
) -> tuple[Sequence[Posting], int]:
    if order is None or draw(st.booleans()):
        return [], 0
    suspended, succeeds = draw(st.booleans()), draw(st.booleans())
    postings = [card_ledger.refund_suspended(order, provider)] if suspended else []
    if succeeds:
        postings.append(card_ledger.refunded(order, provider, from_suspense=suspended))
    elif suspended:
        returned = card_ledger.refund_returned(order, provider, from_suspense=True)
        assert returned is not None
        postings.append(returned)
    return postings, order.amount.minor if succeeds else 0


@given(paths())
def test_any_legal_path_balances_and_ends_with_nothing_waiting(
    path: tuple[list[Posting], int, int],
) -> None:
    postings, taken, back = path
    for posting in postings:
        assert sum(entry.amount.minor for entry in posting.entries) == 0

    sums = balances(*postings)

    assert not {code: minor for code, minor in sums.items() if code.startswith(WAITING)}
    owed = sum(minor for code, minor in sums.items() if code.startswith("provider_receivable"))
    assert owed == taken - back
