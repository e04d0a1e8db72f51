"""Bring a database to the newest version of the record, in one transaction."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from payments.db import grants

_SCRIPTS: Final = Path(__file__).with_name("migrations")
# Two processes that migrate at once do it one after the other. The number says "QUITTANC".
_LOCK: Final = int.from_bytes(b"QUITTANC", "big")


async def migrate(url: str) -> None:
    """Go up to the newest version. Doing it again changes nothing."""
    await _run(url, lambda config: command.upgrade(config, "head"), grants.statements())


async def go_up(url: str, revision: str) -> None:
    """Go up to `revision`, where the application may do nothing: what it may is the newest's."""
    await _run(url, lambda config: command.upgrade(config, revision), ())


async def go_back(url: str, revision: str) -> None:
    """Go down to `revision`; "base" leaves nothing. What the dropped tables held is lost."""
    await _run(url, lambda config: command.downgrade(config, revision), ())


async def _run(url: str, step: Callable[[Config], None], afterwards: Sequence[str]) -> None:
    def alembic(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(_SCRIPTS))
        config.attributes["connection"] = connection
        step(config)

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            # Behind another one that migrates, however long that takes.
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            # A migration that waits for a table makes everybody behind it wait as well.
            await connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            await connection.execute(text(grants.ENSURE_ROLE))
            await connection.run_sync(alembic)
            for statement in afterwards:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()
