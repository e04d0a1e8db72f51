"""The purge forgets what has served its time, and nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.answers import PostgresAnswers
from payments.adapters.postgres.purge import _DELIVERIES, purge
from payments.adapters.postgres.token_requests import PostgresTokenRequests
from payments.crypto import Vault
from payments.db.session import Database
from payments.ports.answers import Scope
from tests.contracts.direct import Direct

KEPT = timedelta(days=90)
NO_WEBHOOKS = {"webhook_delivery": 0, "webhook_try": 0}
OLD = ("idempotency", "token_request", "revoked_token")
_ENDED = """
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence, state, tries,
        created_at, first_tried_at, settled_at)
    SELECT gen_random_uuid(), '{name}', 1, 'pay_1', 1, 'failed', 2, at, at, at + interval '1 s'
    FROM (SELECT now() - interval '{age}' AS at) AS moment, generate_series(1, {number});"""
_PENDING = """
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence, tries,
        created_at, first_tried_at)
    SELECT gen_random_uuid(), '{name}', 1, 'pay_1', 1, 2, at, at
    FROM (SELECT now() - interval '{age}' AS at) AS moment, generate_series(1, {number});"""
_TWO_TRIES_EACH = """
    INSERT INTO webhook_try (event_id, endpoint_id, round, number, at, latency_ms, ending, answer)
    SELECT event_id, endpoint_id, round, number, created_at + (number - 1) * interval '1 s', 5,
        'answered', ''
    FROM webhook_delivery, generate_series(1, 2) AS number WHERE endpoint_id = '{name}'"""


async def tried(
    direct: Direct, name: str, age: str, *, number: int = 1, delivery: str = _ENDED
) -> None:
    """Deliveries of an endpoint that were tried twice, so long ago."""
    for statement in (delivery, _TWO_TRIES_EACH):
        await direct.run(statement.format(name=name, age=age, number=number))


async def left(direct: Direct, name: str) -> tuple[int, int]:
    """How many deliveries and tries an endpoint has."""
    [(deliveries, tries)] = await direct.rows(
        """SELECT (SELECT count(*) FROM webhook_delivery WHERE endpoint_id = $1),
            (SELECT count(*) FROM webhook_try WHERE endpoint_id = $1)""",
        name,
    )
    return deliveries, tries


async def test_everything_expired_goes_and_the_rest_stays(
    database: Database, direct: Direct
) -> None:
    administration = Administration(database, Vault([bytes(32)]))
    answers, requests = PostgresAnswers(database), PostgresTokenRequests(database)
    now = datetime.now(UTC)
    for age in (timedelta(minutes=-10), timedelta(minutes=10)):
        await administration.revoke_token(f"token {age}", now + age)
        await requests.first_use("qk_1", f"nonce {age}", now + age)
        await answers.claim(Scope("partner_1", "POST /x", str(age)), b"1")
    await direct.run(
        f"UPDATE idempotency SET expires_at = now() WHERE key = '{timedelta(minutes=10)}'"
    )

    ones, noughts = {**dict.fromkeys(OLD, 1), **NO_WEBHOOKS}, dict.fromkeys([*OLD, *NO_WEBHOOKS], 0)
    assert await purge(database, KEPT) == ones
    assert await purge(database, KEPT) == noughts


async def test_more_than_one_batch_goes_in_one_purge(database: Database, direct: Direct) -> None:
    await direct.run(
        """INSERT INTO token_request
        SELECT 'qk_1', number::text, now() - interval '1 hour'
        FROM generate_series(1, 2500) AS number"""
    )

    assert (await purge(database, KEPT))["token_request"] == 2500


async def test_a_delivery_goes_with_its_tries_when_it_ended_long_ago(
    database: Database, direct: Direct
) -> None:
    names = [f"whe_{uuid4().hex}" for _ in range(3)]
    old, young, pending = names
    await tried(direct, old, "90 days 1 minute", number=1_200)
    await tried(direct, young, "89 days")
    await tried(direct, pending, "200 days", delivery=_PENDING)

    told = await purge(database, KEPT)

    assert (told["webhook_delivery"], told["webhook_try"]) == (1_200, 2_400)
    assert [await left(direct, name) for name in names] == [(0, 0), (1, 2), (1, 2)]


async def test_what_somebody_else_is_at_is_left_for_the_next_purge(
    database: Database, direct: Direct
) -> None:
    name = f"whe_{uuid4().hex}"
    await tried(direct, name, "91 days", number=2)

    async with direct.connection() as connection, connection.transaction():
        await connection.fetch(
            "SELECT FROM webhook_delivery WHERE endpoint_id = $1 LIMIT 1 FOR NO KEY UPDATE", name
        )
        assert (await purge(database, KEPT))["webhook_delivery"] == 1
    assert (await purge(database, KEPT))["webhook_delivery"] == 1


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize("table", ["webhook_delivery", "webhook_try"])
async def test_nobody_deletes_what_waits_or_is_young(table: str, role: str, direct: Direct) -> None:
    waits, young = (f"whe_{uuid4().hex}" for _ in range(2))
    await tried(direct, waits, "200 days", delivery=_PENDING)
    await tried(direct, young, "6 days")

    for name in (waits, young):
        with pytest.raises(asyncpg.RestrictViolationError):
            await direct.run(f"DELETE FROM {table} WHERE endpoint_id = '{name}'", role=role)
        assert await left(direct, name) == (1, 2)


async def test_a_purge_reads_no_whole_table(direct: Direct) -> None:
    await tried(direct, f"whe_{uuid4().hex}", "10 days", number=20_000)

    await direct.analyze("webhook_delivery", "webhook_try")

    scans = await direct.plan(_DELIVERIES, "('90 days', 1000)")

    assert "Seq Scan" not in scans, scans
