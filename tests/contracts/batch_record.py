"""Batches of bills that stand in the record, in PostgreSQL and in the fake."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from payments.adapters.postgres.batches import PostgresBatches
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database
from payments.domain import ids
from payments.domain.batch import NewBatch
from payments.domain.batch_row import BatchKind, BatchRow, BillRow, RowOrder, RowState
from payments.domain.bill import Agreement, Begun, BillPayment
from payments.domain.money import Money
from payments.domain.row import RowRef
from payments.ports.batches import Batches
from payments.ports.transactions import Transactions
from tests.contracts.factories import NOW, make_bill, make_payment
from tests.fakes.batches import FakeBatches
from tests.fakes.transactions import FakeTransactions

ALL = 1000
_HASTEN = "UPDATE batch_row SET again_at = now() WHERE batch_id = $1 AND line = $2"


@dataclass
class Stage:
    batches: Batches
    transactions: Transactions
    database: Database | None = None

    async def begin(self, order: RowOrder) -> BillPayment:
        """What the row's workflow begins in the record."""
        payment = make_payment(
            transaction_id=order.row.object_id,
            partner_id=order.partner_id,
            partner_transaction_id=order.row.reference,
            bill=order.row.bill.ref,
            amount=order.row.amount,
            trace=order.trace,
        )
        assert await self.transactions.begin(payment, order.ref) is Begun.NOW
        return payment

    async def wait_over(self, ref: RowRef) -> None:
        """The row's pause is over at once."""
        if isinstance(self.batches, FakeBatches):
            self.batches.hasten(ref)
        else:
            assert self.database is not None
            await self.database.fetch(_HASTEN, ref.batch_id, ref.line)

    async def states(self, batch_id: str) -> list[RowState]:
        return [each.state for each in await self.batches.results(batch_id, 0, ALL)]


@pytest.fixture(params=["postgres", "fake"])
def stage(request: pytest.FixtureRequest, database: Database) -> Stage:
    if request.param == "fake":
        transactions = FakeTransactions()
        return Stage(FakeBatches(transactions), transactions)
    return Stage(
        PostgresBatches(database),
        PostgresTransactions(database, PostgresLedger(database)),
        database,
    )


def make_row(line: int, **changes: Any) -> BatchRow:
    reference = changes.get("reference", f"order-{uuid4()}")
    given = {
        "line": line,
        "reference": reference,
        "object_id": ids.transaction_id("partner_1", reference, NOW),
        "amount": Money(125_000, "BDT"),
        "asked": BillRow(make_bill(), Agreement(0, 100)),
        **changes,
    }
    return BatchRow(**given)


def make_batch(*rows: BatchRow, **changes: Any) -> NewBatch:
    reference = f"april-{uuid4()}"
    given = {
        "batch_id": ids.batch_id("partner_1", reference),
        "partner_id": "partner_1",
        "kind": BatchKind.BILL_PAYMENTS,
        "reference": reference,
        "digest": reference.encode(),
        "trace": f"partner_1.{uuid4()}",
        "created_at": NOW,
        "rows": rows or (make_row(2), make_row(3), make_row(4)),
        **changes,
    }
    return NewBatch(**given)
