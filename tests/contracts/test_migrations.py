"""The migrated database is the one that payments.db.tables describes, up, down and up again."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from payments.db import grants
from payments.db.migrate import go_back, go_up, migrate
from payments.db.migrations import versions as migrations
from payments.db.tables import METADATA
from payments.stack.postgres import DatabaseUrls, EmbeddedPostgres
from tests.contracts.direct import Direct

REVISIONS = sorted(path.name[:4] for path in Path(migrations.__file__).parent.glob("0*.py"))
_TELL = """
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, data)
    VALUES ('p', 'payment', 'pay_1', $1, 'payment.captured', '{}')"""
_UNPLANNED = "SELECT sequence FROM event_unplanned JOIN event ON event.id = event_id"
_ENDPOINT = """
    INSERT INTO webhook_endpoint (id, partner_id, slot, url, types, version, payload, description,
        secrets_sealed, state, created_at)
    VALUES ('whe_1', 'p', 1, '', '{}', '', 'full', '', '', 'enabled', now())"""


@pytest.fixture
def empty(server: EmbeddedPostgres) -> DatabaseUrls:
    return server.create_database(f"empty_{uuid4().hex}")


@pytest.fixture
def migrated(server: EmbeddedPostgres, template: str) -> DatabaseUrls:
    """One of a test's own, copied: taking every step to it again costs a second."""
    return server.create_database(f"migrated_{uuid4().hex}", template=template)


async def differences(url: str) -> list[Any]:
    """What alembic would have to change to make the database equal to our tables."""

    def compare(connection: Connection) -> list[Any]:
        # Views of an extension are none of ours.
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or "pg_stat" not in name,
            },
        )
        return list(compare_metadata(context, METADATA))

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    async with engine.connect() as connection:
        found = await connection.run_sync(compare)
    await engine.dispose()
    return found


async def test_the_migrations_make_the_tables_that_the_code_knows(urls: DatabaseUrls) -> None:
    assert await differences(urls.owner_url) == []


async def test_columns_that_may_be_empty_and_defaults_are_the_same_too(direct: Direct) -> None:
    rows = await direct.rows(
        """SELECT table_name, column_name, is_nullable = 'YES',
            column_default IS NOT NULL OR is_identity = 'YES'
        FROM information_schema.columns WHERE table_schema = 'public'
        AND table_name = ANY ($1)""",
        [table.name for table in METADATA.sorted_tables],
    )

    assert set(rows) == {
        (
            table.name,
            column.name,
            bool(column.nullable),
            column.server_default is not None or column.identity is not None,
        )
        for table in METADATA.sorted_tables
        for column in table.columns
    }


async def test_they_go_up_down_and_up_again(empty: DatabaseUrls, server: EmbeddedPostgres) -> None:
    ours = "relnamespace = 'public'::regnamespace AND relname NOT LIKE 'pg_stat%'"
    left = f"""SELECT relname FROM pg_class WHERE {ours} AND relname NOT LIKE 'alembic%'
        UNION ALL SELECT proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname NOT LIKE 'pg_stat%'"""

    await migrate(empty.owner_url)
    assert await differences(empty.owner_url) == []
    await go_back(empty.owner_url, "base")
    assert server.execute(left, database=empty.name) == ""
    await migrate(empty.owner_url)

    assert await differences(empty.owner_url) == []


async def test_every_step_can_be_taken_back_and_again(migrated: DatabaseUrls) -> None:
    """Each one is gone down twice and up twice, on its way back to the first."""
    for below, step in reversed(list(pairwise(REVISIONS))):
        await go_back(migrated.owner_url, below)
        await go_up(migrated.owner_url, step)

    await migrate(migrated.owner_url)
    assert await differences(migrated.owner_url) == []


async def test_keys_live_on_through_the_step_that_gives_them_products(
    migrated: DatabaseUrls,
) -> None:
    await go_back(migrated.owner_url, "0005")
    connection = await asyncpg.connect(migrated.owner_url)
    try:
        await connection.execute(
            """INSERT INTO partner (id, name, requests_per_minute) VALUES ('p', 'P', 1);
            INSERT INTO api_key (id, partner_id, secret_sealed, product, scopes)
            VALUES ('qk_1', 'p', '', 'payments', '{}')"""
        )
        await migrate(migrated.owner_url)
        assert await connection.fetchval("SELECT products FROM api_key") == ["payments"]
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("UPDATE api_key SET products = '{bill-collection}'")
        await go_back(migrated.owner_url, "0005")
        assert await connection.fetchval("SELECT product FROM api_key") == "payments"
    finally:
        await connection.close()


async def test_what_was_told_before_there_were_webhooks_is_never_planned(
    migrated: DatabaseUrls,
) -> None:
    await go_back(migrated.owner_url, "0007")
    connection = await asyncpg.connect(migrated.owner_url)
    try:
        await connection.execute(_TELL, 1)
        await migrate(migrated.owner_url)
        await connection.execute(_TELL, 2)
        assert [row["sequence"] for row in await connection.fetch(_UNPLANNED)] == [2]
    finally:
        await connection.close()


async def test_what_the_cursor_had_not_reached_is_planned_on_either_way(
    migrated: DatabaseUrls,
) -> None:
    await go_back(migrated.owner_url, "0008")
    connection = await asyncpg.connect(migrated.owner_url)
    try:
        await connection.execute(_ENDPOINT)
        for number in (1, 2):
            await connection.execute(_TELL, number)
        await connection.execute(
            """UPDATE webhook_cursor SET (xact, position)
                = (SELECT xact, position FROM event WHERE sequence = 1)"""
        )
        await migrate(migrated.owner_url)
        assert [row["sequence"] for row in await connection.fetch(_UNPLANNED)] == [2]
        await go_back(migrated.owner_url, "0008")
        planned = await connection.fetch("SELECT sequence FROM webhook_delivery")
        assert [row["sequence"] for row in planned] == [2]
        await migrate(migrated.owner_url)
        assert await connection.fetch(_UNPLANNED) == []
    finally:
        await connection.close()


async def test_migrating_again_and_at_the_same_time_changes_nothing(empty: DatabaseUrls) -> None:
    await asyncio.gather(*(migrate(empty.owner_url) for _ in range(4)))

    assert await differences(empty.owner_url) == []


def test_every_table_says_what_the_application_may_do_with_it() -> None:
    assert set(grants.GRANTS) - {"alembic_version"} == {
        table.name for table in METADATA.sorted_tables
    }


async def test_the_application_owns_nothing_and_makes_nothing(direct: Direct) -> None:
    for statement in (
        "CREATE TABLE mine (id int)",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER append_only ON ledger_entry",
        "DROP TABLE ledger_entry",
        "SET session_replication_role = replica",
        """CREATE OR REPLACE FUNCTION public.refuse_change() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN RETURN NULL; END'""",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await direct.run(statement, role="app")
