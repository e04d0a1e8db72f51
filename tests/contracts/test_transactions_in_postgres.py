"""What PostgresTransactions writes beside the read model, and what it refuses to write."""

import asyncio
from typing import Any

import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database
from payments.domain.bill import BillPayment, LockState, TransactionState
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import Outcome, OutcomeKind
from payments.ports.transactions import SettledOtherwise
from tests.contracts.direct import Direct
from tests.contracts.factories import NOW, accepted, make_lock, make_payment

BLOCKED = Outcome(OutcomeKind.DECLINED, code=Code.ACCOUNT_BLOCKED)


@pytest.fixture
def ledger(database: Database) -> PostgresLedger:
    return PostgresLedger(database)


@pytest.fixture
def transactions(database: Database, ledger: PostgresLedger) -> PostgresTransactions:
    return PostgresTransactions(database, ledger)


@pytest.fixture
async def begun(transactions: PostgresTransactions) -> BillPayment:
    payment = make_payment()
    assert await transactions.begin(payment) is None
    return payment


async def lines(ledger: PostgresLedger, payment: BillPayment) -> dict[str, int]:
    """Each account's sum over everything that was posted about the payment."""
    sums: dict[str, int] = {}
    for entry in await ledger.entries(payment.transaction_id):
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount.minor
    return {account: minor for account, minor in sums.items() if minor}


PAID = {
    "partner_receivable:partner_1:BDT": 126_250,
    "biller_payable:DESCO:BDT": -125_000,
    "fee_income:partner_1:BDT": -1_250,
}


@pytest.mark.parametrize("suspended", [False, True])
async def test_a_paid_bill_is_owed_by_the_partner_and_to_the_biller(
    suspended: bool,
    begun: BillPayment,
    transactions: PostgresTransactions,
    ledger: PostgresLedger,
) -> None:
    if suspended:
        await transactions.suspend(begun)

    await transactions.settle(begun, accepted())

    assert await lines(ledger, begun) == PAID


@pytest.mark.parametrize("suspended", [False, True])
async def test_a_declined_bill_is_owed_by_nobody(
    suspended: bool,
    begun: BillPayment,
    transactions: PostgresTransactions,
    ledger: PostgresLedger,
) -> None:
    if suspended:
        await transactions.suspend(begun)

    await transactions.settle(begun, BLOCKED)

    assert await lines(ledger, begun) == {}
    assert len(await ledger.entries(begun.transaction_id)) == (4 if suspended else 0)


async def test_money_of_an_unknown_outcome_waits_in_suspense_once(
    begun: BillPayment, transactions: PostgresTransactions, ledger: PostgresLedger
) -> None:
    await asyncio.gather(*(transactions.suspend(begun) for _ in range(10)))

    assert await lines(ledger, begun) == {
        "partner_receivable:partner_1:BDT": 126_250,
        "suspense:DESCO:BDT": -126_250,
    }


async def test_a_final_transaction_is_not_suspended_any_more(
    begun: BillPayment, transactions: PostgresTransactions, ledger: PostgresLedger
) -> None:
    await transactions.settle(begun, accepted())

    await transactions.suspend(begun)

    assert await lines(ledger, begun) == PAID


async def test_suspending_and_settling_at_once_balances_whoever_wins(
    transactions: PostgresTransactions, ledger: PostgresLedger
) -> None:
    payments = [make_payment() for _ in range(20)]
    for payment in payments:
        await transactions.begin(payment)

    await asyncio.gather(
        *(transactions.suspend(each) for each in payments),
        *(transactions.settle(each, accepted()) for each in payments),
    )

    for payment in payments:
        assert await lines(ledger, payment) == PAID


@pytest.mark.parametrize("first", [accepted(), BLOCKED], ids=["accepted", "declined"])
async def test_the_opposite_outcome_is_refused_and_changes_nothing(
    first: Outcome,
    begun: BillPayment,
    transactions: PostgresTransactions,
    ledger: PostgresLedger,
) -> None:
    standing = await transactions.settle(begun, first)
    before = await ledger.entries(begun.transaction_id)

    with pytest.raises(SettledOtherwise):
        await transactions.settle(
            begun, BLOCKED if first.kind is OutcomeKind.ACCEPTED else accepted()
        )

    assert await transactions.find(begun.partner_id, begun.transaction_id) == standing
    assert await ledger.entries(begun.transaction_id) == before


async def test_of_opposite_outcomes_at_once_one_stands_whole(
    transactions: PostgresTransactions, ledger: PostgresLedger
) -> None:
    for _ in range(10):
        payment = make_payment()
        await transactions.begin(payment)

        await asyncio.gather(
            *(transactions.settle(payment, each) for each in (accepted(), BLOCKED) * 3),
            return_exceptions=True,
        )

        standing = await transactions.find(payment.partner_id, payment.transaction_id)
        assert standing is not None
        paid = standing.state is TransactionState.PAID
        assert await lines(ledger, payment) == (PAID if paid else {})


async def test_only_a_payment_that_was_begun_like_this_is_settled_or_suspended(
    begun: BillPayment, transactions: PostgresTransactions
) -> None:
    for payment in (make_payment(), changed(begun)):
        with pytest.raises(LookupError):
            await transactions.settle(payment, accepted())
        with pytest.raises(LookupError):
            await transactions.suspend(payment)


def changed(payment: BillPayment) -> BillPayment:
    return make_payment(
        transaction_id=payment.transaction_id, amount=Money(payment.amount.minor + 1, "BDT")
    )


async def test_only_a_known_outcome_is_settled(
    begun: BillPayment, transactions: PostgresTransactions
) -> None:
    for kind in (OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN, OutcomeKind.PENDING):
        with pytest.raises(AssertionError):
            await transactions.settle(begun, Outcome(kind))


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


async def test_a_committed_event_is_announced(
    begun: BillPayment, transactions: PostgresTransactions, direct: Direct
) -> None:
    heard = asyncio.Event()
    async with direct.connection() as listener:
        await listener.add_listener("event", lambda *_: heard.set())

        await transactions.settle(begun, accepted())

        await asyncio.wait_for(heard.wait(), 5)


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
