"""What PostgresTransactions tells the rest of the world, and what it costs."""

from typing import Any

import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database
from payments.domain.bill import Begun, BillPayment, LockState
from payments.domain.codes import Code
from payments.domain.outcome import Outcome, OutcomeKind
from tests.contracts.direct import Direct
from tests.contracts.factories import NOW, accepted, make_lock, make_payment

BLOCKED = Outcome(OutcomeKind.DECLINED, code=Code.ACCOUNT_BLOCKED)


@pytest.fixture
def transactions(database: Database) -> PostgresTransactions:
    return PostgresTransactions(database, PostgresLedger(database))


@pytest.fixture
async def begun(transactions: PostgresTransactions) -> BillPayment:
    payment = make_payment()
    assert await transactions.begin(payment) is Begun.NOW
    return payment


async def events_of(direct: Direct, object_id: str) -> list[tuple[Any, ...]]:
    return await direct.rows(
        """SELECT type, sequence, previous_status, partner_id, object_type FROM event
        WHERE object_id = $1 ORDER BY sequence""",
        object_id,
    )


async def test_the_outcome_is_told_once(transactions: PostgresTransactions, direct: Direct) -> None:
    for outcome, kind in ((accepted(), "bill.paid"), (BLOCKED, "bill.declined")):
        payment = make_payment()
        await transactions.begin(payment)
        for _ in range(2):
            await transactions.settle(payment, outcome)

        assert await events_of(direct, payment.transaction_id) == [
            (kind, 1, "PROCESSING", "partner_1", "transaction")
        ]


async def test_words_of_a_biller_that_no_database_takes_do_not_stop_a_payment(
    begun: BillPayment, transactions: PostgresTransactions, direct: Direct
) -> None:
    odd = accepted(reference="half \ud83d and nothing \0", at=NOW)

    for _ in range(2):
        paid = await transactions.settle(begun, odd)

        assert paid.biller_reference == "half ? and nothing \ufffd"
    assert len(await events_of(direct, begun.transaction_id)) == 1


async def test_an_event_says_what_the_partner_api_says(
    begun: BillPayment, transactions: PostgresTransactions, database: Database
) -> None:
    await transactions.settle(begun, accepted(reference="DESCO-77", at=NOW))

    [row] = await database.fetch(
        "SELECT data FROM event WHERE object_id = $1", begun.transaction_id
    )
    assert row["data"] == {
        "transactionId": begun.transaction_id,
        "partnerTransactionId": begun.partner_transaction_id,
        "state": "PAID",
        "billerId": "DESCO",
        "billNumber": begun.bill.bill_number,
        "billingPeriod": "2026-04",
        "amount": "1250.00",
        "fee": "12.50",
        "currency": "BDT",
        "lockedAt": "2026-04-30T08:21:14.123Z",
        "paidAt": "2026-04-30T08:21:14.123Z",
        "billerReference": "DESCO-77",
    }


async def test_an_expired_lock_is_told_once_and_a_released_one_never(
    transactions: PostgresTransactions, direct: Direct
) -> None:
    expired, released = make_lock(), make_lock()
    for _ in range(2):
        await transactions.close_lock(expired, LockState.EXPIRED)
        await transactions.close_lock(released, LockState.RELEASED)

    assert await events_of(direct, expired.lock_id) == [
        ("bill.lock_expired", 1, "LOCKED", "partner_1", "bill_lock")
    ]
    assert await events_of(direct, released.lock_id) == []


async def test_begin_settle_and_find_are_one_statement_each(
    transactions: PostgresTransactions, direct: Direct
) -> None:
    await pay(transactions)
    direct.forget_calls()

    for _ in range(5):
        await pay(transactions)

    assert sorted((await direct.calls()).values()) == [5, 5, 5]


async def pay(transactions: PostgresTransactions) -> None:
    payment = make_payment()
    await transactions.begin(payment)
    await transactions.settle(payment, accepted())
    await transactions.find(payment.partner_id, payment.transaction_id)
