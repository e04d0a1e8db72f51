"""How a payout begins in PostgreSQL: every limit is looked at while nobody else can spend."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from typing import Final

from payments.adapters.postgres import funds, payout_rows
from payments.adapters.postgres.ledger import WRITE_POSTING
from payments.db.session import Row, Statements
from payments.domain.codes import Code
from payments.domain.destination import DestinationState
from payments.domain.payout import (
    GIVEN_BACK,
    HoldReason,
    Payout,
    PayoutAnswer,
    PayoutFact,
    PayoutOrder,
    PayoutStatus,
)
from payments.domain.payout_events import PAYOUT_EVENTS
from payments.ports.payouts import Source

_KNOWN: Final = """
    SELECT * FROM payout WHERE id = $1 OR (partner_id = $2 AND reference = $3) ORDER BY id <> $1"""
_GONE: Final = ", ".join(f"'{status}'" for status in sorted(GIVEN_BACK))
# What failed, came back or was canceled has used up nothing.
_FACTS: Final = f"""
    SELECT destination.state, destination.customer_id, destination.fingerprint, made.*, there.*
    FROM (
        SELECT count(*) AS daily_count, coalesce(sum(amount_minor), 0)::bigint AS daily_sum
        FROM payout
        WHERE partner_id = $1 AND currency = $2 AND created_at > now() - interval '24 hours'
            AND status NOT IN ({_GONE})
    ) AS made, (
        SELECT count(*) AS destination_count,
            coalesce(sum(amount_minor), 0)::bigint AS destination_sum
        FROM payout
        WHERE destination_id = $3 AND currency = $2 AND created_at > now() - interval '24 hours'
            AND status NOT IN ({_GONE})
    ) AS there
    LEFT JOIN destination ON destination.id = $3 AND destination.partner_id = $1
        AND destination.currency = $2"""
# The oldest money goes back first, and of each payment what is left of it. Who refunds it at this
# moment has its row; who waits for it sees what was left.
_SOURCES: Final = """
    SELECT id, captured_minor - refunded_minor - refund_reserved_minor - disputed_minor
        - paid_out_minor AS left_minor
    FROM payment
    WHERE partner_id = $1 AND customer_id = $2 AND currency = $3 AND open_disputes = 0
        AND captured_minor
            > refunded_minor + refund_reserved_minor + disputed_minor + paid_out_minor
        AND ordered -> 'card' ->> 'fingerprint' = $4
    ORDER BY created_at, id LIMIT 200 FOR NO KEY UPDATE"""
_TAKE: Final = """
    WITH part AS (
        SELECT * FROM unnest($2::text[], $3::bigint[]) AS part (payment_id, amount_minor)
    ), taken AS (
        UPDATE payment SET paid_out_minor = paid_out_minor + part.amount_minor
        FROM part WHERE payment.id = part.payment_id
    )
    INSERT INTO payout_source (payout_id, payment_id, amount_minor)
    SELECT $1, payment_id, amount_minor FROM part"""
_BEGIN: Final = f"""
    WITH due AS (
        INSERT INTO payout (id, partner_id, reference, amount_minor, fee_minor, currency,
            destination_id, rail, ordered, created_at, status, held_for, arrives_at, updated_at,
            told)
        VALUES ($7, $8, $9, $10, $11, $12, $13, $14, $15::jsonb, $16, $17, $18, $19, $16,
            CASE WHEN $20::text IS NULL THEN 0 ELSE 1 END)
        RETURNING *
    ), {WRITE_POSTING}, told AS (
        INSERT INTO event
            (partner_id, object_type, object_id, sequence, type, previous_status, data)
        SELECT partner_id, 'payout', id, 1, $20::text, 'queued', $21::jsonb FROM due
        WHERE $20::text IS NOT NULL
    )
    SELECT * FROM due"""


async def begin(
    statements: Statements, order: PayoutOrder, posting: tuple[object, ...]
) -> PayoutAnswer:
    """Inside one transaction. `posting` are the parameters of the one that sets it aside."""
    available = await funds.locked(statements, order.partner_id, order.amount.currency)
    known = await statements.fetch(_KNOWN, order.payout_id, order.partner_id, order.reference)
    if known:
        return _known(payout_rows.payout(known[0]), order)
    [facts] = await statements.fetch(
        _FACTS, order.partner_id, order.amount.currency, order.destination_id
    )
    refused = _refused(order, facts, available)
    if refused is not None:
        return PayoutAnswer(refused=refused)
    sources = await _sources(statements, order, facts)
    held_for = _held_for(order, facts, sources)
    rows = await statements.fetch(_BEGIN, *posting, *_columns(order, held_for))
    if sources:
        await statements.fetch(
            _TAKE,
            order.payout_id,
            [source.payment_id for source in sources],
            [source.amount_minor for source in sources],
        )
    return PayoutAnswer(payout_rows.payout(rows[0]))


def _known(found: Payout, order: PayoutOrder) -> PayoutAnswer:
    """Begun by this very request before, or a reference that names another payout."""
    is_same = (found.content, found.trace) == (order.content, order.trace)
    return PayoutAnswer(found) if is_same else PayoutAnswer(refused=Code.REFERENCE_USED)


def _refused(order: PayoutOrder, facts: Row, available: int) -> Code | None:
    limits, minor = order.limits, order.amount.minor
    if facts["state"] is None:
        return Code.DESTINATION_UNKNOWN
    if facts["state"] != DestinationState.VERIFIED:
        return Code.DESTINATION_UNVERIFIED
    if _above(minor, limits.block_above):
        return Code.PAYOUT_LIMIT
    if (
        _above(facts["daily_count"] + 1, limits.daily_count)
        or _above(facts["daily_sum"] + minor, limits.daily_sum)
        or _above(facts["destination_count"] + 1, limits.destination_count)
        or _above(facts["destination_sum"] + minor, limits.destination_sum)
    ):
        return Code.PAYOUT_VELOCITY
    return Code.FUNDS_INSUFFICIENT if order.total.minor > available else None


def _above(value: int, limit: int | None) -> bool:
    return limit is not None and value > limit


async def _sources(statements: Statements, order: PayoutOrder, facts: Row) -> Sequence[Source]:
    """What of it goes back to where it came from; nothing where no customer is behind it."""
    if facts["customer_id"] is None:
        return []
    rows = await statements.fetch(
        _SOURCES,
        *(order.partner_id, facts["customer_id"], order.amount.currency, facts["fingerprint"]),
    )
    sources, open_minor = [], order.amount.minor
    for row in rows:
        part = min(open_minor, row["left_minor"])
        if part:
            sources.append(Source(row["id"], part))
            open_minor -= part
    return sources


def _held_for(order: PayoutOrder, facts: Row, sources: Sequence[Source]) -> HoldReason | None:
    covered = sum(source.amount_minor for source in sources)
    if facts["customer_id"] is not None and covered < order.amount.minor:
        return HoldReason.CLOSED_LOOP
    return HoldReason.AMOUNT if _above(order.amount.minor, order.limits.hold_above) else None


def _columns(order: PayoutOrder, held_for: HoldReason | None) -> tuple[object, ...]:
    status = PayoutStatus.QUEUED if held_for is None else PayoutStatus.ON_HOLD
    fact = PayoutFact(order, status, order.created_at)
    return (
        *(order.payout_id, order.partner_id, order.reference),
        *(order.amount.minor, order.fee.minor, order.amount.currency),
        *(order.destination_id, order.rail, payout_rows.ordered(order), order.created_at),
        *(status, held_for, order.arrives_at),
        PAYOUT_EVENTS.get(status),
        payout_rows.told(fact, None, held_for),
    )
