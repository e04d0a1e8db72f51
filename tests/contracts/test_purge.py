"""The purge forgets what has served its time, and nothing else."""

from datetime import UTC, datetime, timedelta

from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.answers import PostgresAnswers
from payments.adapters.postgres.purge import purge
from payments.adapters.postgres.token_requests import PostgresTokenRequests
from payments.crypto import Vault
from payments.db.session import Database
from payments.ports.answers import Scope
from tests.contracts.direct import Direct


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

    assert await purge(database) == {"idempotency": 1, "token_request": 1, "revoked_token": 1}
    assert await purge(database) == {"idempotency": 0, "token_request": 0, "revoked_token": 0}


async def test_more_than_one_batch_goes_in_one_purge(database: Database, direct: Direct) -> None:
    await direct.run(
        """INSERT INTO token_request
        SELECT 'qk_1', number::text, now() - interval '1 hour'
        FROM generate_series(1, 2500) AS number"""
    )

    assert (await purge(database))["token_request"] == 2500
