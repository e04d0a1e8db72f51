"""How a payout begins in PostgreSQL: every limit is looked at while nobody else can spend."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from dataclasses import replace
from typing import Final

from payments.adapters.postgres import funds, payout_legs, payout_rows
from payments.adapters.postgres.ledger import WRITE_POSTING
from payments.db.session import Row, Statements
from payments.domain.batch_row import PAYOUT_ROWS, RowState
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
from payments.domain.payout_legs import Plan, planned_legs
from payments.domain.row import RowRef

_KNOWN: Final = """
    SELECT * FROM payout WHERE id = $1 OR (partner_id = $2 AND reference = $3) ORDER BY id <> $1"""
_GONE: Final = ", ".join(f"'{status}'" for status in sorted(GIVEN_BACK))
# What failed, came back or was canceled has used up nothing. To a destination goes what goes over
# its rail; a leg of a payout is counted with that one.
_FACTS: Final = f"""
    SELECT destination.state, coalesce(destination.customer_id, $5::text) AS customer_id,
        destination.fingerprint, made.*, there.*,
        clock_timestamp() >= $4 AS is_late
    FROM (
        SELECT count(*) AS daily_count, coalesce(sum(amount_minor), 0)::bigint AS daily_sum
        FROM payout
        WHERE partner_id = $1 AND currency = $2 AND created_at > now() - interval '24 hours'
            AND status NOT IN ({_GONE}) AND part_of IS NULL
    ) AS made, (
        SELECT count(*) AS destination_count,
            coalesce(sum(transfer_minor), 0)::bigint AS destination_sum
        FROM payout
        WHERE destination_id = $3 AND currency = $2 AND created_at > now() - interval '24 hours'
            AND status NOT IN ({_GONE}) AND part_of IS NULL AND transfer_minor > 0
    ) AS there
    LEFT JOIN destination ON destination.id = $3 AND destination.partner_id = $1
        AND destination.currency = $2"""
_BEGIN: Final = f"""
    WITH due AS (
        INSERT INTO payout (id, partner_id, reference, amount_minor, fee_minor, currency,
            destination_id, rail, ordered, created_at, status, held_for, arrives_at, updated_at,
            told, transfer_minor)
        VALUES ($7, $8, $9, $10, $11, $12, $13, $14, $15::jsonb, $16, $17, $18, $19, $16,
            CASE WHEN $20::text IS NULL THEN 0 ELSE 1 END, $22)
        RETURNING *
    ), {WRITE_POSTING}, told AS (
        INSERT INTO event
            (partner_id, object_type, object_id, sequence, type, previous_status, data)
        SELECT partner_id, 'payout', id, 1, $20::text, 'queued', $21::jsonb FROM due
        WHERE $20::text IS NOT NULL
    )
    SELECT * FROM due"""


_UNDER_WAY: Final = """
    SELECT line FROM batch_row
    WHERE batch_id = $1 AND line = $2 AND state = 'dispatched' FOR UPDATE"""
_LEAD_ROW: Final = f"""
    UPDATE batch_row {payout_rows.led("$3", "$4")} WHERE batch_id = $1 AND line = $2"""
_USED: Final = PayoutAnswer(refused=Code.REFERENCE_USED)


async def begin(
    statements: Statements, order: PayoutOrder, posting: tuple[object, ...]
) -> PayoutAnswer:
    """Inside one transaction. `posting` are the parameters of the one that sets it aside."""
    if order.part_of is not None:
        return await payout_legs.begin_transfer(statements, order)
    if order.row is not None and not await _is_under_way(statements, order.row):
        # It has ended: of what it asked for nothing is begun any more.
        found = await statements.fetch(_KNOWN, order.payout_id, order.partner_id, order.reference)
        return await _known(statements, payout_rows.payout(found[0]), order) if found else _USED
    answer = await _begin(statements, order, posting)
    await _lead_row(statements, order, answer)
    return answer


async def _begin(
    statements: Statements, order: PayoutOrder, posting: tuple[object, ...]
) -> PayoutAnswer:
    available = await funds.locked(statements, order.partner_id, order.amount.currency)
    known = await statements.fetch(_KNOWN, order.payout_id, order.partner_id, order.reference)
    if known:
        return await _known(statements, payout_rows.payout(known[0]), order)
    [facts] = await statements.fetch(
        *(_FACTS, order.partner_id, order.amount.currency, order.destination_id, order.deadline),
        order.customer_id,
    )
    plan = await payout_legs.plan(statements, order, facts)
    refused = Code.PAYOUT_LIMIT if plan is None else _refused(order, facts, available, plan)
    if plan is None or refused is not None:
        return PayoutAnswer(refused=refused)
    columns = _columns(order, plan, _held_for(order, facts, plan))
    rows = await statements.fetch(_BEGIN, *posting, *columns)
    if plan.sources:
        await payout_legs.take(statements, order, plan.sources)
    return await _begun(statements, payout_rows.payout(rows[0]))


async def _is_under_way(statements: Statements, row: RowRef) -> bool:
    return bool(await statements.fetch(_UNDER_WAY, row.batch_id, row.line))


async def _lead_row(statements: Statements, order: PayoutOrder, answer: PayoutAnswer) -> None:
    """A row that comes to nothing, or has to wait for people, is told so at once."""
    if order.row is None:
        return
    if answer.payout is not None:
        state, code = PAYOUT_ROWS[answer.payout.status], answer.payout.code
    else:
        state, code = RowState.REFUSED, answer.refused
    if state is not RowState.DISPATCHED:
        place = (order.row.batch_id, order.row.line)
        await statements.fetch(_LEAD_ROW, *place, state, code)


async def _begun(statements: Statements, payout: Payout) -> PayoutAnswer:
    if not payout.by_legs:
        return PayoutAnswer(payout)
    legs = await payout_legs.legs(statements, [payout.payout_id])
    return PayoutAnswer(payout, legs=legs[payout.payout_id])


async def _known(statements: Statements, found: Payout, order: PayoutOrder) -> PayoutAnswer:
    """Begun by this very request before, or a reference that names another payout."""
    is_same = (found.content, found.trace) == (order.content, order.trace)
    return replace(await _begun(statements, found), was_begun=True) if is_same else _USED


def _refused(order: PayoutOrder, facts: Row, available: int, plan: Plan) -> Code | None:
    limits, minor, over_rail = order.limits, order.amount.minor, plan.transfer_minor
    if facts["is_late"]:
        return Code.ENGINE_UNAVAILABLE
    if order.destination_id is not None and facts["state"] != DestinationState.VERIFIED:
        known = facts["state"] is not None
        return Code.DESTINATION_UNVERIFIED if known else Code.DESTINATION_UNKNOWN
    if _above(minor, limits.block_above):
        return Code.PAYOUT_LIMIT
    if order.destination_id is None and over_rail:
        return Code.DESTINATION_NEEDED
    if (
        _above(facts["daily_count"] + 1, limits.daily_count)
        or _above(facts["daily_sum"] + minor, limits.daily_sum)
        or (over_rail and _above(facts["destination_count"] + 1, limits.destination_count))
        or (over_rail and _above(facts["destination_sum"] + over_rail, limits.destination_sum))
    ):
        return Code.PAYOUT_VELOCITY
    return Code.FUNDS_INSUFFICIENT if order.total.minor > available else None


def _above(value: int, limit: int | None) -> bool:
    return limit is not None and value > limit


def _held_for(order: PayoutOrder, facts: Row, plan: Plan) -> HoldReason | None:
    if facts["customer_id"] is not None and not plan.is_closed:
        return HoldReason.CLOSED_LOOP
    return HoldReason.AMOUNT if _above(order.amount.minor, order.limits.hold_above) else None


def _columns(order: PayoutOrder, plan: Plan, held_for: HoldReason | None) -> tuple[object, ...]:
    status = PayoutStatus.QUEUED if held_for is None else PayoutStatus.ON_HOLD
    fact = PayoutFact(order, status, order.created_at)
    return (
        *(order.payout_id, order.partner_id, order.reference),
        *(order.amount.minor, order.fee.minor, order.amount.currency),
        *(order.destination_id, order.rail, payout_rows.ordered(order), order.created_at),
        *(status, held_for, order.arrives_at),
        PAYOUT_EVENTS.get(status),
        payout_rows.told(fact, None, held_for, planned_legs(order, plan, status)),
        plan.transfer_minor,
    )
