"""Disputes in PostgreSQL: the payment's row puts them in one line with its refunds."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import asyncpg

from payments.adapters.postgres import dispute_rows, dispute_sql
from payments.adapters.postgres.incidents import PostgresIncidents
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payment_rows import unit
from payments.db.session import Database, Row
from payments.domain import dispute_ledger, ids
from payments.domain.codes import Code
from payments.domain.dispute import (
    UNANSWERED,
    Dispute,
    DisputeStatus,
    Response,
    ResponseOrder,
    ResponseState,
    Seen,
    Sighting,
    Unopened,
    steps,
    taken_minor,
)
from payments.domain.dispute_events import event_of
from payments.domain.money import Money
from payments.domain.payment import FINAL, PaymentStatus
from payments.ports.disputes import DisputeFilter
from payments.ports.incidents import Incident, IncidentKind
from payments.ports.record import RecordUnavailable

# One sighting is three moves at the most; rivals are few.
_WRITE_ATTEMPTS: Final = 8
_NOTHING: Final[tuple[object, ...]] = (None, None, None, [], [], [])


class PostgresDisputes:
    def __init__(self, database: Database, ledger: PostgresLedger) -> None:
        self._database = database
        self._ledger = ledger
        self._incidents = PostgresIncidents(database)

    async def see(self, sighting: Sighting) -> Seen:
        seen = await self._brought_there(sighting)
        if seen.dispute is not None:
            for fee in sighting.found.other_fees:
                await self._incidents.record(_unbooked(seen.dispute, fee))
        return seen

    async def _brought_there(self, sighting: Sighting) -> Seen:
        dispute_id = sighting.order.dispute_id
        for _ in range(_WRITE_ATTEMPTS):
            rows = await self._database.fetch(dispute_sql.BY_ID, dispute_id)
            if not rows:
                unopened = await self._open(sighting)
                if unopened is not None:
                    return Seen(unopened=unopened)
                continue
            standing = dispute_rows.dispute(rows[0])
            way = steps(standing.status, sighting.found.status)
            if way is None or standing.amount != sighting.found.amount:
                return Seen(standing, contradicts=True)
            if not way and _says_nothing_new(standing, sighting):
                return Seen(standing)
            await self._move(rows[0], sighting, way[0] if way else standing.status)
        raise RecordUnavailable(f"{dispute_id} was not brought forward: too many rivals")

    async def remind(self, dispute_id: str, number: int, *, last: bool) -> Dispute:
        for _ in range(_WRITE_ATTEMPTS):
            row = await self._row(dispute_id)
            standing = dispute_rows.dispute(row)
            if standing.reminded >= number or not standing.can_be_answered:
                return standing
            await self._database.fetch(
                dispute_sql.REMIND,
                *(dispute_id, row["told"], number),
                *(dispute_rows.told(standing, last=last), unit(standing.amount.currency)),
            )
        raise RecordUnavailable(f"{dispute_id} was not told of: too many rivals")

    async def answer(self, order: ResponseOrder) -> Dispute | Code:
        rows = await self._database.fetch(
            dispute_sql.RESPOND,
            *(order.dispute_id, order.response, order.version, order.at),
            sorted(UNANSWERED),
        )
        if rows:
            return dispute_rows.dispute(rows[0])
        rows = await self._database.fetch(
            dispute_sql.OBSTACLE, order.dispute_id, order.version, order.at
        )
        if not rows:
            raise LookupError(f"{order.dispute_id} was never opened")
        return _obstacle(rows[0], order)

    async def answered(
        self, dispute_id: str, response: Response, version: int | None, state: ResponseState
    ) -> Dispute:
        rows = await self._database.fetch(
            dispute_sql.RESPONDED, dispute_id, response, version, state
        )
        return dispute_rows.dispute(rows[0] if rows else await self._row(dispute_id))

    async def unfinished(self, after: str | None, most: int) -> Sequence[Dispute]:
        rows = await self._database.fetch(dispute_sql.UNFINISHED, after, most)
        return [dispute_rows.dispute(row) for row in rows]

    async def find(self, partner_id: str, dispute_id: str) -> Dispute | None:
        rows = await self._database.fetch(dispute_sql.FIND, partner_id, dispute_id)
        return dispute_rows.dispute(rows[0]) if rows else None

    async def named(self, dispute_id: str) -> Dispute | None:
        rows = await self._database.fetch(dispute_sql.BY_ID, dispute_id)
        return dispute_rows.dispute(rows[0]) if rows else None

    async def list(self, partner_id: str | None, wanted: DisputeFilter) -> Sequence[Dispute]:
        rows = await self._database.fetch(
            dispute_sql.LIST,
            *(partner_id, wanted.status, wanted.payment_id, wanted.after, wanted.limit),
        )
        return [dispute_rows.dispute(row) for row in rows]

    async def _open(self, sighting: Sighting) -> Unopened | None:
        """As it began: what has happened since follows, move by move."""
        found = sighting.found
        about = await self._about(sighting)
        if about is None:
            return Unopened.NO_PAYMENT
        captured = Money(about["captured_minor"], about["currency"])
        if found.amount.currency != captured.currency:
            return Unopened.OTHER_MONEY
        if found.amount.minor > captured.minor:
            is_over = PaymentStatus(about["status"]) in FINAL
            return Unopened.OTHER_MONEY if is_over else Unopened.NO_MONEY_YET
        first = (steps(None, found.status) or (found.status,))[0]
        dispute = dispute_rows.opened(sighting, about, first)
        data = dispute_rows.told(dispute)
        # Another one has just opened it? Then it is looked at again.
        with suppress(asyncpg.UniqueViolationError):
            await self._database.fetch(
                dispute_sql.OPEN,
                *await self._posting(dispute, sequence=1, before=0),
                *(dispute_rows.opening(dispute), data, unit(found.amount.currency)),
            )
        return None

    async def _about(self, sighting: Sighting) -> Row | None:
        reference = sighting.found.payment or ""
        try:
            payment_id = ids.payment_of_attempt(reference)
            number = int(reference.rpartition("-")[2])
        except ValueError:
            return None
        if number >= 2**31:
            return None
        rows = await self._database.fetch(
            dispute_sql.ABOUT, payment_id, number, sighting.order.provider
        )
        return rows[0] if rows else None

    async def _move(self, row: Row, sighting: Sighting, status: DisputeStatus) -> None:
        """One step; nothing when somebody else was faster."""
        standing, found = dispute_rows.dispute(row), sighting.found
        moved = replace(
            standing,
            status=status,
            fee_minor=found.fee.minor,
            taken_minor=taken_minor(status, found.amount, found.fee),
            due_at=found.due_at,
            updated_at=sighting.at,
        )
        await self._database.fetch(
            dispute_sql.MOVE,
            *await self._posting(moved, sequence=row["told"] + 1, before=standing.taken_minor),
            dispute_rows.move(standing, moved, row["told"]),
            dispute_rows.told(moved),
            unit(found.amount.currency),
            event_of(status),
        )

    async def _posting(self, dispute: Dispute, *, sequence: int, before: int) -> tuple[object, ...]:
        posting = dispute_ledger.withdrawn(
            dispute.dispute_id,
            sequence=sequence,
            status=dispute.status,
            partner_id=dispute.partner_id,
            provider=dispute.provider,
            more=Money(dispute.taken_minor - before, dispute.amount.currency),
        )
        return _NOTHING if posting is None else await self._ledger.parameters(posting)

    async def _row(self, dispute_id: str) -> Row:
        rows = await self._database.fetch(dispute_sql.BY_ID, dispute_id)
        if not rows:
            raise LookupError(f"{dispute_id} was never opened")
        return rows[0]


def _says_nothing_new(standing: Dispute, sighting: Sighting) -> bool:
    found = sighting.found
    return (standing.fee_minor, standing.due_at) == (found.fee.minor, found.due_at)


def _unbooked(standing: Dispute, fee: Money) -> Incident:
    return Incident(
        *(IncidentKind.FEE_UNBOOKED, standing.partner_id, standing.dispute_id),
        f"fee of {fee} {fee.currency} at {standing.provider}",
    )


def _obstacle(row: Row, order: ResponseOrder) -> Dispute | Code:
    """Why it is not answered now; the dispute when this very answer was given before."""
    standing = dispute_rows.dispute(row)
    if standing.response_state in (ResponseState.SENDING, ResponseState.TAKEN):
        is_same = (standing.response, standing.response_version) == (order.response, order.version)
        return standing if is_same else Code.DISPUTE_ANSWERED
    if standing.status not in UNANSWERED:
        return Code.DISPUTE_STATE
    return Code.EVIDENCE_TOO_LATE if row["is_too_late"] else Code.EVIDENCE_MISSING
