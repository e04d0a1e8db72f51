"""How a refund that is a leg of a payout begins in PostgreSQL: what was set aside is its own."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from typing import Final

from payments.adapters.postgres.ledger import WRITE_POSTING
from payments.db.session import Statements
from payments.domain.codes import Code
from payments.domain.refund import RefundOrder, Reserved

# Disputes and other refunds of this payment wait, and see what this one has left.
_LOCK: Final = """
    SELECT open_disputes, captured_minor - refunded_minor - refund_reserved_minor - disputed_minor
        - paid_out_minor AS left_minor
    FROM payment WHERE id = $1 FOR NO KEY UPDATE"""
_PART: Final = """
    SELECT source.amount_minor, source.given_back_at, source.code, refund.id AS refund_id
    FROM payout_source AS source LEFT JOIN refund ON refund.id = $3
    WHERE source.payout_id = $1 AND source.payment_id = $2 AND source.way = 'refund'"""
_BEGIN: Final = """
    WITH part AS (
        UPDATE payout_source SET given_back_at = now()
        WHERE payout_id = $7 AND payment_id = $2 AND given_back_at IS NULL
        RETURNING amount_minor
    ), due AS (
        UPDATE payment SET paid_out_minor = paid_out_minor - part.amount_minor,
            refund_reserved_minor = refund_reserved_minor + part.amount_minor
        FROM part WHERE payment.id = $2
        RETURNING provider
    )
    INSERT INTO refund (id, payment_id, partner_id, reference, amount_minor, currency, provider,
        trace, created_at, payout_id)
    SELECT $1, $2, $3, $4, $5, $6, due.provider, $8, $9, $7 FROM due"""
_GIVE_BACK: Final = f"""
    WITH due AS (
        UPDATE payout_source SET given_back_at = now(), code = $9
        WHERE payout_id = $7 AND payment_id = $8 AND given_back_at IS NULL
        RETURNING amount_minor
    ), freed AS (
        UPDATE payment SET paid_out_minor = paid_out_minor - due.amount_minor
        FROM due WHERE payment.id = $8
    ), {WRITE_POSTING}
    SELECT amount_minor FROM due"""


async def begin(
    statements: Statements, order: RefundOrder, posting: tuple[object, ...]
) -> Reserved | Code:
    """Inside one transaction. `posting` are the parameters of the one that gives the leg's money
    back to the partner, if the payment was disputed since the payout was planned.

    Raises LookupError for what no payout has planned.
    """
    [payment] = await statements.fetch(_LOCK, order.payment_id)
    rows = await statements.fetch(_PART, order.payout_id, order.payment_id, order.refund_id)
    if not rows or rows[0]["amount_minor"] != order.amount.minor:
        raise LookupError(f"{order.refund_id} is no leg of {order.payout_id}")
    [part] = rows
    if part["refund_id"] is not None:
        return Reserved.BEFORE
    if part["given_back_at"] is not None:
        return Code(part["code"]) if part["code"] else Code.PAYOUT_STATE
    if payment["open_disputes"] or payment["left_minor"] < 0:
        await statements.fetch(
            _GIVE_BACK, *posting, order.payout_id, order.payment_id, Code.PAYMENT_DISPUTED
        )
        return Code.PAYMENT_DISPUTED
    await statements.fetch(
        _BEGIN,
        *(order.refund_id, order.payment_id, order.partner_id, order.reference),
        *(order.amount.minor, order.amount.currency, order.payout_id),
        *(order.trace, order.created_at),
    )
    return Reserved.NOW
