"""The promises of ports.journal.RequestLog, for PostgreSQL and for the fake."""

import asyncio
from typing import Any, Protocol
from uuid import uuid4

import asyncpg
import pytest

from payments.adapters.postgres.request_log import PostgresRequestLog
from payments.db.session import Database
from payments.ports.journal import RequestLog, RequestRow
from tests.contracts.direct import Direct
from tests.contracts.factories import NOW
from tests.fakes.journal import FakeRequestLog


class Readable(RequestLog, Protocol):
    async def find(self, trace: str) -> RequestRow | None: ...


@pytest.fixture(params=["postgres", "fake"])
def request_log(request: pytest.FixtureRequest, database: Database) -> Readable:
    return FakeRequestLog() if request.param == "fake" else PostgresRequestLog(database)


def make_row(**changes: Any) -> RequestRow:
    return RequestRow(
        **{
            "trace": f"partner_1.20260430T082114123Z.{uuid4()}",
            "partner_id": "partner_1",
            "endpoint": "POST /bill/pay",
            "request_hash": "ab" * 32,
            "http_status": 200,
            "code": "P0000",
            "latency_us": 41_250,
            "received_at": NOW,
            "downstream": {"biller.lookup": {"ms": 3.1, "source": "origin"}},
            "replay_of": None,
            **changes,
        }
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"replay_of": "partner_1.20260430T082114123Z.7K3Q9XW2"},
        # A request without a partner has a row too.
        {"partner_id": None, "downstream": {}},
    ],
)
async def test_a_row_is_there_when_record_returns(
    request_log: Readable, changes: dict[str, Any]
) -> None:
    row = make_row(**changes)
    assert await request_log.find(row.trace) is None

    await request_log.record(row)

    assert await request_log.find(row.trace) == row


async def test_a_trace_names_the_row_that_came_first(request_log: Readable) -> None:
    row = make_row()

    await asyncio.gather(*(request_log.record(row) for _ in range(3)))
    await request_log.record(make_row(trace=row.trace, code="P9001"))

    assert await request_log.find(row.trace) == row


async def test_a_row_is_committed_column_by_column(database: Database, direct: Direct) -> None:
    row = make_row(replay_of="partner_1.20260430T082114123Z.7K3Q9XW2")

    await PostgresRequestLog(database).record(row)

    assert await direct.rows(
        """SELECT partner_id, endpoint, request_hash, http_status, code, latency_us, received_at,
        downstream #>> '{biller.lookup,source}', replay_of FROM request_log WHERE trace = $1""",
        row.trace,
    ) == [
        (
            "partner_1",
            "POST /bill/pay",
            "ab" * 32,
            200,
            "P0000",
            41_250,
            NOW,
            "origin",
            "partner_1.20260430T082114123Z.7K3Q9XW2",
        )
    ]


async def test_many_at_once_are_few_statements(database: Database, direct: Direct) -> None:
    request_log = PostgresRequestLog(database)
    direct.forget_calls()

    await asyncio.gather(*(request_log.record(make_row()) for _ in range(300)))

    [calls] = (await direct.calls()).values()
    assert calls <= 3


async def test_a_row_that_no_column_can_hold_fails_its_own_request_only(
    database: Database, direct: Direct
) -> None:
    request_log = PostgresRequestLog(database)
    good, bad = make_row(), make_row(endpoint="GET /\0")

    results = await asyncio.gather(
        *(request_log.record(row) for row in (good, bad, make_row())), return_exceptions=True
    )

    assert [type(each) for each in results] == [
        type(None),
        asyncpg.CharacterNotInRepertoireError,
        type(None),
    ]
    assert await direct.value("SELECT count(*) FROM request_log WHERE trace = $1", good.trace) == 1


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE request_log SET code = 'P0000'", "DELETE FROM request_log", "TRUNCATE request_log"],
)
async def test_the_log_is_never_rewritten(role: str, statement: str, direct: Direct) -> None:
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(statement, role=role)
