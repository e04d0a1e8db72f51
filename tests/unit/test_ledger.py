"""Postings: every business fact balances, and suspense ends empty whichever way it ends."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest

from payments.domain import ledger
from payments.domain.bill import BillPayment, BillRef
from payments.domain.ledger import Account, AccountKind, Entry, Posting
from payments.domain.money import Money

AT = datetime(2026, 4, 30, tzinfo=UTC)


def payment(fee_minor: int = 500) -> BillPayment:
    return BillPayment(
        transaction_id="TXN-2026-04-0000000000000000",
        partner_id="partner_1",
        partner_transaction_id="ORDER-1",
        lock_id="6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        bill=BillRef("DESCO", "1234567800", "2026-04"),
        amount=Money(125000, "BDT"),
        fee=Money(fee_minor, "BDT"),
        locked_at=AT,
        accepted_at=AT,
        trace="partner_1.20260430T000000000Z.00000000",
    )


def balances(*postings: Posting) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for posting in postings:
        for entry in posting.entries:
            sums[entry.account.code] += entry.amount.minor
    return {code: minor for code, minor in sums.items() if minor}


PAID = {
    "partner_receivable:partner_1:BDT": 125500,
    "biller_payable:DESCO:BDT": -125000,
    "fee_income:partner_1:BDT": -500,
}


def test_a_paid_bill_is_owed_by_the_partner_to_the_biller_and_to_us() -> None:
    assert balances(ledger.paid(payment())) == PAID


def test_money_that_waited_in_suspense_ends_where_it_would_have_gone_at_once() -> None:
    through = balances(ledger.suspended(payment()), ledger.paid_from_suspense(payment()))
    assert through == PAID


def test_money_that_never_moved_leaves_suspense_and_nobody_owes_anything() -> None:
    assert not balances(ledger.suspended(payment()), ledger.returned_from_suspense(payment()))


def test_a_payment_without_a_fee_has_no_entry_of_nothing() -> None:
    assert len(ledger.paid(payment(fee_minor=0)).entries) == 2


def test_paid_at_once_and_paid_after_asking_share_one_key() -> None:
    assert ledger.paid(payment()).key == ledger.paid_from_suspense(payment()).key


def test_a_posting_that_does_not_balance_cannot_be_made() -> None:
    account = Account(AccountKind.SUSPENSE, "DESCO", "BDT")
    with pytest.raises(AssertionError):
        Posting("k", "s", "d", (Entry(account, Money(1, "BDT")),))
    with pytest.raises(AssertionError):
        Posting("k", "s", "d", ())
    with pytest.raises(AssertionError):
        Entry(account, Money(1, "JPY"))
    with pytest.raises(AssertionError):
        Entry(account, Money(0, "BDT"))
