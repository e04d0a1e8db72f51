"""The promises of ports.journal.CallLog."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from payments.adapters.postgres.provider_calls import PostgresCallLog
from payments.db.session import Database
from payments.ports.journal import CallLog, CallRow
from tests.contracts.direct import Direct
from tests.contracts.factories import NOW
from tests.fakes.journal import FakeCallLog


@pytest.fixture(params=["postgres", "fake"])
def call_log(request: pytest.FixtureRequest, database: Database) -> CallLog:
    return FakeCallLog() if request.param == "fake" else PostgresCallLog(database)


def make_row(**changes: Any) -> CallRow:
    return CallRow(
        **{
            "provider": "DESCO",
            "operation": "pay",
            "reference": str(uuid4()),
            "phase": "answered",
            "outcome": "accepted",
            "latency_us": 41_250,
            "started_at": NOW,
            "raw": {"receipt": "DESCO-77"},
            **changes,
        }
    )


async def test_calls_are_recorded_one_row_each(call_log: CallLog) -> None:
    await asyncio.gather(*(call_log.record(make_row()) for _ in range(20)))


async def test_a_row_is_committed_when_record_returns(database: Database, direct: Direct) -> None:
    row = make_row()

    await PostgresCallLog(database).record(row)

    assert await direct.rows(
        """SELECT provider, operation, phase, outcome, latency_us, started_at, raw ->> 'receipt'
        FROM provider_call WHERE reference = $1""",
        row.reference,
    ) == [("DESCO", "pay", "answered", "accepted", 41_250, NOW, "DESCO-77")]


async def test_the_same_call_made_twice_is_two_rows(database: Database, direct: Direct) -> None:
    row, log = make_row(), PostgresCallLog(database)

    await asyncio.gather(log.record(row), log.record(row))

    assert (
        await direct.value("SELECT count(*) FROM provider_call WHERE reference = $1", row.reference)
        == 2
    )


async def test_many_at_once_are_few_statements(database: Database, direct: Direct) -> None:
    log = PostgresCallLog(database)
    direct.forget_calls()

    await asyncio.gather(*(log.record(make_row()) for _ in range(300)))

    [calls] = (await direct.calls()).values()
    assert calls <= 3


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ({"body": "a\0b"}, {"body": "a\ufffdb"}),
        ({"body": "\0\0"}, {"body": "\ufffd\ufffd"}),
        ({"body": "\\u0000"}, {"body": "\\u0000"}),
        ({"body": "\\\0"}, {"body": "\\\ufffd"}),
        ({"\0": 1}, {"\ufffd": 1}),
        ({"n": float("nan")}, {"n": None}),
        ({"n": 10**30}, {"python": "{'n': 1000000000000000000000000000000}"}),
        ({"body": "\ud800"}, {"python": r"{'body': '\ud800'}"}),
        ({"at": NOW}, {"at": "2026-04-30T08:21:14.123456+00:00"}),
    ],
)
async def test_whatever_a_provider_sends_is_kept_as_well_as_json_can(
    raw: dict[str, Any], stored: dict[str, Any], database: Database, direct: Direct
) -> None:
    row = make_row(raw=raw)

    await PostgresCallLog(database).record(row)

    kept = await direct.value("SELECT raw FROM provider_call WHERE reference = $1", row.reference)
    assert json.loads(kept) == stored


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE provider_call SET raw = '{}'", "DELETE FROM provider_call", "TRUNCATE provider_call"],
)
async def test_the_log_is_never_rewritten(role: str, statement: str, direct: Direct) -> None:
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(statement, role=role)
