"""What a payment leaves in the ledger, and what is refused: for PostgreSQL and for the fake."""

import asyncio

import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database
from payments.domain.bill import Begun, BillPayment, TransactionState
from payments.domain.codes import Code
from payments.domain.outcome import Outcome, OutcomeKind
from payments.ports.ledger import Ledger
from payments.ports.transactions import SettledOtherwise, Transactions
from tests.contracts.factories import accepted, make_payment
from tests.fakes.ledger import FakeLedger
from tests.fakes.transactions import FakeTransactions

BLOCKED = Outcome(OutcomeKind.DECLINED, code=Code.ACCOUNT_BLOCKED)


@pytest.fixture(params=["postgres", "fake"])
def ledger(request: pytest.FixtureRequest, database: Database) -> Ledger:
    return FakeLedger() if request.param == "fake" else PostgresLedger(database)


@pytest.fixture
def transactions(ledger: Ledger, database: Database) -> Transactions:
    if isinstance(ledger, FakeLedger):
        return FakeTransactions(ledger=ledger)
    assert isinstance(ledger, PostgresLedger)
    return PostgresTransactions(database, ledger)


@pytest.fixture
async def begun(transactions: Transactions) -> BillPayment:
    payment = make_payment()
    assert await transactions.begin(payment) is Begun.NOW
    return payment


async def lines(ledger: Ledger, payment: BillPayment) -> dict[str, int]:
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
    transactions: Transactions,
    ledger: Ledger,
) -> None:
    if suspended:
        await transactions.suspend(begun)

    await transactions.settle(begun, accepted())

    assert await lines(ledger, begun) == PAID


@pytest.mark.parametrize("suspended", [False, True])
async def test_a_declined_bill_is_owed_by_nobody(
    suspended: bool,
    begun: BillPayment,
    transactions: Transactions,
    ledger: Ledger,
) -> None:
    if suspended:
        await transactions.suspend(begun)

    await transactions.settle(begun, BLOCKED)

    assert await lines(ledger, begun) == {}
    assert len(await ledger.entries(begun.transaction_id)) == (4 if suspended else 0)


async def test_money_of_an_unknown_outcome_waits_in_suspense_once(
    begun: BillPayment, transactions: Transactions, ledger: Ledger
) -> None:
    await asyncio.gather(*(transactions.suspend(begun) for _ in range(10)))

    assert await lines(ledger, begun) == {
        "partner_receivable:partner_1:BDT": 126_250,
        "suspense:DESCO:BDT": -126_250,
    }


async def test_a_final_transaction_is_not_suspended_any_more(
    begun: BillPayment, transactions: Transactions, ledger: Ledger
) -> None:
    await transactions.settle(begun, accepted())

    await transactions.suspend(begun)

    assert await lines(ledger, begun) == PAID


async def test_suspending_and_settling_at_once_balances_whoever_wins(
    transactions: Transactions, ledger: Ledger
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
    first: Outcome, begun: BillPayment, transactions: Transactions, ledger: Ledger
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
    transactions: Transactions, ledger: Ledger
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


async def test_only_a_known_outcome_is_settled(
    begun: BillPayment, transactions: Transactions
) -> None:
    for kind in (OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN, OutcomeKind.PENDING):
        with pytest.raises(AssertionError):
            await transactions.settle(begun, Outcome(kind))
