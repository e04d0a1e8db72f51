"""No code path can edit, delete or unbalance the ledger: the database itself refuses.

Everything here is SQL past our code, as the application's role and as the owner of the tables.
"""

from uuid import uuid4

import asyncpg
import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.db.session import Database
from payments.domain import ledger as postings
from payments.stack.postgres import PostgresFailed
from tests.contracts.direct import Direct
from tests.contracts.factories import make_payment

REFUSED = (
    asyncpg.RestrictViolationError,
    asyncpg.CheckViolationError,
    asyncpg.InsufficientPrivilegeError,
)
roles = pytest.mark.parametrize("role", ["app", "owner"])


@pytest.fixture
async def posted(database: Database) -> str:
    """The key of a posting that is in the ledger."""
    posting = postings.paid(make_payment())
    await PostgresLedger(database).post(posting)
    return posting.key


def new_posting(key: str) -> str:
    return f"""INSERT INTO ledger_transaction (key, subject, description)
        VALUES ('{key}', '{key}', 'by hand');"""


def new_entry(key: str, minor: int, currency: str = "BDT", account: str = "DESCO:BDT") -> str:
    return f"""
        INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency)
        SELECT posting.id, account.id, {minor}, '{currency}'
        FROM ledger_transaction AS posting, ledger_account AS account
        WHERE posting.key = '{key}' AND account.code = 'biller_payable:{account}';"""


@roles
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET amount_minor = amount_minor * 10",
        "UPDATE ledger_entry SET account_id = 1 WHERE false",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_entry WHERE false",
        "TRUNCATE ledger_entry",
        "UPDATE ledger_transaction SET subject = 'another'",
        "UPDATE ledger_transaction SET posted_at = posted_at - interval '1 day'",
        "DELETE FROM ledger_transaction",
        "TRUNCATE ledger_transaction",
        "TRUNCATE ledger_transaction, ledger_entry CASCADE",
        "UPDATE ledger_account SET currency = 'JPY'",
        "DELETE FROM ledger_account",
        "TRUNCATE ledger_account",
        """INSERT INTO ledger_transaction (key, subject, description)
        SELECT key, 'x', 'x' FROM ledger_transaction
        ON CONFLICT (key) DO UPDATE SET subject = 'another'""",
        """MERGE INTO ledger_entry USING ledger_account ON ledger_account.id = account_id
        WHEN MATCHED THEN DELETE""",
    ],
)
async def test_what_is_written_cannot_be_changed_or_removed(
    role: str, statement: str, posted: str, direct: Direct
) -> None:
    before = await direct.rows("SELECT * FROM ledger_entry ORDER BY id")

    with pytest.raises(REFUSED):
        await direct.run(statement, role=role)

    assert await direct.rows("SELECT * FROM ledger_entry ORDER BY id") == before


@roles
async def test_a_balanced_posting_line_by_line_is_taken(
    role: str, posted: str, direct: Direct
) -> None:
    key = str(uuid4())

    await direct.run(new_posting(key) + new_entry(key, 5) + new_entry(key, -5), role=role)

    assert await entries_of(direct, key) == [5, -5]


@roles
@pytest.mark.parametrize(
    "lines",
    [
        [],
        [5],
        [5, -4],
        [5, -4, -2],
        [0, 0],
        [9223372036854775807, 1],
    ],
)
async def test_a_posting_that_does_not_balance_cannot_be_committed(
    role: str, lines: list[int], posted: str, direct: Direct
) -> None:
    key = str(uuid4())

    with pytest.raises(REFUSED):
        await direct.run(
            new_posting(key) + "".join(new_entry(key, minor) for minor in lines), role=role
        )

    assert await direct.value("SELECT count(*) FROM ledger_transaction WHERE key = $1", key) == 0


@roles
async def test_two_currencies_do_not_balance_each_other(
    role: str, posted: str, direct: Direct
) -> None:
    await direct.run(
        """INSERT INTO ledger_account (code, kind, owner, currency)
        VALUES ('biller_payable:TOKYOGAS:JPY', 'biller_payable', 'TOKYOGAS', 'JPY')
        ON CONFLICT DO NOTHING"""
    )
    key = str(uuid4())

    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await direct.run(
            new_posting(key) + new_entry(key, 5) + new_entry(key, -5, "JPY", "TOKYOGAS:JPY"),
            role=role,
        )


@roles
async def test_an_entry_cannot_be_in_another_currency_than_its_account(
    role: str, posted: str, direct: Direct
) -> None:
    key = str(uuid4())

    with pytest.raises(asyncpg.CheckViolationError, match="own currency"):
        await direct.run(
            new_posting(key) + new_entry(key, 5, "JPY") + new_entry(key, -5, "JPY"), role=role
        )


@roles
async def test_an_entry_cannot_name_an_account_that_is_not_there(
    role: str, posted: str, direct: Direct
) -> None:
    key = str(uuid4())

    with pytest.raises(asyncpg.CheckViolationError, match="account"):
        await direct.run(
            new_posting(key)
            + f"""INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency)
            SELECT id, -1, sign, 'BDT'
            FROM ledger_transaction, (VALUES (1), (-1)) AS signs (sign) WHERE key = '{key}'""",
            role=role,
        )


@roles
async def test_entries_cannot_be_added_to_an_old_posting_even_balanced(
    role: str, posted: str, direct: Direct
) -> None:
    before = await entries_of(direct, posted)

    with pytest.raises(asyncpg.RestrictViolationError, match="together"):
        await direct.run(new_entry(posted, 5) + new_entry(posted, -5), role=role)
    with pytest.raises(asyncpg.RestrictViolationError, match="together"):
        await direct.run(
            """INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency)
            VALUES (gen_random_uuid(), 1, 5, 'BDT'), (gen_random_uuid(), 1, -5, 'BDT')""",
            role=role,
        )

    assert await entries_of(direct, posted) == before


@roles
async def test_checking_early_does_not_open_a_door_for_later_entries(
    role: str, posted: str, direct: Direct
) -> None:
    key = str(uuid4())
    balanced = new_posting(key) + new_entry(key, 5) + new_entry(key, -5)

    for rest in ("", "SET CONSTRAINTS ALL DEFERRED;"):
        with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
            await direct.run(
                balanced + "SET CONSTRAINTS ALL IMMEDIATE;" + rest + new_entry(key, 7), role=role
            )


@roles
async def test_own_tables_of_the_same_names_do_not_deceive_the_guards(
    role: str, posted: str, direct: Direct
) -> None:
    database = await direct.value("SELECT current_database()")
    await direct.run(f"GRANT TEMPORARY ON DATABASE {database} TO quittance_app")
    key = str(uuid4())
    decoys = f"""
        CREATE TEMPORARY TABLE ledger_account (LIKE public.ledger_account);
        CREATE TEMPORARY TABLE ledger_entry (LIKE public.ledger_entry);
        INSERT INTO pg_temp.ledger_entry
        SELECT 1, id, 1, sign, 'BDT'
        FROM ledger_transaction, (VALUES (1), (-1)) AS signs (sign) WHERE key = '{key}';"""

    with pytest.raises(asyncpg.CheckViolationError, match="fewer than two entries"):
        await direct.run(new_posting(key) + new_entry(key, 5) + decoys, role=role)


async def test_a_session_that_calls_itself_a_replica_is_refused_as_well(
    posted: str, direct: Direct
) -> None:
    key = str(uuid4())

    for script in (
        "UPDATE ledger_entry SET amount_minor = 1",
        "DELETE FROM ledger_transaction",
        "TRUNCATE event",
        "UPDATE transaction SET amount_minor = 1; DELETE FROM transaction",
        "DELETE FROM request_log",
        "DELETE FROM provider_call",
        new_posting(key) + new_entry(key, 5),
        new_posting(key),
        new_entry(posted, 5) + new_entry(posted, -5),
    ):
        with pytest.raises(PostgresFailed):
            direct.as_superuser(f"SET session_replication_role = replica; BEGIN; {script}; COMMIT;")


async def test_the_application_cannot_date_a_posting_or_choose_its_id(direct: Direct) -> None:
    for column, value in (("posted_at", "now()"), ("id", "gen_random_uuid()")):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await direct.run(
                f"""INSERT INTO ledger_transaction (key, subject, description, {column})
                VALUES ('k', 's', 'd', {value})""",
                role="app",
            )


async def test_the_whole_ledger_sums_to_zero(posted: str, direct: Direct) -> None:
    assert (
        await direct.rows(
            "SELECT currency FROM ledger_entry GROUP BY currency HAVING sum(amount_minor) <> 0"
        )
        == []
    )


async def entries_of(direct: Direct, key: str) -> list[int]:
    rows = await direct.rows(
        """SELECT amount_minor FROM ledger_entry JOIN ledger_transaction AS posting
        ON posting.id = transaction_id WHERE key = $1 ORDER BY ledger_entry.id""",
        key,
    )
    return [minor for (minor,) in rows]
