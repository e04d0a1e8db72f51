"""Refunds in PostgreSQL: the payment's row guards what is set aside, whoever asks at once."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from typing import Final

import asyncpg

from payments.adapters.postgres import refund_legs
from payments.adapters.postgres.json_text import json_text, theirs
from payments.adapters.postgres.ledger import WRITE_POSTING, PostgresLedger
from payments.adapters.postgres.payment_rows import rfc3339
from payments.db.session import Database, Row, Statements
from payments.domain import card_ledger
from payments.domain.card import Decline
from payments.domain.card_events import REFUND_EVENTS
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.ledger import Posting
from payments.domain.money import Money
from payments.domain.refund import Refund, RefundOrder, RefundStatus, Reserved
from payments.ports.payments import MoveRefused
from payments.ports.record import RecordUnavailable

# The lock of the payment's row puts all refunds of a payment in a line, and each sees what those
# before it have left. A refund of this name that begins at the same moment breaks the statement as
# a whole, by the table's key, and nothing stays set aside twice.
_RESERVE: Final = """
    WITH due AS (
        UPDATE payment SET refund_reserved_minor = refund_reserved_minor + $5
        WHERE id = $2 AND partner_id = $3 AND currency = $6
            AND captured_minor - refunded_minor - refund_reserved_minor - disputed_minor
                - paid_out_minor >= $5
            AND open_disputes = 0
            AND now() < $10
            AND NOT EXISTS (
                SELECT FROM refund WHERE id = $1 OR (partner_id = $3 AND reference = $4)
            )
        RETURNING provider
    )
    INSERT INTO refund (id, payment_id, partner_id, reference, amount_minor, currency, provider,
        reason, trace, created_at)
    SELECT $1, $2, $3, $4, $5, $6, due.provider, $7, $8, $9 FROM due
    RETURNING id"""
_OBSTACLE: Final = """
    SELECT payment.captured_minor, payment.open_disputes, refund.id, refund.payment_id,
        refund.amount_minor, refund.currency, refund.payout_id, refund.trace,
        now() >= $5 AS is_late
    FROM (SELECT) AS always
    LEFT JOIN payment ON payment.id = $2 AND payment.partner_id = $3
    LEFT JOIN refund ON refund.id = $1 OR (refund.partner_id = $3 AND refund.reference = $4)"""
# A posting's subject, $2, is the refund's id.
_SUSPEND: Final = f"""
    WITH due AS (
        UPDATE refund SET suspended_at = now()
        WHERE id = $2 AND status = 'pending' AND suspended_at IS NULL
        RETURNING id
    ), {WRITE_POSTING}
    SELECT id FROM due"""
_SETTLE: Final = f"""
    WITH due AS (
        UPDATE refund SET status = $8, code = $9, provider_reference = $10, settled_at = now()
        WHERE id = $7 AND status = 'pending' AND (suspended_at IS NOT NULL) = $11
        RETURNING *
    ), back AS (
        UPDATE payment SET refund_reserved_minor = refund_reserved_minor - due.amount_minor,
            refunded_minor = refunded_minor
                + CASE due.status WHEN 'succeeded' THEN due.amount_minor ELSE 0 END
        FROM due WHERE payment.id = due.payment_id
    ), {WRITE_POSTING}, told AS (
        INSERT INTO event
            (partner_id, object_type, object_id, sequence, type, previous_status, data)
        SELECT due.partner_id, 'refund', due.id, 1, $12, 'pending', $13::jsonb FROM due
    )
    SELECT * FROM due"""
_BY_ID: Final = "SELECT * FROM refund WHERE id = $1"
_FIND: Final = "SELECT * FROM refund WHERE partner_id = $1 AND id = $2"
_OF_PAYMENT: Final = """
    SELECT * FROM refund WHERE partner_id = $1 AND payment_id = $2 ORDER BY created_at, id"""
# Read by the index of what is pending, from where the last page ended.
UNFINISHED: Final = """
    SELECT * FROM refund
    WHERE status = 'pending' AND payout_id IS NULL AND (created_at, id) > (
        coalesce((SELECT created_at FROM refund WHERE id = $1), '-infinity'), coalesce($1, ''))
    ORDER BY created_at, id LIMIT $2"""
_NOTHING: Final[tuple[object, ...]] = (None, None, None, [], [], [])
_WRITE_ATTEMPTS: Final = 3


class PostgresRefunds:
    def __init__(self, database: Database, ledger: PostgresLedger) -> None:
        self._database = database
        self._ledger = ledger

    async def reserve(self, order: RefundOrder) -> Reserved | Code:
        if order.payout_id is not None:
            return await self._reserve_leg(order)
        names = (order.refund_id, order.payment_id, order.partner_id, order.reference)
        try:
            rows = await self._database.fetch(
                _RESERVE,
                *names,
                *(order.amount.minor, order.amount.currency),
                *(order.reason, order.trace, order.created_at, order.deadline),
            )
        except asyncpg.UniqueViolationError:
            rows = []
        if rows:
            return Reserved.NOW
        [row] = await self._database.fetch(_OBSTACLE, *names, order.deadline)
        return _obstacle(row, order)

    async def _reserve_leg(self, order: RefundOrder) -> Reserved | Code:
        # Before the transaction: it may open accounts, over a connection of its own.
        posting = await self._ledger.parameters(card_ledger.leg_refused(order))

        async def work(statements: Statements) -> Reserved | Code:
            return await refund_legs.begin(statements, order, posting)

        return await self._database.in_transaction(work)

    async def suspend(self, order: RefundOrder) -> None:
        row = await self._standing(order)
        posting = card_ledger.refund_suspended(order, row["provider"])
        await self._database.fetch(_SUSPEND, *await self._ledger.parameters(posting))

    async def settle(
        self, order: RefundOrder, status: RefundStatus, answer: Answer, decline: Decline | None
    ) -> Refund:
        assert status is not RefundStatus.PENDING, "only a known outcome is settled"
        code = None
        if status is RefundStatus.FAILED:
            code = decline.code if decline else Code.REFUND_FAILED
        for _ in range(_WRITE_ATTEMPTS):
            row = await self._standing(order)
            if row["status"] != RefundStatus.PENDING:
                if row["status"] != status:
                    raise MoveRefused(f"{order.refund_id} is {row['status']} for ever")
                return _refund(row)
            posting = _posting(order, row, status)
            rows = await self._database.fetch(
                _SETTLE,
                *(_NOTHING if posting is None else await self._ledger.parameters(posting)),
                *(order.refund_id, status, code, theirs(answer.reference)),
                row["suspended_at"] is not None,
                REFUND_EVENTS[status],
                _told(order, status, code),
            )
            if rows:
                return _refund(rows[0])
        raise RecordUnavailable(f"{order.refund_id} was not settled: too many rivals")

    async def find(self, partner_id: str, refund_id: str) -> Refund | None:
        rows = await self._database.fetch(_FIND, partner_id, refund_id)
        return _refund(rows[0]) if rows else None

    async def named(self, refund_id: str) -> Refund | None:
        rows = await self._database.fetch(_BY_ID, refund_id)
        return _refund(rows[0]) if rows else None

    async def of_payment(self, partner_id: str, payment_id: str) -> Sequence[Refund]:
        rows = await self._database.fetch(_OF_PAYMENT, partner_id, payment_id)
        return [_refund(row) for row in rows]

    async def unfinished(self, after: str | None, most: int) -> Sequence[Refund]:
        return [_refund(row) for row in await self._database.fetch(UNFINISHED, after, most)]

    async def _standing(self, order: RefundOrder) -> Row:
        """The row as it is. Raises LookupError when it was never reserved like this."""
        rows = await self._database.fetch(_BY_ID, order.refund_id)
        if not rows or _agreed(rows[0]) != _asked(order):
            raise LookupError(f"{order.refund_id} was never reserved like this")
        return rows[0]


def _posting(order: RefundOrder, row: Row, status: RefundStatus) -> Posting | None:
    suspended = row["suspended_at"] is not None
    if status is RefundStatus.SUCCEEDED:
        return card_ledger.refunded(order, row["provider"], from_suspense=suspended)
    return card_ledger.refund_returned(order, row["provider"], from_suspense=suspended)


def _obstacle(row: Row, order: RefundOrder) -> Reserved | Code:
    """Why nothing was set aside."""
    if row["id"] is not None:
        is_same = (*_agreed(row), row["trace"]) == (*_asked(order), order.trace)
        return Reserved.BEFORE if is_same else Code.REFERENCE_USED
    if row["is_late"]:
        return Code.ENGINE_UNAVAILABLE
    if row["captured_minor"] is None:
        return Code.PAYMENT_UNKNOWN
    if row["open_disputes"]:
        return Code.PAYMENT_DISPUTED
    return Code.REFUND_TOO_LARGE if row["captured_minor"] else Code.REFUND_NOT_POSSIBLE


def _agreed(row: Row) -> tuple[object, ...]:
    return row["payment_id"], row["amount_minor"], row["currency"], row["payout_id"]


def _asked(order: RefundOrder) -> tuple[object, ...]:
    return order.payment_id, order.amount.minor, order.amount.currency, order.payout_id


def _refund(row: Row) -> Refund:
    return Refund(
        refund_id=row["id"],
        payment_id=row["payment_id"],
        partner_id=row["partner_id"],
        reference=row["reference"],
        amount=Money(row["amount_minor"], row["currency"]),
        status=RefundStatus(row["status"]),
        code=Code(row["code"]) if row["code"] else None,
        provider_reference=row["provider_reference"],
        reason=row["reason"],
        created_at=row["created_at"],
        trace=row["trace"],
        payout_id=row["payout_id"],
    )


def _told(order: RefundOrder, status: RefundStatus, code: Code | None) -> str:
    """The data of refund.succeeded and refund.failed, with the partner API's names and forms."""
    data: dict[str, object] = {
        "id": order.refund_id,
        "paymentId": order.payment_id,
        "reference": order.reference,
        "amount": str(order.amount),
        "currency": order.amount.currency,
        "status": status,
        "createdAt": rfc3339(order.created_at),
    }
    if code is not None:
        data |= {"declineCode": code, "declineReason": code.meaning.reason}
    if order.reason is not None:
        data["reason"] = order.reason
    if order.payout_id is not None:
        data["payoutId"] = order.payout_id
    return json_text(data)
