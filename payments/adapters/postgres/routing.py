"""Routing rules, kill switches and provider health in PostgreSQL, read from memory."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import asyncpg
import orjson
import structlog

from payments.db.directory import Directory
from payments.db.session import Database, Row
from payments.domain.routing import Rule, RuleSet, Switch, Target
from payments.ports.record import RecordUnavailable

CHANNEL: Final = "routing"

_COLUMNS: Final = "version, rules, fallback, author, created_at"
_ACTIVE: Final = f"""
    SELECT {_COLUMNS} FROM routing_rules WHERE version = (
        SELECT version FROM routing_activation ORDER BY id DESC LIMIT 1
    )"""  # noqa: S608  # A constant of ours.
_VERSIONS: Final = f"SELECT {_COLUMNS} FROM routing_rules ORDER BY version DESC"  # noqa: S608
_SAVE: Final = f"""
    INSERT INTO routing_rules (version, rules, fallback, author)
    SELECT coalesce(max(version), 0) + 1, $1::jsonb, $2::jsonb, $3 FROM routing_rules
    RETURNING {_COLUMNS}"""  # noqa: S608
_ACTIVATE: Final = """
    INSERT INTO routing_activation (version, activated_by)
    SELECT version, $2 FROM routing_rules WHERE version = $1
    RETURNING version"""
_FLIP: Final = """
    INSERT INTO switch_flip (provider, method, country, is_on, flipped_by, why)
    VALUES ($1, $2, $3, $4, $5, $6)"""
_SWITCHES: Final = """
    SELECT DISTINCT ON (provider, method, country)
        provider, method, country, is_on, flipped_by, why, flipped_at
    FROM switch_flip ORDER BY provider, method, country, id DESC"""
# Half of at least five questions of the last minute without an answer: nobody is well like that.
UNWELL: Final = """
    SELECT provider FROM payment_attempt WHERE ended_at > now() - interval '1 minute'
    GROUP BY provider
    HAVING count(*) >= 5
        AND 2 * count(*) FILTER (WHERE outcome IN ('not_sent', 'unknown')) >= count(*)"""
_HEALTH_EVERY_S: Final = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Contents:
    active: RuleSet | None
    switches: tuple[Switch, ...]


class PostgresRouting:
    """What the router decides from, and where operators change it.

    Rules and switches are announced and so act at once; health is read every few seconds.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._directory = Directory(database, channel=CHANNEL, read=self._read)
        self._unwell: frozenset[str] = frozenset()
        self._examined_at = float("-inf")
        self._examining: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._directory.start()

    async def close(self) -> None:
        await self._directory.close()
        if self._examining is not None:
            await self._examining

    async def fresh(self) -> None:
        """Rules and switches are true when it returns. Raises RecordUnavailable."""
        if time.monotonic() - self._examined_at > _HEALTH_EVERY_S:
            # Nobody waits for it: health only demotes, and a payment can use the reading before.
            self._examined_at = time.monotonic()
            self._examining = asyncio.create_task(self._examine())
        await self._directory.fresh()

    def rules(self) -> RuleSet | None:
        return self._directory.current.active

    def switches(self) -> Sequence[Switch]:
        return self._directory.current.switches

    def unwell(self) -> frozenset[str]:
        return self._unwell

    async def save(self, rules: Sequence[Rule], fallback: Sequence[Target], author: str) -> RuleSet:
        """As the next version. Two who save at once get two versions."""
        told = orjson.dumps([asdict(rule) for rule in rules]).decode()
        last = orjson.dumps([asdict(target) for target in fallback]).decode()
        while True:
            try:
                rows = await self._database.fetch(_SAVE, told, last, author)
            except asyncpg.UniqueViolationError:
                continue  # Somebody else took this number.
            return _rule_set(rows[0])

    async def activate(self, version: int, by: str) -> None:
        """Raises LookupError."""
        if not await self._database.fetch(_ACTIVATE, version, by):
            raise LookupError(f"there is no version {version}")

    async def versions(self) -> Sequence[RuleSet]:
        """Newest first."""
        return [_rule_set(row) for row in await self._database.fetch(_VERSIONS)]

    async def flip(self, switch: Switch) -> None:
        named = (switch.provider, switch.method, switch.country)
        await self._database.fetch(_FLIP, *named, switch.on, switch.by, switch.why)

    async def _read(self) -> _Contents:
        active = await self._database.fetch(_ACTIVE)
        flips = await self._database.fetch(_SWITCHES)
        return _Contents(
            active=_rule_set(active[0]) if active else None,
            switches=tuple([_switch(row) for row in flips]),
        )

    async def _examine(self) -> None:
        try:
            rows = await self._database.fetch(UNWELL)
        except RecordUnavailable:
            return
        unwell = frozenset(row["provider"] for row in rows)
        if unwell != self._unwell:
            log.warning("providers.health", unwell=sorted(unwell))
        self._unwell = unwell


def _rule_set(row: Row) -> RuleSet:
    return RuleSet(
        version=row["version"],
        rules=tuple(
            Rule(rule["name"], rule["when"], _targets(rule["targets"])) for rule in row["rules"]
        ),
        fallback=_targets(row["fallback"]),
        author=row["author"],
        created_at=row["created_at"],
    )


def _targets(told: Sequence[dict[str, Any]]) -> tuple[Target, ...]:
    return tuple(Target(each["provider"], each["weight"]) for each in told)


def _switch(row: Row) -> Switch:
    return Switch(
        on=row["is_on"],
        by=row["flipped_by"],
        why=row["why"],
        at=row["flipped_at"],
        provider=row["provider"],
        method=row["method"],
        country=row["country"],
    )
