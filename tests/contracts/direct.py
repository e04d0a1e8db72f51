"""SQL past all of our code: as the application's role, as the owner, as a superuser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from payments.stack.postgres import DatabaseUrls, EmbeddedPostgres

# Nobody listens there, and no other test's server is ever given that port.
NOWHERE: Final = "postgresql://nobody:x@127.0.0.1:1/nothing"


class Direct:
    """Connections of their own: what they see is committed."""

    def __init__(self, urls: DatabaseUrls, server: EmbeddedPostgres) -> None:
        self._urls = urls
        self._server = server
        # One for each role, as to open one costs more than what most tests do with it.
        self._kept: dict[str, Any] = {}
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def connection(self, role: str = "owner") -> AsyncIterator[Any]:
        """One that nobody else has, or has after it."""
        connection = await self._connect(role)
        try:
            yield connection
        finally:
            await connection.close()

    async def close(self) -> None:
        for connection in self._kept.values():
            await connection.close()

    async def run(self, script: str, *, role: str = "owner") -> None:
        """One or more statements in one transaction, committed."""
        async with self._shared(role) as connection, connection.transaction():
            await connection.execute(script)

    async def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        async with self._shared() as connection:
            return [tuple(row) for row in await connection.fetch(query, *parameters)]

    async def value(self, query: str, *parameters: object) -> Any:
        async with self._shared() as connection:
            return await connection.fetchval(query, *parameters)

    async def analyze(self, *tables: str) -> None:
        """As the database does by itself, sooner or later."""
        async with self.connection() as connection:
            await connection.execute(f"VACUUM ANALYZE {', '.join(tables)}")

    async def plan(self, statement: str, values: str = "", *, mode: str = "generic") -> str:
        """How the statement would be done: its "generic" plan, or a "custom" one for the values."""
        async with self.connection() as connection:
            await connection.execute(f"SET plan_cache_mode = force_{mode}_plan")
            await connection.execute(f"PREPARE asked AS {statement}")
            lines = await connection.fetch(f"EXPLAIN EXECUTE asked {values}")
        return "\n".join(line[0] for line in lines)

    def as_superuser(self, script: str) -> str:
        return self._server.execute(script, database=self._urls.name)

    async def calls(self) -> dict[str, int]:
        """The application's round trips since forget_calls(): each statement and how often it ran.

        What a guard reads when the transaction commits is marked so, and is no round trip. Nor is
        counted what the driver asks of types, once for each connection.
        """
        rows = await self.rows(
            """SELECT query, calls FROM pg_stat_statements
            WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND userid = 'quittance_app'::regrole AND query NOT LIKE '%/* guard */%'
            AND query !~ 'typeinfo_tree|set_config'"""
        )
        return dict(rows)

    def forget_calls(self) -> None:
        self.as_superuser("SELECT pg_stat_statements_reset();")

    @asynccontextmanager
    async def _shared(self, role: str = "owner") -> AsyncIterator[Any]:
        async with self._one_at_a_time:
            if role not in self._kept:
                self._kept[role] = await self._connect(role)
            yield self._kept[role]

    async def _connect(self, role: str) -> Any:
        url = {"app": self._urls.app_url, "owner": self._urls.owner_url}[role]
        return await asyncpg.connect(url, timeout=60)
