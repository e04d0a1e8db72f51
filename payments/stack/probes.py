"""Ask each part to do a little of its real work; an exception says what does not work yet."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2

from payments.stack.postgres import EmbeddedPostgres, psql
from payments.stack.supervisor import NotReady

_HTTP_TIMEOUT_S = 5.0

# Written and committed by one session, read back by the next, over TCP with the owner's password.
_COMMIT_A_ROW = """
CREATE SCHEMA IF NOT EXISTS stack_probe;
CREATE TABLE IF NOT EXISTS stack_probe.start (started_at timestamptz NOT NULL);
INSERT INTO stack_probe.start VALUES (now());
"""
_READ_IT_BACK = "SELECT count(*) FROM stack_probe.start; DROP SCHEMA stack_probe CASCADE;"


async def postgres(server: EmbeddedPostgres) -> None:
    """A row was committed and read back."""
    if not server.is_ready():
        raise NotReady("PostgreSQL does not take connections yet")
    await asyncio.to_thread(_commit_a_row, server)


def _commit_a_row(server: EmbeddedPostgres) -> None:
    server.ensure_roles()
    psql(server.owner_url, sql=_COMMIT_A_ROW)
    if psql(server.owner_url, sql=_READ_IT_BACK) == "0":
        raise NotReady("PostgreSQL has lost a committed row")


def health(url: str) -> Callable[[], Awaitable[None]]:
    """`GET /health` answers 200; where the answer names a state, it is `ready`."""

    async def probe() -> None:
        # Settings of the shell must not send a question about localhost through a proxy. And all
        # of it is plain HTTP: reading the trusted certificates would take 25 ms each time.
        client = httpx2.AsyncClient(timeout=_HTTP_TIMEOUT_S, trust_env=False, verify=False)
        async with client:
            answer = await client.get(f"{url}/health")
        if answer.status_code != httpx2.codes.OK:
            raise NotReady(f"{url}/health answers {answer.status_code}: {answer.text[:200]}")
        state = _state(answer)
        if state not in {None, "ready"}:
            raise NotReady(f"{url}/health says it is {state}")

    return probe


def written(path: Path) -> Callable[[], Awaitable[None]]:
    """The part has written its readiness file: the worker does when a workflow has gone through."""

    async def probe() -> None:
        if not path.exists():  # noqa: ASYNC240 - one look at a local file
            raise NotReady(f"{path.name} has not reported that it is ready")

    return probe


def _state(answer: httpx2.Response) -> object:
    try:
        body = answer.json()
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    data = body.get("data")
    return body.get("state") or (data.get("state") if isinstance(data, dict) else None)
