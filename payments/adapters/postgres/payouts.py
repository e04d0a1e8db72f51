"""Payouts in PostgreSQL: each move is one statement with its money and its event."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from payments.adapters.postgres import funds, payout_begin, payout_legs, payout_rows
from payments.adapters.postgres.json_text import theirs
from payments.adapters.postgres.ledger import WRITE_POSTING, PostgresLedger
from payments.db.session import Database, Row, Statements
from payments.domain import payout_ledger
from payments.domain.batch_row import PAYOUT_ROWS
from payments.domain.codes import Code
from payments.domain.operators import people
from payments.domain.payout import (
    GIVEN_BACK,
    PAYOUT_MOVES,
    Leg,
    Payout,
    PayoutAnswer,
    PayoutFact,
    PayoutOrder,
    PayoutReview,
    PayoutStatus,
    came_by,
)
from payments.domain.payout_events import PAYOUT_EVENTS
from payments.domain.payout_legs import Source, ended
from payments.ports.payments import MoveRefused
from payments.ports.payouts import PayoutFilter, Word
from payments.ports.record import RecordUnavailable

_GONE: Final = ", ".join(f"'{status}'" for status in sorted(GIVEN_BACK))
# A posting's subject, $2, is the payout's id.
_SUSPEND: Final = f"""
    WITH due AS (
        UPDATE payout SET suspended_at = now(), updated_at = now()
        WHERE id = $2 AND status = 'queued' AND suspended_at IS NULL
        RETURNING id
    ), {WRITE_POSTING}
    SELECT id FROM due"""
# A transfer that is a leg gives back what its payout took for it; a refund that is one has done so
# when it began. Payments are locked in the order of every plan, so that none waits for another.
_MOVE: Final = f"""
    WITH due AS (
        UPDATE payout SET status = $8, code = $9, raw_code = $10,
            rail_reference = coalesce($11, rail_reference),
            arrives_at = coalesce($12, arrives_at), updated_at = $13, paid_minor = $18,
            told = told + CASE WHEN $16::text IS NULL THEN 0 ELSE 1 END
        WHERE id = $7 AND status = $14 AND (suspended_at IS NOT NULL) = $15
        RETURNING *
    ), back AS (
        UPDATE payout_source SET given_back_at = now() FROM due
        WHERE payout_source.payout_id = coalesce(due.part_of, due.id) AND given_back_at IS NULL
            AND due.status IN ({_GONE}) AND (due.part_of IS NULL OR way <> 'refund')
        RETURNING payment_id, payout_source.amount_minor
    ), locked AS (
        SELECT payment.id, back.amount_minor FROM back JOIN payment ON payment.id = back.payment_id
        ORDER BY payment.created_at, payment.id FOR NO KEY UPDATE OF payment
    ), freed AS (
        UPDATE payment SET paid_out_minor = paid_out_minor - locked.amount_minor
        FROM locked WHERE payment.id = locked.id
    ), led AS (
        UPDATE batch_row {payout_rows.led("$21", "$9")} FROM due
        WHERE batch_row.batch_id = $19 AND batch_row.line = $20 AND batch_row.state <> $21
    ), {WRITE_POSTING}, told AS (
        INSERT INTO event
            (partner_id, object_type, object_id, sequence, type, previous_status, data)
        SELECT partner_id, 'payout', id, due.told, $16::text, $14, $17::jsonb FROM due
        WHERE $16::text IS NOT NULL
    )
    SELECT * FROM due"""
_NOTHING: Final[tuple[object, ...]] = (None, None, None, [], [], [])
_BY_ID: Final = "SELECT * FROM payout WHERE id = $1"
# Partners know of the legs of a payout by that one.
_FIND: Final = "SELECT * FROM payout WHERE partner_id = $1 AND id = $2 AND part_of IS NULL"
# Read by the index of what is open, from where the last page ended.
UNFINISHED: Final = """
    SELECT * FROM payout
    WHERE status IN ('queued', 'on_hold', 'sent') AND part_of IS NULL AND (created_at, id) > (
        coalesce((SELECT created_at FROM payout WHERE id = $1), '-infinity'), coalesce($1, ''))
    ORDER BY created_at, id LIMIT $2"""
_BY_REFERENCE: Final = "SELECT * FROM payout WHERE partner_id = $1 AND reference = $2"
_CONDITIONS: Final = {
    "status": "status = {}",
    "reference": "reference = {}",
    "destination_id": "destination_id = {}",
    "created_from": "created_at >= {}",
    "created_before": "created_at < {}",
    "after": """(created_at, id) <
        (SELECT created_at, id FROM payout WHERE partner_id = $1 AND id = {})""",
}
_HELD: Final = "SELECT * FROM payout WHERE status = 'on_hold' ORDER BY created_at, id LIMIT 500"
_SAY: Final = """
    INSERT INTO payout_review (payout_id, operator, approved)
    SELECT id, $2, $3 FROM payout WHERE id = $1 AND status = 'on_hold'
    ON CONFLICT DO NOTHING"""
_WORDS: Final = """
    SELECT operator, approved, at FROM payout_review WHERE payout_id = $1 ORDER BY at, operator"""
# Two people who know of each other.
FOUR_EYES: Final = 2
_WRITE_ATTEMPTS: Final = 3


class PostgresPayouts:
    def __init__(self, database: Database, ledger: PostgresLedger) -> None:
        self._database = database
        self._ledger = ledger

    async def begin(self, order: PayoutOrder) -> PayoutAnswer:
        # Before the transaction: it may open accounts, over a connection of its own.
        posting = await self._ledger.parameters(payout_ledger.reserved(order))

        async def work(statements: Statements) -> PayoutAnswer:
            return await payout_begin.begin(statements, order, posting)

        return await self._database.in_transaction(work)

    async def suspend(self, order: PayoutOrder) -> None:
        await self._standing(order)
        posting = await self._ledger.parameters(payout_ledger.suspended(order))
        await self._database.fetch(_SUSPEND, *posting)

    async def move(self, fact: PayoutFact) -> Payout:
        for _ in range(_WRITE_ATTEMPTS):
            row = await self._standing(fact.order)
            before = PayoutStatus(row["status"])
            if fact.status not in PAYOUT_MOVES[before]:
                return _passed(row, before, fact)
            if moved := await self._moved(fact, row, await self._legs(row)):
                return moved
        raise _rivals(fact.order.payout_id)

    async def conclude(self, order: PayoutOrder) -> Payout:
        whole = order.part_of or order.payout_id
        for _ in range(_WRITE_ATTEMPTS):
            [row] = await self._database.fetch(_BY_ID, whole)
            legs = await self._legs(row)
            end = ended(legs)
            before = (row["status"], row["paid_minor"])
            if end is None or before == (end.status, end.paid_minor):
                return payout_rows.payout(row)
            fact = PayoutFact(payout_rows.order(row), end.status, datetime.now(UTC), end.code)
            if moved := await self._moved(fact, row, legs, end.paid_minor):
                return moved
        raise _rivals(whole)

    async def review(self, order: PayoutOrder, review: PayoutReview) -> Payout:
        await self._standing(order)
        await self._database.fetch(_SAY, order.payout_id, review.by, review.approved)
        words = await self.words(order.payout_id)
        row = await self._standing(order)
        if row["status"] == PayoutStatus.ON_HOLD:
            at = datetime.now(UTC)
            if not all(word.approved for word in words):
                code = Code.HOLD_REJECTED
                return await self.move(PayoutFact(order, PayoutStatus.CANCELED, at, code))
            if people(word.by for word in words) >= FOUR_EYES:
                return await self.move(PayoutFact(order, PayoutStatus.QUEUED, at))
        return payout_rows.payout(row)

    async def find(self, partner_id: str, payout_id: str) -> Payout | None:
        return await self._one(_FIND, partner_id, payout_id)

    async def named(self, payout_id: str) -> Payout | None:
        return await self._one(_BY_ID, payout_id)

    async def by_reference(self, partner_id: str, reference: str) -> Payout | None:
        return await self._one(_BY_REFERENCE, partner_id, reference)

    async def order(self, payout_id: str) -> PayoutOrder | None:
        rows = await self._database.fetch(_BY_ID, payout_id)
        return payout_rows.order(rows[0]) if rows else None

    async def unfinished(self, after: str | None, most: int) -> Sequence[PayoutOrder]:
        rows = await self._database.fetch(UNFINISHED, after, most)
        return [payout_rows.order(row) for row in rows]

    async def list(self, partner_id: str, wanted: PayoutFilter) -> Sequence[Payout]:
        conditions, parameters = ["partner_id = $1", "part_of IS NULL"], [partner_id]
        for name, condition in _CONDITIONS.items():
            value = getattr(wanted, name)
            if value is not None:
                parameters.append(value)
                conditions.append(condition.format(f"${len(parameters)}"))
        rows = await self._database.fetch(
            f"""SELECT * FROM payout WHERE {" AND ".join(conditions)}
            ORDER BY created_at DESC, id DESC LIMIT {int(wanted.limit)}""",
            *parameters,
        )
        return [payout_rows.payout(row) for row in rows]

    async def held(self) -> Sequence[Payout]:
        return [payout_rows.payout(row) for row in await self._database.fetch(_HELD)]

    async def words(self, payout_id: str) -> Sequence[Word]:
        rows = await self._database.fetch(_WORDS, payout_id)
        return [Word(row["operator"], row["approved"], row["at"]) for row in rows]

    async def sources(self, payout_id: str) -> Sequence[Source]:
        return await payout_legs.sources(self._database, payout_id)

    async def legs(self, payouts: Sequence[Payout]) -> Mapping[str, tuple[Leg, ...]]:
        by_legs = [each.payout_id for each in payouts if each.by_legs]
        return await payout_legs.legs(self._database, by_legs) if by_legs else {}

    async def available(self, partner_id: str, currency: str) -> int:
        return await funds.available(self._database, partner_id, currency)

    async def _one(self, statement: str, *parameters: object) -> Payout | None:
        rows = await self._database.fetch(statement, *parameters)
        return payout_rows.payout(rows[0]) if rows else None

    async def _standing(self, order: PayoutOrder) -> Row:
        """The row as it is. Raises LookupError when it was never begun like this."""
        rows = await self._database.fetch(_BY_ID, order.payout_id)
        if not rows or payout_rows.order(rows[0]).content != order.content:
            raise LookupError(f"{order.payout_id} was never begun like this")
        return rows[0]

    async def _legs(self, row: Row) -> Sequence[Leg]:
        """None of a payout that is one transfer."""
        return (await self.legs([payout_rows.payout(row)])).get(row["id"], ())

    async def _moved(
        self, fact: PayoutFact, row: Row, legs: Sequence[Leg], paid_minor: int | None = None
    ) -> Payout | None:
        """None when somebody else has moved it since `row` was read."""
        before, suspended = PayoutStatus(row["status"]), row["suspended_at"] is not None
        if fact.status is PayoutStatus.CANCELED:
            legs = [replace(leg, status=fact.status) for leg in legs]
        posting = payout_ledger.moved(
            fact.order, before, fact.status, suspended=suspended, by_legs=bool(legs)
        )
        # Of a leg, its payout tells.
        event = PAYOUT_EVENTS.get(fact.status) if row["part_of"] is None else None
        rows = await self._database.fetch(
            _MOVE,
            *(_NOTHING if posting is None else await self._ledger.parameters(posting)),
            *(fact.order.payout_id, fact.status, fact.code, theirs(fact.raw_code)),
            *(theirs(fact.rail_reference), fact.arrives_at, fact.at, before, suspended),
            *(event, payout_rows.told(fact, row, legs=legs), paid_minor, *_row(fact)),
        )
        return payout_rows.payout(rows[0]) if rows else None


def _rivals(payout_id: str) -> RecordUnavailable:
    return RecordUnavailable(f"{payout_id} was not moved: too many rivals")


def _row(fact: PayoutFact) -> tuple[object, ...]:
    """Which row of a batch goes along, if any, and where to."""
    row = fact.order.row
    place = (None, None) if row is None else (row.batch_id, row.line)
    return (*place, PAYOUT_ROWS[fact.status])


def _passed(row: Row, before: PayoutStatus, fact: PayoutFact) -> Payout:
    """Written before, also when it has moved on since."""
    if not came_by(before, fact.status):
        raise MoveRefused(f"{fact.order.payout_id} is {before}, not to become {fact.status}")
    return payout_rows.payout(row)
