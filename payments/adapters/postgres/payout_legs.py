"""Where a customer's payout came from and what becomes of each part, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Final

from payments.adapters.postgres import payout_rows
from payments.db.session import Database, Row, Statements
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payout import Leg, LegKind, PayoutAnswer, PayoutOrder, PayoutStatus
from payments.domain.payout_legs import MOST_SOURCES, Came, Plan, Source, Way, planned

# The oldest money goes back first, and of each payment what is left of it. Who refunds it at this
# moment has its row; who waits for it sees what was left. What its provider would not give back
# the last time, or cannot while it is suspended, no refund takes.
_CAME: Final = """
    SELECT payment.id, captured_minor - refunded_minor - refund_reserved_minor - disputed_minor
            - paid_out_minor AS left_minor,
        coalesce(ordered -> 'card' ->> 'fingerprint' = $4, FALSE) AS by_destination,
        coalesce((
            SELECT refund.status <> 'failed' FROM refund WHERE refund.payment_id = payment.id
            ORDER BY refund.created_at DESC, refund.id LIMIT 1
        ), TRUE) AND NOT EXISTS (
            SELECT FROM provider WHERE provider.id = payment.provider AND standing = 'suspended'
        ) AS can_be_refunded
    FROM payment
    WHERE partner_id = $1 AND customer_id = $2 AND currency = $3 AND open_disputes = 0
        AND captured_minor
            > refunded_minor + refund_reserved_minor + disputed_minor + paid_out_minor
    ORDER BY payment.created_at, payment.id LIMIT $5 FOR NO KEY UPDATE OF payment"""
_TAKE: Final = """
    WITH part AS (
        SELECT * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::integer[])
            AS part (payment_id, amount_minor, way, number)
    ), taken AS (
        UPDATE payment SET paid_out_minor = paid_out_minor + part.amount_minor
        FROM part WHERE payment.id = part.payment_id
    )
    INSERT INTO payout_source (payout_id, payment_id, amount_minor, way, number)
    SELECT $1, payment_id, amount_minor, way, number FROM part"""
# A leg that has not begun stands where its payout stands. The transfer comes last.
_LEGS: Final = """
    SELECT source.payout_id, source.number, 'refund' AS kind, source.payment_id,
        source.amount_minor, payout.currency, coalesce(refund.code, source.code) AS code,
        CASE
            WHEN refund.status = 'pending' THEN 'sent'
            WHEN refund.status = 'succeeded' THEN 'paid'
            WHEN refund.status = 'failed' OR source.code IS NOT NULL THEN 'failed'
            WHEN payout.status IN ('on_hold', 'canceled') THEN payout.status
            ELSE 'queued'
        END AS status, NULL::timestamptz AS arrives_at
    FROM payout_source AS source JOIN payout ON payout.id = source.payout_id
    LEFT JOIN refund
        ON refund.payout_id = source.payout_id AND refund.payment_id = source.payment_id
    WHERE source.payout_id = ANY ($1::text[]) AND source.way = 'refund'
    UNION ALL
    SELECT payout.id, (
            SELECT count(*) + 1 FROM payout_source
            WHERE payout_id = payout.id AND way = 'refund'
        )::integer, 'transfer', NULL, payout.transfer_minor, payout.currency, part.code,
        coalesce(part.status, CASE
            WHEN payout.status IN ('on_hold', 'canceled') THEN payout.status ELSE 'queued'
        END), coalesce(part.arrives_at, payout.arrives_at)
    FROM payout LEFT JOIN payout AS part ON part.part_of = payout.id
    WHERE payout.id = ANY ($1::text[])
        AND payout.transfer_minor BETWEEN 1 AND payout.amount_minor - 1
    ORDER BY payout_id, number"""
_SOURCES: Final = """
    SELECT source.payment_id, source.amount_minor, source.way, source.number
    FROM payout_source AS source JOIN payment ON payment.id = source.payment_id
    WHERE source.payout_id = $1 ORDER BY payment.created_at, payment.id"""
_PART: Final = "SELECT * FROM payout WHERE id = $1"
_BEGIN_PART: Final = """
    INSERT INTO payout (id, partner_id, reference, amount_minor, transfer_minor, fee_minor,
        currency, destination_id, rail, ordered, created_at, arrives_at, updated_at, part_of)
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $10, $12)
    RETURNING *"""


async def plan(statements: Statements, order: PayoutOrder, facts: Row) -> Plan | None:
    """What of it came from where, with the payments locked; nothing without a customer.

    None: from more payments than one payout gives back.
    """
    if facts["customer_id"] is None:
        return Plan((), order.amount.minor)
    rows = await statements.fetch(
        _CAME,
        *(order.partner_id, facts["customer_id"], order.amount.currency, facts["fingerprint"]),
        MOST_SOURCES + 1,
    )
    made = planned(order.amount.minor, [_came(row) for row in rows])
    return None if len(made.sources) > MOST_SOURCES else made


async def take(statements: Statements, order: PayoutOrder, sources: Sequence[Source]) -> None:
    """Nobody else gives back what this payout will."""
    await statements.fetch(
        _TAKE,
        order.payout_id,
        [source.payment_id for source in sources],
        [source.amount_minor for source in sources],
        [source.way for source in sources],
        [source.number for source in sources],
    )


async def begin_transfer(statements: Statements, order: PayoutOrder) -> PayoutAnswer:
    """What goes over the rail, as a payout of its own whose money is set aside already."""
    if known := await statements.fetch(_PART, order.payout_id):
        return PayoutAnswer(payout_rows.payout(known[0]), was_begun=True)
    begun = await statements.fetch(
        _BEGIN_PART,
        *(order.payout_id, order.partner_id, order.reference, order.amount.minor),
        *(order.fee.minor, order.amount.currency, order.destination_id, order.rail),
        *(payout_rows.ordered(order), order.created_at, order.arrives_at, order.part_of),
    )
    return PayoutAnswer(payout_rows.payout(begun[0]))


async def legs(
    reader: Database | Statements, payout_ids: Sequence[str]
) -> Mapping[str, tuple[Leg, ...]]:
    """The legs of those that go by legs, by payout, in their order."""
    found: dict[str, list[Leg]] = {}
    for row in await reader.fetch(_LEGS, list(payout_ids)):
        found.setdefault(row["payout_id"], []).append(_leg(row))
    return {payout_id: tuple(each) for payout_id, each in found.items()}


async def sources(database: Database, payout_id: str) -> Sequence[Source]:
    rows = await database.fetch(_SOURCES, payout_id)
    return [
        Source(row["payment_id"], row["amount_minor"], Way(row["way"]), row["number"])
        for row in rows
    ]


def _came(row: Row) -> Came:
    return Came(row["id"], row["left_minor"], row["can_be_refunded"], row["by_destination"])


def _leg(row: Row) -> Leg:
    return Leg(
        number=row["number"],
        kind=LegKind(row["kind"]),
        amount=Money(row["amount_minor"], row["currency"]),
        status=PayoutStatus(row["status"]),
        code=Code(row["code"]) if row["code"] else None,
        payment_id=row["payment_id"],
        arrives_at=row["arrives_at"],
    )
