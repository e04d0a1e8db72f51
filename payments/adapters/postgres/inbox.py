"""Webhooks of providers in PostgreSQL: the table's key says what came before. Many go as one."""

import json
from collections.abc import Sequence
from typing import Final

import structlog
from pydantic import TypeAdapter, ValidationError

from payments.adapters.postgres.json_text import theirs
from payments.db.batch import Batch
from payments.db.session import Database, Row
from payments.ports.inbox import EventChanged, Inbound, InboundState, Kept
from payments.ports.provider import Told

_Stored = tuple[Inbound, InboundState, str]
_Known = tuple[bytes, InboundState]

# OFFSET 0 keeps the planner at the key, also with a plan from the days when the table was small.
_STORE: Final = """
    WITH come AS (
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
            $6::bytea[], $7::text[], $8::timestamptz[], $9::text[], $10::text[], $11::text[])
            AS come (provider, event_id, type, reference, operation, digest, body, received_at,
                state, note, told)
    ), kept AS (
        INSERT INTO inbound_event (provider, event_id, type, reference, operation, digest, body,
            received_at, state, note, told, look_at, settled_at)
        SELECT *, CASE state WHEN 'received' THEN now() + interval '10 seconds' END,
            CASE WHEN state <> 'received' THEN now() END
        FROM come
        ON CONFLICT DO NOTHING
        RETURNING provider, event_id, digest, state
    )
    SELECT * FROM kept
    UNION ALL
    SELECT come.provider, come.event_id, known.digest, known.state
    FROM come CROSS JOIN LATERAL (
        SELECT digest, state FROM inbound_event
        WHERE provider = come.provider AND event_id = come.event_id
        OFFSET 0
    ) AS known"""
_SETTLE: Final = """
    UPDATE inbound_event
    SET state = $3, note = $4, settled_at = CASE WHEN $3 <> 'received' THEN now() END
    WHERE provider = $1 AND event_id = $2 AND state = 'received'"""
# Who takes it puts it off at once, so that its end is nobody's business: a look that is lost with
# its worker is made again at the next time.
_DUE: Final = """
    UPDATE inbound_event AS event
    SET look_at = now() + least(interval '10 minutes',
        greatest(interval '10 seconds', (now() - event.received_at) / 2))
    FROM (
        SELECT provider, event_id, look_at FROM inbound_event
        WHERE state = 'received' AND look_at <= now()
        ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE event.provider = due.provider AND event.event_id = due.event_id
    RETURNING event.provider, event.event_id, event.told, event.received_at, event.look_at"""
_TOLD: Final = TypeAdapter(Told)

log = structlog.get_logger("webhooks")


class PostgresInbox:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch: Batch[_Stored, _Known | None] = Batch(self._write)

    async def store(
        self, event: Inbound, state: InboundState = InboundState.RECEIVED, note: str = ""
    ) -> InboundState:
        row = (event, state, theirs(note))
        known = None
        while known is None:
            # The same came at once from elsewhere: the next statement sees it.
            known = await self._batch.add(row)
        digest, state = known
        if digest != event.digest:
            raise EventChanged(f"{event.told.event_id} came before with another body")
        return state

    async def settle(self, provider: str, event_id: str, state: InboundState, note: str) -> None:
        await self._database.fetch(_SETTLE, provider, theirs(event_id), state, theirs(note))

    async def due(self, limit: int) -> Sequence[Kept]:
        rows = await self._database.fetch(_DUE, limit)
        return [kept for row in rows if (kept := _kept(row)) is not None]

    async def close(self) -> None:
        await self._batch.close()

    async def _write(self, rows: Sequence[_Stored]) -> Sequence[_Known | None]:
        # In one order, so that two processes with the same events wait for each other once.
        ordered = sorted(rows, key=lambda row: _key(row[0]))
        events = [event for event, _, _ in ordered]
        told = [event.told for event in events]
        found = await self._database.fetch(
            _STORE,
            [event.provider for event in events],
            [theirs(each.event_id) for each in told],
            [theirs(each.type) for each in told],
            [theirs(each.reference) for each in told],
            [each.operation for each in told],
            [event.digest for event in events],
            [theirs(event.body) for event in events],
            [event.received_at for event in events],
            [state for _, state, _ in ordered],
            [note for _, _, note in ordered],
            [_written(*each) for each in ordered],
        )
        known = {
            (row["provider"], row["event_id"]): (row["digest"], InboundState(row["state"]))
            for row in found
        }
        return [known.get(_key(event)) for event, _, _ in rows]


def _key(event: Inbound) -> tuple[str, str]:
    return event.provider, theirs(event.told.event_id)


def _written(event: Inbound, state: InboundState, note: str) -> str | None:  # noqa: ARG001
    """What it says, for who looks again; whatever they write is plain ASCII here."""
    if state is not InboundState.RECEIVED:
        return None
    return json.dumps(_TOLD.dump_python(event.told, mode="json"))


def _kept(row: Row) -> Kept | None:
    """None when another version of ours wrote it in another form."""
    try:
        told = _TOLD.validate_python(json.loads(row["told"]))
    except ValidationError:
        log.warning("webhook.unreadable", provider=row["provider"], event_id=row["event_id"])
        return None
    return Kept(row["provider"], told, row["received_at"], row["look_at"])
