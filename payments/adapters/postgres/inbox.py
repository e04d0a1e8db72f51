"""Webhooks of providers in PostgreSQL: the table's key says what came before. Many go as one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from payments.db.batch import Batch
from payments.db.session import Database
from payments.ports.inbox import EventChanged, Inbound, InboundState

_Stored = tuple[Inbound, InboundState, str]
_Known = tuple[bytes, InboundState]

# OFFSET 0 keeps the planner at the key, also with a plan from the days when the table was small.
_STORE: Final = """
    WITH come AS (
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
            $6::bytea[], $7::text[], $8::timestamptz[], $9::text[], $10::text[])
            AS come (provider, event_id, type, reference, operation, digest, body, received_at,
                state, note)
    ), kept AS (
        INSERT INTO inbound_event (provider, event_id, type, reference, operation, digest, body,
            received_at, state, note, settled_at)
        SELECT *, CASE WHEN state <> 'received' THEN now() END FROM come
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
    UPDATE inbound_event SET state = $3, note = $4, settled_at = now()
    WHERE provider = $1 AND event_id = $2 AND state = 'received'"""
# PostgreSQL's text holds no NUL character; U+FFFD is what Unicode has for one that is lost.
_NUL: Final = str.maketrans({"\0": "\ufffd"})


class PostgresInbox:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch: Batch[_Stored, _Known | None] = Batch(self._write)

    async def store(
        self, event: Inbound, state: InboundState = InboundState.RECEIVED, note: str = ""
    ) -> InboundState:
        row = (_writable(event), state, _text(note))
        known = None
        while known is None:
            # The same came at once from elsewhere: the next statement sees it.
            known = await self._batch.add(row)
        digest, state = known
        if digest != event.digest:
            raise EventChanged(f"{event.event_id} came before with another body")
        return state

    async def settle(self, provider: str, event_id: str, state: InboundState, note: str) -> None:
        await self._database.fetch(_SETTLE, provider, _text(event_id), state, _text(note))

    async def close(self) -> None:
        await self._batch.close()

    async def _write(self, rows: Sequence[_Stored]) -> Sequence[_Known | None]:
        # In one order, so that two processes with the same events wait for each other once.
        ordered = sorted(rows, key=lambda row: _key(row[0]))
        events = [event for event, _, _ in ordered]
        found = await self._database.fetch(
            _STORE,
            [event.provider for event in events],
            [event.event_id for event in events],
            [event.type for event in events],
            [event.reference for event in events],
            [event.operation for event in events],
            [event.digest for event in events],
            [event.body for event in events],
            [event.received_at for event in events],
            [state for _, state, _ in ordered],
            [note for _, _, note in ordered],
        )
        known = {
            (row["provider"], row["event_id"]): (row["digest"], InboundState(row["state"]))
            for row in found
        }
        return [known.get(_key(event)) for event, _, _ in rows]


def _key(event: Inbound) -> tuple[str, str]:
    return event.provider, event.event_id


def _writable(event: Inbound) -> Inbound:
    return replace(
        event,
        event_id=_text(event.event_id),
        type=_text(event.type),
        reference=None if event.reference is None else _text(event.reference),
        body=_text(event.body),
    )


def _text(theirs: str) -> str:
    return theirs.encode(errors="replace").decode().translate(_NUL)
