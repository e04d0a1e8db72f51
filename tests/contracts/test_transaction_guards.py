"""What was agreed on never changes and a final state is never left, whoever writes the SQL."""

import asyncpg
import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database
from payments.domain.bill import Begun, BillPayment, TransactionState
from payments.domain.codes import Code
from payments.domain.outcome import Outcome, OutcomeKind
from tests.contracts.direct import Direct
from tests.contracts.factories import accepted, make_payment

BLOCKED = Outcome(OutcomeKind.DECLINED, code=Code.ACCOUNT_BLOCKED)
roles = pytest.mark.parametrize("role", ["app", "owner"])


@pytest.fixture
def transactions(database: Database) -> PostgresTransactions:
    return PostgresTransactions(database, PostgresLedger(database))


@pytest.fixture
async def begun(transactions: PostgresTransactions) -> BillPayment:
    payment = make_payment()
    assert await transactions.begin(payment) is Begun.NOW
    return payment


@roles
@pytest.mark.parametrize(
    "change",
    [
        "amount_minor = 1",
        "fee_minor = 0",
        "currency = 'JPY'",
        "bill_number = 'another'",
        "partner_id = 'partner_2'",
        "partner_transaction_id = 'another'",
        "id = 'TXN-2026-04-ANOTHER'",
        "lock_id = 'another'",
        "trace = 'another'",
        "state = 'PAID'",
        "state = 'DECLINED'",
        "state = 'LOST'",
    ],
)
async def test_direct_sql_cannot_change_what_was_agreed_or_half_settle(
    role: str, change: str, begun: BillPayment, direct: Direct
) -> None:
    with pytest.raises(
        (
            asyncpg.RestrictViolationError,
            asyncpg.CheckViolationError,
            asyncpg.InsufficientPrivilegeError,
        )
    ):
        await direct.run(
            f"UPDATE transaction SET {change} WHERE id = '{begun.transaction_id}'", role=role
        )


@roles
@pytest.mark.parametrize("outcome", [accepted(), BLOCKED], ids=["accepted", "declined"])
@pytest.mark.parametrize(
    "change",
    [
        "state = 'PROCESSING', code = NULL, paid_at = NULL",
        "state = 'PAID', code = NULL, paid_at = now()",
        "state = 'DECLINED', code = 'P2008', paid_at = NULL",
        "biller_reference = 'another'",
        "suspended_at = now()",
    ],
)
async def test_direct_sql_cannot_leave_a_final_state(
    role: str,
    outcome: Outcome,
    change: str,
    begun: BillPayment,
    transactions: PostgresTransactions,
    direct: Direct,
) -> None:
    await transactions.settle(begun, outcome)

    with pytest.raises(asyncpg.RestrictViolationError, match="for ever"):
        await direct.run(
            f"UPDATE transaction SET {change} WHERE id = '{begun.transaction_id}'", role=role
        )


@roles
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM transaction",
        "TRUNCATE transaction",
        "DELETE FROM event",
        "TRUNCATE event",
        "UPDATE event SET data = '{}'",
        "UPDATE transaction SET suspended_at = NULL WHERE suspended_at IS NOT NULL",
    ],
)
async def test_direct_sql_cannot_remove_or_rewrite_the_record(
    role: str,
    statement: str,
    begun: BillPayment,
    transactions: PostgresTransactions,
    direct: Direct,
) -> None:
    await transactions.suspend(begun)

    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(statement, role=role)


@roles
async def test_a_transaction_cannot_be_born_final(role: str, direct: Direct) -> None:
    for state, code, paid_at in (("PAID", "NULL", "now()"), ("DECLINED", "'P2008'", "NULL")):
        with pytest.raises(asyncpg.CheckViolationError, match="begins as PROCESSING"):
            await direct.run(
                f"""INSERT INTO transaction VALUES ('TXN-1', 'p', 't', 'l', 'b', 'n', '2026-04',
                1, 0, 'BDT', '{state}', {code}, NULL, now(), now(), NULL, {paid_at}, 't')""",
                role=role,
            )


async def test_the_database_knows_the_same_states_as_the_domain(direct: Direct) -> None:
    [check] = await direct.rows(
        """SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = 'transaction'::regclass AND conname = 'transaction_state_check'"""
    )

    assert all(f"'{state}'" in check[0] for state in TransactionState)
    assert check[0].count("::text,") == len(TransactionState) - 1
