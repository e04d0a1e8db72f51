"""Webhooks of providers in PostgreSQL: the table's key says what came before."""

from typing import Final

from payments.db.session import Database
from payments.ports.inbox import EventChanged, Inbound, InboundState

_STORE: Final = """
    WITH kept AS (
        INSERT INTO inbound_event (provider, event_id, type, reference, operation, digest, body,
            received_at, state, note, settled_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
            CASE WHEN $9::text <> 'received' THEN now() END)
        ON CONFLICT DO NOTHING
        RETURNING digest, state
    )
    SELECT digest, state FROM kept
    UNION ALL
    SELECT digest, state FROM inbound_event WHERE provider = $1 AND event_id = $2"""
_SETTLE: Final = """
    UPDATE inbound_event SET state = $3, note = $4, settled_at = now()
    WHERE provider = $1 AND event_id = $2 AND state = 'received'"""
# PostgreSQL's text holds no NUL character; U+FFFD is what Unicode has for one that is lost.
_NUL: Final = str.maketrans({"\0": "\ufffd"})


class PostgresInbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(
        self, event: Inbound, state: InboundState = InboundState.RECEIVED, note: str = ""
    ) -> InboundState:
        while True:
            rows = await self._database.fetch(
                _STORE,
                *(event.provider, _text(event.event_id), _text(event.type)),
                _text(event.reference) if event.reference is not None else None,
                event.operation,
                event.digest,
                _text(event.body),
                event.received_at,
                state,
                _text(note),
            )
            if not rows:
                continue  # The same came at once from elsewhere: the next statement sees it.
            if rows[0]["digest"] != event.digest:
                raise EventChanged(f"{event.event_id} came before with another body")
            return InboundState(rows[0]["state"])

    async def settle(self, provider: str, event_id: str, state: InboundState, note: str) -> None:
        await self._database.fetch(_SETTLE, provider, _text(event_id), state, _text(note))


def _text(theirs: str) -> str:
    return theirs.encode(errors="replace").decode().translate(_NUL)
