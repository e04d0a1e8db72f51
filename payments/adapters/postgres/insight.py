"""What operators look up in PostgreSQL: each question is one statement."""

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from payments.adapters.postgres import payment_rows
from payments.db.session import Statements
from payments.domain.payment import Assessment, PaymentStatus
from payments.ports.inbox import InboundState
from payments.ports.insight import AskedProvider, KeptEvent, RoutedPayment, SentAttempt

_ROUTING: Final = """
    SELECT id, partner_id, status, assessment, decision, (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'number', number, 'provider', provider, 'challenge', challenge, 'outcome', outcome,
            'code', code, 'network_code', network_code, 'advice', advice, 'raw', raw,
            'provider_reference', provider_reference,
            'started_at', started_at, 'ended_at', ended_at) ORDER BY number), '[]')
        FROM payment_attempt WHERE payment_id = payment.id
    ) AS attempts
    FROM payment WHERE id = $1"""
# The index holds what is not applied; applied events are for whoever asks with psql.
_EVENTS: Final = """
    SELECT provider, event_id, type, reference, state, note, received_at, settled_at
    FROM inbound_event WHERE state = $1 ORDER BY received_at DESC, event_id LIMIT $2"""
_ASKED: Final = """
    SELECT provider, operation, reference, outcome, started_at FROM provider_call
    WHERE reference = ANY ($1::text[]) ORDER BY started_at, id"""
_ASSESSMENT: Final = TypeAdapter(Assessment)
_ATTEMPTS: Final = TypeAdapter(list[SentAttempt])


class PostgresInsight:
    """Insight over one database."""

    def __init__(self, database: Statements) -> None:
        self._database = database

    async def routing(self, payment_id: str) -> RoutedPayment | None:
        rows = await self._database.fetch(_ROUTING, payment_id)
        if not rows:
            return None
        [row] = rows
        return RoutedPayment(
            payment_id=row["id"],
            partner_id=row["partner_id"],
            status=PaymentStatus(row["status"]),
            assessment=_ASSESSMENT.validate_python(row["assessment"]),
            decision=payment_rows.decision(row),
            attempts=_ATTEMPTS.validate_python(row["attempts"]),
        )

    async def events(self, state: InboundState, limit: int) -> Sequence[KeptEvent]:
        return [
            KeptEvent(
                provider=row["provider"],
                event_id=row["event_id"],
                type=row["type"],
                reference=row["reference"],
                state=InboundState(row["state"]),
                note=row["note"],
                received_at=row["received_at"],
                settled_at=row["settled_at"],
            )
            for row in await self._database.fetch(_EVENTS, state, limit)
        ]

    async def asked(self, references: Sequence[str]) -> Sequence[AskedProvider]:
        rows = await self._database.fetch(_ASKED, references)
        return [AskedProvider(**row) for row in rows]
