"""Cases in PostgreSQL: read model, ledger posting and event in one statement."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from typing import Final

from payments.adapters.postgres.json_text import json_text
from payments.adapters.postgres.ledger import WRITE_POSTING, PostgresLedger
from payments.adapters.postgres.payment_rows import rfc3339
from payments.db.session import Database, Row
from payments.domain import case_ledger, ids
from payments.domain.case import (
    Case,
    CaseEnd,
    CaseFound,
    CasePolicy,
    CaseReason,
    CaseStatus,
    Opened,
    policy_for,
)
from payments.domain.case_events import CASE_CLOSED, CASE_OPENED
from payments.domain.money import Money
from payments.ports.cases import CaseFilter
from payments.ports.payments import MoveRefused


def _tell(event: str, previous: str, data: str) -> str:
    return f"""
told AS (
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, previous_status, data)
    SELECT due.partner_id, 'case', due.id, due.told, '{event}', {previous}, {data}::jsonb FROM due
)"""


# $7 is the case; $8 the attempt's number, $9 whether the provider took this receipt for the
# payment: then it is a case only if the payment has ended without it, and no final state is left.
_OPEN: Final = f"""
    WITH found AS (
        SELECT * FROM jsonb_to_record($7::jsonb) AS found (id text, payment_id text, attempt text,
            provider text, receipt text, reason text, amount bigint, currency text, policy text,
            received_at timestamptz, opened_at timestamptz)
    ), due AS (
        INSERT INTO payment_case (id, payment_id, partner_id, reference, attempt, provider,
            receipt, reason, amount_minor, currency, policy, received_at, opened_at)
        SELECT found.id, payment.id, payment.partner_id, payment.reference, found.attempt,
            found.provider, found.receipt, found.reason, found.amount, found.currency,
            found.policy, found.received_at, found.opened_at
        FROM found JOIN payment ON payment.id = found.payment_id
        WHERE NOT (payment.status = 'captured' AND payment.provider = found.provider
                AND payment.provider_reference IS NOT DISTINCT FROM found.receipt)
            AND (NOT $9::boolean OR payment.status IN ('canceled', 'expired', 'failed')
                OR $8::integer < payment.attempt)
        ON CONFLICT DO NOTHING
        RETURNING *
    ), {WRITE_POSTING}, {_tell(CASE_OPENED, "NULL", "$10")}
    SELECT * FROM due"""
# $7 the id, $8 the new status, $9 the fee, $10 by whom, $11 when, $12 the event's data.
_CLOSE: Final = f"""
    WITH due AS (
        UPDATE payment_case SET status = $8, fee_minor = $9, resolved_by = $10, closed_at = $11,
            told = told + 1
        WHERE id = $7 AND status = 'open'
        RETURNING *
    ), {WRITE_POSTING}, {_tell(CASE_CLOSED, "'open'", "$12")}
    SELECT * FROM due"""
_BY_ID: Final = "SELECT * FROM payment_case WHERE id = $1"
_FIND: Final = "SELECT * FROM payment_case WHERE partner_id = $1 AND id = $2"
_LIST: Final = """
    SELECT * FROM payment_case
    WHERE ($1::text IS NULL OR partner_id = $1) AND ($2::text IS NULL OR status = $2)
        AND ($3::text IS NULL OR reason = $3) AND ($4::text IS NULL OR payment_id = $4)
        AND ($5::text IS NULL OR (opened_at, id) < (
            SELECT opened_at, id FROM payment_case
            WHERE id = $5 AND ($1::text IS NULL OR partner_id = $1)))
    ORDER BY opened_at DESC, id DESC LIMIT $6"""


class PostgresCases:
    def __init__(self, database: Database, ledger: PostgresLedger) -> None:
        self._database = database
        self._ledger = ledger

    async def open(self, found: CaseFound) -> Opened:
        case = _begun(found)
        rows = await self._database.fetch(
            _OPEN,
            *await self._ledger.parameters(case_ledger.opened(case)),
            _written(case),
            *(found.attempt.number, found.pays),
            _told(case),
        )
        if rows:
            return Opened(_case(rows[0]), is_new=True)
        return Opened(await self.named(case.case_id))

    async def close(self, end: CaseEnd) -> Case:
        case = end.case
        rows = await self._database.fetch(
            _CLOSE,
            *await self._ledger.parameters(case_ledger.closed(end)),
            *(case.case_id, end.status, end.fee.minor, end.by, end.at),
            _told(case, end),
        )
        if rows:
            return _case(rows[0])
        standing = await self.named(case.case_id)
        if standing is None:
            raise LookupError(f"{case.case_id} was never opened")
        if standing.status is not end.status:
            raise MoveRefused(f"{case.case_id} is {standing.status} for ever")
        return standing

    async def find(self, partner_id: str, case_id: str) -> Case | None:
        rows = await self._database.fetch(_FIND, partner_id, case_id)
        return _case(rows[0]) if rows else None

    async def named(self, case_id: str) -> Case | None:
        rows = await self._database.fetch(_BY_ID, case_id)
        return _case(rows[0]) if rows else None

    async def list(self, partner_id: str | None, wanted: CaseFilter) -> Sequence[Case]:
        rows = await self._database.fetch(
            _LIST,
            *(partner_id, wanted.status, wanted.reason, wanted.payment_id),
            *(wanted.after, wanted.limit),
        )
        return [_case(row) for row in rows]


def _begun(found: CaseFound) -> Case:
    attempt, order = found.attempt, found.attempt.order
    return Case(
        case_id=ids.case_id(attempt.provider, found.receipt.id),
        payment_id=order.payment_id,
        partner_id=order.partner_id,
        reference=order.reference,
        attempt=attempt.reference,
        provider=attempt.provider,
        receipt_id=found.receipt.id,
        reason=found.reason,
        amount=found.receipt.amount,
        policy=policy_for(order.terms, found.reason),
        received_at=found.receipt.at,
        opened_at=found.at,
    )


def _written(case: Case) -> str:
    """$7 of _OPEN."""
    return json_text(
        {
            "id": case.case_id,
            "payment_id": case.payment_id,
            "attempt": case.attempt,
            "provider": case.provider,
            "receipt": case.receipt_id,
            "reason": case.reason,
            "amount": case.amount.minor,
            "currency": case.amount.currency,
            "policy": case.policy,
            "received_at": case.received_at,
            "opened_at": case.opened_at,
        }
    )


def _told(case: Case, end: CaseEnd | None = None) -> str:
    """An event's data, with the partner API's names and forms."""
    data: dict[str, object] = {
        "id": case.case_id,
        "paymentId": case.payment_id,
        "reference": case.reference,
        "reason": case.reason,
        "status": end.status if end else case.status,
        "amount": str(case.amount),
        "currency": case.amount.currency,
        "policy": case.policy,
        "receivedAt": rfc3339(case.received_at),
        "openedAt": rfc3339(case.opened_at),
    }
    if end is not None:
        data |= {"fee": str(end.fee), "closedAt": rfc3339(end.at)}
    return json_text(data)


def _case(row: Row) -> Case:
    return Case(
        case_id=row["id"],
        payment_id=row["payment_id"],
        partner_id=row["partner_id"],
        reference=row["reference"],
        attempt=row["attempt"],
        provider=row["provider"],
        receipt_id=row["receipt"],
        reason=CaseReason(row["reason"]),
        amount=Money(row["amount_minor"], row["currency"]),
        policy=CasePolicy(row["policy"]),
        received_at=row["received_at"],
        opened_at=row["opened_at"],
        status=CaseStatus(row["status"]),
        fee_minor=row["fee_minor"],
        resolved_by=row["resolved_by"],
        closed_at=row["closed_at"],
    )
