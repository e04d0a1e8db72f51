"""The promises of ports.transactions.Transactions, for PostgreSQL and for the fake."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database
from payments.domain.bill import Begun, LockState, Refused, TransactionState
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import Outcome, OutcomeKind
from payments.ports.transactions import Transactions
from tests.contracts.factories import NOW, accepted, make_bill, make_lock, make_payment
from tests.fakes.transactions import FakeTransactions

BLOCKED = Outcome(OutcomeKind.DECLINED, code=Code.ACCOUNT_BLOCKED)


@pytest.fixture(params=["postgres", "fake"])
def transactions(request: pytest.FixtureRequest, database: Database) -> Transactions:
    if request.param == "fake":
        return FakeTransactions()
    return PostgresTransactions(database, PostgresLedger(database))


async def test_a_payment_that_was_begun_is_processing(transactions: Transactions) -> None:
    payment = make_payment()

    assert await transactions.begin(payment) is Begun.NOW

    found = await transactions.find(payment.partner_id, payment.transaction_id)
    assert found is not None
    assert found.state is TransactionState.PROCESSING
    assert (found.bill, found.amount, found.fee) == (payment.bill, payment.amount, payment.fee)
    assert (found.locked_at, found.accepted_at) == (payment.locked_at, payment.accepted_at)
    assert (found.code, found.paid_at, found.biller_reference) == (None, None, None)


async def test_a_payment_begun_twice_is_begun_once(transactions: Transactions) -> None:
    payment = make_payment()

    assert await transactions.begin(payment) is Begun.NOW
    assert await transactions.begin(payment) is Begun.BEFORE


async def test_a_payment_asked_for_anew_under_its_lock_is_the_same_payment(
    transactions: Transactions,
) -> None:
    payment = make_payment()
    await transactions.begin(payment)

    again = replace(payment, trace="partner_1.20260430T082200000Z.00000000")
    assert await transactions.begin(again) is Begun.BEFORE


async def test_the_partners_own_id_names_one_payment_for_ever(transactions: Transactions) -> None:
    payment = make_payment()
    await transactions.begin(payment)
    await transactions.settle(payment, BLOCKED)

    another = make_payment(partner_transaction_id=payment.partner_transaction_id)
    assert await transactions.begin(another) == Refused(Code.TRANSACTION_ID_USED)


async def test_two_partners_may_use_the_same_id(transactions: Transactions) -> None:
    theirs = str(uuid4())

    for partner_id in ("partner_1", "partner_2"):
        payment = make_payment(partner_id=partner_id, partner_transaction_id=theirs)
        assert await transactions.begin(payment) is Begun.NOW


async def test_a_lock_pays_once(transactions: Transactions) -> None:
    payment = make_payment()
    await transactions.begin(payment)

    another = make_payment(lock_id=payment.lock_id, bill=payment.bill)
    assert await transactions.begin(another) == Refused(Code.LOCK_USED)


async def test_of_two_partners_paying_one_bill_the_second_is_refused(
    transactions: Transactions,
) -> None:
    bill = make_bill()
    first = make_payment(partner_id="partner_1", bill=bill)
    second = make_payment(partner_id="partner_2", bill=bill)
    await transactions.begin(first)

    assert await transactions.begin(second) == Refused(Code.BILL_ALREADY_PAID)
    await transactions.settle(first, accepted())
    assert await transactions.begin(second) == Refused(Code.BILL_ALREADY_PAID)


async def test_a_declined_bill_can_be_paid_under_a_new_lock(transactions: Transactions) -> None:
    first = make_payment()
    await transactions.begin(first)
    await transactions.settle(first, BLOCKED)

    assert await transactions.begin(make_payment(bill=first.bill)) is Begun.NOW


async def test_of_many_that_begin_to_pay_one_bill_at_once_one_begins(
    transactions: Transactions,
) -> None:
    bill = make_bill()
    payments = [make_payment(partner_id=f"partner_{each}", bill=bill) for each in range(50)]

    answers = await asyncio.gather(*(transactions.begin(each) for each in payments))

    assert answers.count(Begun.NOW) == 1
    assert answers.count(Refused(Code.BILL_ALREADY_PAID)) == 49


async def test_an_accepted_payment_is_paid(transactions: Transactions) -> None:
    payment = make_payment()
    await transactions.begin(payment)

    paid = await transactions.settle(payment, accepted(reference="DESCO-77", at=NOW))

    assert paid.state is TransactionState.PAID
    assert (paid.code, paid.biller_reference, paid.paid_at) == (None, "DESCO-77", NOW)
    assert await transactions.find(payment.partner_id, payment.transaction_id) == paid


async def test_a_declined_payment_says_why(transactions: Transactions) -> None:
    payment = make_payment()
    await transactions.begin(payment)

    declined = await transactions.settle(payment, BLOCKED)

    assert declined.state is TransactionState.DECLINED
    assert (declined.code, declined.paid_at) == (Code.ACCOUNT_BLOCKED, None)
    assert await transactions.find(payment.partner_id, payment.transaction_id) == declined


@pytest.mark.parametrize("outcome", [accepted(), BLOCKED], ids=["accepted", "declined"])
async def test_only_a_payment_that_was_begun_like_this_is_settled_or_suspended(
    outcome: Outcome, transactions: Transactions
) -> None:
    begun = make_payment()
    await transactions.begin(begun)

    for payment in (make_payment(), replace(begun, amount=begun.amount + begun.fee)):
        with pytest.raises(LookupError):
            await transactions.settle(payment, outcome)
        with pytest.raises(LookupError):
            await transactions.suspend(payment)


@pytest.mark.parametrize("suspended", [False, True])
@pytest.mark.parametrize("outcome", [accepted(), BLOCKED], ids=["accepted", "declined"])
async def test_settling_again_changes_nothing_and_says_the_same(
    outcome: Outcome, suspended: bool, transactions: Transactions
) -> None:
    payment = make_payment()
    await transactions.begin(payment)
    if suspended:
        await transactions.suspend(payment)

    first = await transactions.settle(payment, outcome)

    again = await asyncio.gather(*(transactions.settle(payment, outcome) for _ in range(10)))
    assert all(each == first for each in again)


async def test_a_transaction_is_found_by_either_id_and_by_its_own_partner_only(
    transactions: Transactions,
) -> None:
    payment = make_payment()
    await transactions.begin(payment)

    for name in (payment.transaction_id, payment.partner_transaction_id):
        found = await transactions.find(payment.partner_id, name)
        assert found is not None
        assert found.transaction_id == payment.transaction_id
        assert await transactions.find("partner_2", name) is None
    assert await transactions.find(payment.partner_id, "unknown") is None


async def test_a_lock_leads_to_its_transaction_for_its_own_partner_only(
    transactions: Transactions,
) -> None:
    payment = make_payment()
    await transactions.begin(payment)

    found = await transactions.of_lock(payment.partner_id, payment.lock_id)
    assert found is not None
    assert found.transaction_id == payment.transaction_id
    assert await transactions.of_lock("partner_2", payment.lock_id) is None
    assert await transactions.of_lock(payment.partner_id, str(uuid4())) is None


@pytest.mark.parametrize("end", [LockState.EXPIRED, LockState.RELEASED])
async def test_a_lock_without_a_payment_closes_with_nothing_to_do(
    end: LockState, transactions: Transactions
) -> None:
    lock = make_lock()

    assert await transactions.close_lock(lock, end) is None
    assert await transactions.close_lock(lock, end) is None


@pytest.mark.parametrize("end", [LockState.EXPIRED, LockState.RELEASED])
async def test_a_closing_lock_finds_the_payment_that_everybody_lost(
    end: LockState, transactions: Transactions
) -> None:
    payment = make_payment(amount=Money(9_007, "JPY"), fee=Money(0, "JPY"))
    await transactions.begin(payment)
    lock = make_lock(lock_id=payment.lock_id, bill=payment.bill)

    assert await transactions.close_lock(lock, end) == payment

    await transactions.settle(payment, accepted())
    assert await transactions.close_lock(lock, end) is None
