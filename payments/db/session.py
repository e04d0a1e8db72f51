"""The one way to PostgreSQL: single statements and short transactions that always run to their end.

A statement or transaction runs in a task of its own, shielded from its caller. A cancelled request
therefore never leaves a half-done transaction on a pooled connection (sqlalchemy#13381: later
commits on it would reach only a savepoint). SQLAlchemy's engine keeps the pool; statements go to
the driver itself, which costs a third of the time and makes one statement exactly one round trip.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeVar

import asyncpg
import orjson
import structlog
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import create_async_engine

from payments.ports.record import RecordUnavailable

Row = Mapping[str, Any]
Rows = Sequence[Row]
T = TypeVar("T")

_log = structlog.get_logger(__name__)

# The server gives up first and says why; the client's own limit is for a server that is not there.
_CLIENT_GRACE_S: Final = 1.0
# SQLSTATE classes and states after which asking again can help: the server was not able, not
# unwilling. 08 connection · 40 rolled back · 53 no resources · 57 intervention, time-outs.
_TRANSIENT_CLASSES: Final = frozenset({"08", "40", "53", "57"})
# A lock not had in time · a transaction that idled or lasted too long · a read-only standby.
_TRANSIENT_STATES: Final = frozenset({"55P03", "25P03", "25P04", "25006"})
_TRANSIENT_ERRORS: Final = (
    OSError,
    TimeoutError,
    # A migration changed a table under a prepared statement; the driver prepares it anew next time.
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)


class Statements(Protocol):
    """Something that runs a statement: the database itself, or one transaction on it."""

    async def fetch(self, statement: str, *parameters: object) -> Rows:
        """Run one statement with its `$1` parameters. JSON goes in as text, comes out parsed."""


class Database:
    """A bounded pool of connections to one database."""

    def __init__(self, url: str, *, pool_size: int = 10, timeout_s: float = 5.0) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._running: set[asyncio.Task[Any]] = set()
        # Connections opened before this moment are suspect: one of them has just broken.
        self._suspect_before = 0.0
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self.connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=timeout_s,
            pool_use_lifo=True,  # The connection used last has its statements prepared.
            pool_reset_on_return=None,  # _give_back sees for itself that nothing is open.
            json_deserializer=orjson.loads,
        )
        event.listen(self._engine.sync_engine, "connect", _note_age)
        event.listen(self._engine.sync_engine, "checkout", self._replace_broken)

    async def fetch(self, statement: str, *parameters: object) -> Rows:
        """One statement, committed when it returns: one round trip, no BEGIN and no COMMIT."""
        return await self._to_its_end(self._fetch(statement, parameters))

    async def in_transaction(self, work: Callable[[Statements], Awaitable[T]]) -> T:
        """BEGIN, the work, COMMIT. Anything the work raises rolls it back."""
        return await self._to_its_end(self._transact(work))

    async def connect(self) -> Any:
        """A connection outside the pool, for whoever needs one for a long time."""
        limit_ms = str(int(self._timeout_s * 1000))
        return await asyncpg.connect(
            self._url,
            timeout=self._timeout_s,
            command_timeout=self._timeout_s + _CLIENT_GRACE_S,
            max_cached_statement_lifetime=0,  # Preparing again would cost a round trip.
            server_settings={
                "application_name": "quittance",
                "jit": "off",
                "timezone": "UTC",
                "statement_timeout": limit_ms,
                "lock_timeout": limit_ms,
                "idle_in_transaction_session_timeout": limit_ms,
            },
        )

    async def close(self) -> None:
        """Let what runs come to its end, then close every connection."""
        while self._running:
            await asyncio.wait(set(self._running))
        await self._engine.dispose()

    async def _fetch(self, statement: str, parameters: tuple[object, ...]) -> Rows:
        async with self._connection() as connection:
            rows: Rows = await connection.fetch(statement, *parameters)
            return rows

    async def _transact(self, work: Callable[[Statements], Awaitable[T]]) -> T:
        async with self._connection() as connection:
            await connection.execute("BEGIN")
            try:
                result = await work(connection)
            except BaseException:
                if not connection.is_closed():
                    await connection.execute("ROLLBACK")
                raise
            # After an error that the work swallowed, the server answers COMMIT with ROLLBACK.
            done = await connection.execute("COMMIT")
            assert done == "COMMIT", "a transaction that failed was to be committed"
            return result

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.get_running_loop().create_task(work)
        # The loop itself holds tasks only weakly.
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_log_abandoned)
            raise

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            pooled = await self._engine.raw_connection()
        except Exception as error:
            raise RecordUnavailable("no database connection in time") from error
        driver = pooled.driver_connection
        assert driver is not None
        try:
            yield driver
        except Exception as error:
            if not _is_transient(error, driver):
                raise
            if isinstance(error, TimeoutError) or driver.is_closed():
                self._suspect_before = time.monotonic()
                driver.terminate()
            raise RecordUnavailable("the database did not answer") from error
        except BaseException:
            driver.terminate()
            raise
        finally:
            if driver.is_closed() or driver.is_in_transaction():
                driver.terminate()
                pooled.invalidate()
            pooled.close()

    def _replace_broken(self, _connection: Any, record: Any, _pooled: Any) -> None:
        """At check-out, and without a round trip: the driver has seen a closed connection close."""
        driver = record.driver_connection
        if driver.is_closed() or record.info["opened_at"] < self._suspect_before:
            driver.terminate()
            raise DisconnectionError("opened before the database went away")


def _note_age(_connection: Any, record: Any) -> None:
    record.info["opened_at"] = time.monotonic()


def _is_transient(error: Exception, driver: Any) -> bool:
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, _TRANSIENT_ERRORS):
        state = error.sqlstate or ""
        return state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES
    # The driver has no class of its own for "the connection closed under this statement".
    return isinstance(error, _TRANSIENT_ERRORS) or bool(driver.is_closed())


def _log_abandoned(task: asyncio.Task[Any]) -> None:
    """Nobody waits for this task any more, so its failure is said here or nowhere."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("database.abandoned_work_failed", error=repr(error))
