"""Card payments read from PostgreSQL: each question is one statement."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from typing import Final

from payments.adapters.postgres import payment_rows
from payments.db.session import Database
from payments.domain import ids
from payments.domain.money import Money
from payments.domain.payment import Attempt, Payment
from payments.domain.provider import kinds_for
from payments.domain.routing import Decision, Retries, Routed
from payments.ports.payments import Filter, Named

_FIND: Final = "SELECT * FROM payment WHERE partner_id = $1 AND id = $2"
_BY_REFERENCE: Final = "SELECT * FROM payment WHERE partner_id = $1 AND reference = $2"
_NAMED: Final = """
    SELECT payment.*, sent.number, sent.provider AS sent_to, sent.challenge,
        opened.receipts
    FROM payment
    LEFT JOIN payment_attempt AS sent ON sent.payment_id = payment.id AND sent.number = $2
    LEFT JOIN LATERAL (
        SELECT coalesce(array_agg(receipt), '{}') AS receipts FROM payment_case
        WHERE payment_id = payment.id
    ) AS opened ON true
    WHERE payment.id = $1"""
_LATEST: Final = """
    SELECT payment.ordered, sent.number, sent.provider AS sent_to, sent.challenge
    FROM payment
    JOIN payment_attempt AS sent ON sent.payment_id = payment.id AND sent.number = payment.attempt
    WHERE payment.id = $1"""
_ROUTED: Final = """
    SELECT id, decision, ordered FROM payment
    WHERE jsonb_typeof(decision -> 'facts') = 'object' ORDER BY created_at DESC LIMIT $1"""
_RETRIES: Final = """
    SELECT count(*) FILTER (WHERE sent.ended_at > now() - interval '24 hours') AS last_24h,
        count(*) FILTER (WHERE sent.ended_at > now() - interval '30 days') AS last_30d,
        coalesce(bool_or(sent.decline_kind = 'never'), false) AS never
    FROM payment_attempt AS sent JOIN payment ON payment.id = sent.payment_id
    WHERE sent.fingerprint = $2 AND sent.outcome = 'declined' AND payment.partner_id = $1
        AND (payment.amount_minor, payment.currency) = ($3, $4)"""
# Each condition of a page, by the name of what is wanted.
_CONDITIONS: Final = {
    "status": "status = {}",
    "reference": "reference = {}",
    "customer_id": "customer_id = {}",
    "created_from": "created_at >= {}",
    "created_before": "created_at < {}",
    "after": """(created_at, id) <
        (SELECT created_at, id FROM payment WHERE partner_id = $1 AND id = {})""",
}
_DECISION: Final = "SELECT decision FROM payment WHERE id = $1"


class PaymentReads:
    """The questions of ports.payments.Payments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, partner_id: str, payment_id: str) -> Payment | None:
        rows = await self._database.fetch(_FIND, partner_id, payment_id)
        return payment_rows.payment(rows[0]) if rows else None

    async def by_reference(self, partner_id: str, reference: str) -> Payment | None:
        rows = await self._database.fetch(_BY_REFERENCE, partner_id, reference)
        return payment_rows.payment(rows[0]) if rows else None

    async def list(self, partner_id: str, wanted: Filter) -> Sequence[Payment]:
        values: list[object] = [partner_id, wanted.limit]
        conditions = ["partner_id = $1"]
        for name, condition in _CONDITIONS.items():
            if (value := getattr(wanted, name)) is not None:
                values.append(value)
                conditions.append(condition.format(f"${len(values)}"))
        statement = f"""
            SELECT * FROM payment WHERE {" AND ".join(conditions)}
            ORDER BY created_at DESC, id DESC LIMIT $2"""
        return [payment_rows.payment(row) for row in await self._database.fetch(statement, *values)]

    async def decision(self, payment_id: str) -> Decision | None:
        rows = await self._database.fetch(_DECISION, payment_id)
        return payment_rows.decision(rows[0]) if rows else None

    async def routed(self, last: int) -> Sequence[Routed]:
        rows = await self._database.fetch(_ROUTED, last)
        return [
            Routed(row["id"], payment_rows.decision(row), kinds_for(payment_rows.order(row).method))
            for row in rows
        ]

    async def retries(self, partner_id: str, fingerprint: str, amount: Money) -> Retries:
        [row] = await self._database.fetch(
            _RETRIES, partner_id, fingerprint, amount.minor, amount.currency
        )
        return Retries(row["last_24h"], row["last_30d"], row["never"])

    async def attempt(self, reference: str) -> Attempt | None:
        named = await self.named(reference)
        return named.attempt if named else None

    async def named(self, reference: str) -> Named | None:
        try:
            payment_id = ids.payment_of_attempt(reference)
            number = int(reference.rpartition("-")[2])
        except ValueError:
            return None
        rows = await self._database.fetch(_NAMED, payment_id, number) if number < 2**31 else []
        if not rows:
            return None
        row = rows[0]
        attempt = payment_rows.attempt(row, payment_rows.order(row)) if row["number"] else None
        is_latest = number >= row["attempt"]
        return Named(payment_rows.payment(row), attempt, is_latest, frozenset(row["receipts"]))

    async def latest_attempt(self, payment_id: str) -> Attempt | None:
        rows = await self._database.fetch(_LATEST, payment_id)
        return payment_rows.attempt(rows[0], payment_rows.order(rows[0])) if rows else None
