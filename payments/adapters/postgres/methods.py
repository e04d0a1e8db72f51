"""Customers and their saved cards in PostgreSQL. Payments.move saves a card."""

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from payments.db.session import Database, Row
from payments.domain.card import Card
from payments.ports.methods import Customer, Method

_CARD: Final = TypeAdapter(Card)

_ADD: Final = """
    WITH added AS (
        INSERT INTO customer (id, partner_id, reference, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        RETURNING id, partner_id, reference, created_at
    )
    SELECT id, partner_id, reference, created_at FROM added
    UNION ALL
    SELECT id, partner_id, reference, created_at FROM customer
    WHERE partner_id = $2 AND reference = $3"""
_CUSTOMER: Final = """
    SELECT id, partner_id, reference, created_at FROM customer WHERE partner_id = $1 AND id = $2"""
# Its methods go with it.
_FORGET_CUSTOMER: Final = "DELETE FROM customer WHERE partner_id = $1 AND id = $2 RETURNING id"
_SAVED: Final = "SELECT * FROM payment_method WHERE partner_id = $1 AND token = $2"
_OF_CUSTOMER: Final = """
    SELECT * FROM payment_method WHERE partner_id = $1 AND customer_id = $2
    ORDER BY created_at, token"""
_FORGET: Final = """
    DELETE FROM payment_method WHERE partner_id = $1 AND token = $2 RETURNING token"""


class PostgresMethods:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_customer(self, customer: Customer) -> Customer:
        while True:
            rows = await self._database.fetch(
                _ADD,
                customer.customer_id,
                customer.partner_id,
                customer.reference,
                customer.created_at,
            )
            if rows:
                return _customer(rows[0])
            # Somebody else added it after this statement began: the next one sees it.

    async def customer(self, partner_id: str, customer_id: str) -> Customer | None:
        rows = await self._database.fetch(_CUSTOMER, partner_id, customer_id)
        return _customer(rows[0]) if rows else None

    async def forget_customer(self, partner_id: str, customer_id: str) -> bool:
        return bool(await self._database.fetch(_FORGET_CUSTOMER, partner_id, customer_id))

    async def saved(self, partner_id: str, token: str) -> Method | None:
        rows = await self._database.fetch(_SAVED, partner_id, token)
        return _method(rows[0]) if rows else None

    async def of_customer(self, partner_id: str, customer_id: str) -> Sequence[Method]:
        return [
            _method(row)
            for row in await self._database.fetch(_OF_CUSTOMER, partner_id, customer_id)
        ]

    async def forget(self, partner_id: str, token: str) -> bool:
        return bool(await self._database.fetch(_FORGET, partner_id, token))


def _customer(row: Row) -> Customer:
    return Customer(row["id"], row["partner_id"], row["reference"], row["created_at"])


def _method(row: Row) -> Method:
    return Method(
        card=_CARD.validate_python(row["card"]),
        partner_id=row["partner_id"],
        customer_id=row["customer_id"],
        created_at=row["created_at"],
    )
