"""A test's own connection to the record: opened when it is needed, and again after an outage."""

import asyncio
from typing import Any, Final

import asyncpg

_LOST: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
)
_WITHIN_S: Final = 60


class Connection:
    """Opening one costs as much as twenty questions, so one is kept; nobody asks two at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: Any = None
        self._mine = asyncio.Lock()

    async def fetch(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        async with self._mine:
            if self._open is not None:
                # It may have been lost since the last question.
                try:
                    await self._open.execute("SELECT")
                except _LOST:
                    self.close()
            rows = await (await self._opened()).fetch(statement, *parameters)
        return [dict(row) for row in rows]

    async def write(self, *statements: tuple[object, ...]) -> None:
        """All of them or none: each is its text and its parameters."""
        async with self._mine:
            connection = await self._opened()
            async with connection.transaction():
                for statement, *parameters in statements:
                    await connection.execute(str(statement), *parameters)

    def close(self) -> None:
        if self._open is not None:
            self._open.terminate()
            self._open = None

    async def _opened(self) -> Any:
        if self._open is None:
            self._open = await asyncpg.connect(self._url, timeout=_WITHIN_S)
        return self._open
