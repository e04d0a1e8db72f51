"""Card payments in PostgreSQL: read model, ledger posting, attempt and event in one statement."""

from typing import Final

from payments.adapters.postgres import payment_rows, payment_sql
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payment_reads import PaymentReads
from payments.db.session import Database, Row
from payments.domain import card_ledger
from payments.domain.attempts import Tried, answered, first_attempt, tried
from payments.domain.card_events import LATE_SUCCESS, PAYMENT_EVENTS, REVERSED
from payments.domain.card_ledger import Books
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.ledger import Posting
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import (
    PAYMENT_MOVES,
    Assessment,
    Attempt,
    Begun,
    Fact,
    Payment,
    PaymentOrder,
    PaymentStatus,
)
from payments.domain.routing import Decision
from payments.ports.payments import MoveRefused
from payments.ports.record import RecordUnavailable

_BY_ID: Final = "SELECT * FROM payment WHERE id = $1"
# A writer that believes wrongly reads the row and tries again; rivals are few.
_WRITE_ATTEMPTS: Final = 5
_ENDING: Final = (
    PaymentStatus.PARTIALLY_CAPTURED,
    PaymentStatus.CAPTURED,
    PaymentStatus.CANCELED,
    PaymentStatus.EXPIRED,
)
_NOTHING: Final[tuple[object, ...]] = (None, None, None, [], [], [])


class PostgresPayments(PaymentReads):
    """Whatever two writers do at once, the row's lock decides: see payment_sql."""

    def __init__(self, database: Database, ledger: PostgresLedger) -> None:
        super().__init__(database)
        self._ledger = ledger

    async def begin(self, order: PaymentOrder, assessment: Assessment, decision: Decision) -> Begun:
        attempt = first_attempt(order, assessment, decision)
        rows = await self._database.fetch(
            payment_sql.BEGIN,
            *payment_rows.begun(order),
            payment_rows.attempts(payment_rows.sent(attempt, Tried()) if attempt else None),
            payment_rows.ordered(order),
            payment_rows.explained(assessment),
            payment_rows.explained(decision),
            order.created_at,
            order.method.client_token,
            order.deadline,
        )
        return Begun(assessment, decision) if rows else await self._in_the_way(order)

    async def move(self, fact: Fact) -> Payment:
        books = _likely(fact)
        for _ in range(_WRITE_ATTEMPTS):
            row = await self._move(fact, books)
            if row is not None:
                return payment_rows.payment(row)
            standing = await self._standing(fact.attempt)
            if payment_rows.key(fact) in standing["written"]:
                return payment_rows.payment(standing)
            _refuse_illegal(fact, payment_rows.payment(standing))
            books = payment_rows.books(standing)
        raise RecordUnavailable(f"{fact.attempt.reference} was not moved: too many rivals")

    async def attempted(
        self, attempt: Attempt, answer: Answer, then: Attempt | None = None
    ) -> None:
        ended = payment_rows.sent(
            attempt, answered(attempt, answer), answer.decline, answer.reference
        )
        following = payment_rows.sent(then, Tried()) if then else None
        sent = payment_rows.attempts(ended, following)
        key = f"attempted:{attempt.number}"
        posting = card_ledger.returned(attempt)
        for suspended in (False, True):
            if await self._keep(
                attempt, sent, key, posting if suspended else None, suspended=suspended
            ):
                return
        await self._standing(attempt)

    async def suspend(self, attempt: Attempt) -> None:
        sent = payment_rows.attempts(payment_rows.sent(attempt, Tried(OutcomeKind.UNKNOWN)))
        key = f"suspended:{attempt.number}"
        waits = attempt.order.capture
        posting = card_ledger.suspended(attempt) if waits else None
        left = attempt.number if waits else None
        if not await self._keep(attempt, sent, key, posting, suspended=False, left=left):
            await self._standing(attempt)

    async def late(self, attempt: Attempt, amount: Money, *, captured: bool) -> None:
        posting = card_ledger.late(attempt, amount, captured=captured)
        if not await self._late(
            attempt, amount, f"late:{attempt.number}", posting, event=LATE_SUCCESS
        ):
            await self._standing(attempt)

    async def reversed(self, attempt: Attempt, amount: Money, *, captured: bool) -> None:
        posting = card_ledger.late_reversed(attempt, amount, captured=captured)
        key, before = f"reversed:{attempt.number}", f"late:{attempt.number}"
        if not await self._late(attempt, amount, key, posting, event=REVERSED, before=before):
            standing = await self._standing(attempt)
            if before not in standing["written"]:
                raise LookupError(f"{attempt.reference} was never late")

    async def _in_the_way(self, order: PaymentOrder) -> Begun:
        rows = await self._database.fetch(
            payment_sql.OBSTACLE,
            order.payment_id,
            order.partner_id,
            order.reference,
            order.method.token,
            order.method.client_token,
        )
        if not rows:
            return Begun(refused=Code.ENGINE_UNAVAILABLE)
        if payment_rows.is_same(rows[0], order):
            return Begun(payment_rows.assessment(rows[0]), payment_rows.decision(rows[0]))
        theirs = (rows[0]["partner_id"], rows[0]["reference"])
        is_named = theirs == (order.partner_id, order.reference)
        return Begun(refused=Code.REFERENCE_USED if is_named else Code.METHOD_USED)

    async def _move(self, fact: Fact, books: Books) -> Row | None:
        """None when the row is not as `books` say, or the move is illegal or was made before."""
        posting, after = card_ledger.moved(fact, books)
        outcome = tried(fact)
        order = fact.attempt.order
        rows = await self._database.fetch(
            payment_sql.MOVE,
            *(_NOTHING if posting is None else await self._ledger.parameters(posting)),
            payment_rows.move(fact, books, after),
            payment_rows.attempts(
                payment_rows.sent(fact.attempt, outcome, fact.decline, fact.provider_reference)
                if outcome
                else None
            ),
            PAYMENT_EVENTS.get(fact.status),
            payment_rows.told(order, fact),
            payment_rows.unit(order.amount.currency),
        )
        return rows[0] if rows else None

    async def _keep(
        self,
        attempt: Attempt,
        sent: str,
        key: str,
        posting: Posting | None,
        *,
        suspended: bool,
        left: int | None = None,
    ) -> bool:
        """Write of an attempt what does not move the payment. False when that is not due."""
        order = attempt.order
        rows = await self._database.fetch(
            payment_sql.KEEP_ATTEMPT,
            *(_NOTHING if posting is None else await self._ledger.parameters(posting)),
            order.payment_id,
            sent,
            *(order.amount.minor, order.amount.currency),
            key,
            suspended,
            left,
        )
        return bool(rows)

    async def _late(
        self,
        attempt: Attempt,
        amount: Money,
        key: str,
        posting: Posting,
        *,
        event: str,
        before: str | None = None,
    ) -> bool:
        order = attempt.order
        rows = await self._database.fetch(
            payment_sql.LATE,
            *await self._ledger.parameters(posting),
            order.payment_id,
            key,
            event,
            payment_rows.told(order, attempt=attempt.reference, lateAmount=str(amount)),
            payment_rows.unit(order.amount.currency),
            before,
        )
        return bool(rows)

    async def _standing(self, attempt: Attempt) -> Row:
        """The row as it is. Raises LookupError when this payment was never begun like this."""
        order = attempt.order
        rows = await self._database.fetch(_BY_ID, order.payment_id)
        agreed = (order.amount.minor, order.amount.currency)
        if not rows or (rows[0]["amount_minor"], rows[0]["currency"]) != agreed:
            raise LookupError(f"{order.payment_id} was never begun like this")
        return rows[0]


def _likely(fact: Fact) -> Books:
    """What mostly waits in the ledger before such a move; a wrong guess costs a reading."""
    order = fact.attempt.order
    was_held = not order.capture and fact.status in _ENDING
    return Books(held=order.amount.minor if was_held else 0)


def _refuse_illegal(fact: Fact, standing: Payment) -> None:
    if fact.status not in PAYMENT_MOVES[standing.status]:
        raise MoveRefused(
            f"{standing.payment_id} is {standing.status}, not to become {fact.status}"
        )
    captured = fact.captured.minor if fact.captured else 0
    if standing.captured_minor + captured > standing.amount.minor:
        raise MoveRefused(f"{standing.payment_id} cannot capture more than was agreed")
