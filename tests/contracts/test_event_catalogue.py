"""Every type that the record writes is in the catalogue, and its data is as the schema says."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from payments.adapters.postgres.batches import PostgresBatches
from payments.adapters.postgres.cases import PostgresCases
from payments.adapters.postgres.disputes import PostgresDisputes
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database
from payments.domain.batch import BatchMove
from payments.domain.batch import BatchStatus as B
from payments.domain.batch_row import RefusedRow
from payments.domain.bill import LockState
from payments.domain.case import CaseEnd, CaseFound, CaseReason, CaseStatus
from payments.domain.charge import Answer, Receipt
from payments.domain.codes import Code
from payments.domain.dispute import DisputeStatus as D
from payments.domain.events import EVENT_TYPES
from payments.domain.method import BankRedirect, DisplayCode
from payments.domain.money import Money
from payments.domain.outcome import Outcome, OutcomeKind
from payments.domain.payment import PaymentStatus
from payments.domain.payout import PayoutReview, PayoutStatus
from payments.domain.refund import RefundStatus
from payments.domain.webhook import Disabled
from payments.stack.postgres import DatabaseUrls
from tests.card_factories import make_attempt, make_refund
from tests.contracts.batch_record import make_batch
from tests.contracts.card_record import ACTION, S, begun, fact_of
from tests.contracts.direct import Direct
from tests.contracts.factories import NOW, accepted, make_lock, make_payment
from tests.contracts.payout_record import PayoutRecord
from tests.contracts.webhook_stage import in_postgres
from tests.dispute_factories import make_dispute_order, make_sighting
from tests.event_data import misfits_in

BLOCKED = Outcome(OutcomeKind.DECLINED, code=Code.ACCOUNT_BLOCKED)
TAKEN = Answer(OutcomeKind.ACCEPTED, reference="acq_re_1")
ADAPTERS = Path(__file__).parents[2] / "payments" / "adapters" / "postgres"


async def bills(transactions: PostgresTransactions) -> None:
    for outcome in (accepted(), BLOCKED, Outcome(OutcomeKind.DECLINED, reference="DESCO-9")):
        payment = make_payment()
        await transactions.begin(payment)
        await transactions.settle(payment, outcome)
    await transactions.close_lock(make_lock(), LockState.EXPIRED)


WAYS: tuple[tuple[PaymentStatus, ...], ...] = (
    (S.REVIEW, S.FAILED),
    (S.REVIEW, S.EXPIRED),
    (S.REQUIRES_ACTION, S.AUTHORIZED, S.PARTIALLY_CAPTURED, S.CAPTURED),
    (S.AUTHORIZED, S.CANCELED),
    (S.AUTHORIZED, S.EXPIRED),
    (S.CANCELED,),
)


async def cards(payments: PostgresPayments, currency: str) -> None:
    amount = Money(10_000, currency)
    for ways in WAYS:
        order = await begun(
            payments, amount=amount, capture=False, metadata={"cart": "7"}, customer_id="cus_1"
        )
        for status in ways:
            more: dict[str, Any] = {}
            if status is S.AUTHORIZED:
                more = {"expires_at": ACTION.expires_at}
            elif status is S.CAPTURED:
                more = {"captured": None}
            await payments.move(fact_of(order, status, **more))
    order = await begun(payments, amount=amount)
    await payments.move(fact_of(order, S.FAILED))
    attempt = make_attempt(order)
    await payments.late(attempt, amount, captured=True)
    await payments.reversed(attempt, amount, captured=True)


BANK_WAYS: tuple[tuple[PaymentStatus, ...], ...] = (
    (S.REQUIRES_ACTION, S.CAPTURED),
    (S.REQUIRES_ACTION, S.EXPIRED),
    (S.REVIEW, S.CANCELED),
)


async def banks(payments: PostgresPayments) -> None:
    for bank in (BankRedirect("GB", "SUNNY"), BankRedirect("DE")):
        for ways in BANK_WAYS:
            order = await begun(payments, card=None, bank=bank)
            for status in ways:
                await payments.move(fact_of(order, status))
        order = await begun(payments, card=None, bank=bank)
        await payments.move(fact_of(order, S.FAILED))
        attempt = make_attempt(order)
        await payments.late(attempt, order.amount, captured=True)
        await payments.reversed(attempt, order.amount, captured=True)


async def codes(payments: PostgresPayments, database: Database) -> None:
    """Shown, and ended in each way; and what comes for them all the same."""
    cases = PostgresCases(database, PostgresLedger(database))
    shown = replace(ACTION, type="display_code", copy_code="000201")
    for number, end in enumerate((S.CAPTURED, S.EXPIRED, S.CANCELED)):
        order = await begun(payments, card=None, display=DisplayCode("BR"))
        await payments.move(fact_of(order, S.REQUIRES_ACTION, next_action=shown))
        await payments.move(fact_of(order, end))
        receipt = Receipt(f"E{uuid4().hex}", order.amount, NOW)
        reason = tuple(CaseReason)[number]
        found = CaseFound(make_attempt(order), receipt, reason, pays=False, at=NOW)
        case = (await cases.open(found)).case
        assert case is not None
        fee = Money(0, order.amount.currency)
        for status in (CaseStatus.REFUNDED, CaseStatus.ACCEPTED)[number % 2 :][:1]:
            await cases.close(CaseEnd(case, status, "policy", fee, NOW))


async def refunded(payments: PostgresPayments, refunds: PostgresRefunds) -> None:
    order = await begun(payments)
    await payments.move(fact_of(order, S.CAPTURED))
    for status in (RefundStatus.SUCCEEDED, RefundStatus.FAILED):
        for reason in ("too small", None):
            refund = make_refund(order, 100, reason=reason)
            await refunds.reserve(refund)
            await refunds.settle(refund, status, TAKEN, None)


async def disputed(payments: PostgresPayments, disputes: PostgresDisputes, currency: str) -> None:
    amount = Money(10_000, currency)
    for ways in (
        (D.NEEDS_RESPONSE, D.UNDER_REVIEW, D.WON),
        (D.NEEDS_RESPONSE, D.LOST),
        (D.WARNING_NEEDS_RESPONSE, D.WARNING_UNDER_REVIEW, D.WARNING_CLOSED),
        (D.WARNING_NEEDS_RESPONSE, D.NEEDS_RESPONSE),
    ):
        order = await begun(payments, amount=amount)
        await payments.move(fact_of(order, S.CAPTURED))
        dispute = make_dispute_order()
        for status in ways:
            await disputes.see(
                make_sighting(order, dispute, status=status, fee=Money(15, currency))
            )
            await disputes.remind(dispute.dispute_id, 1, last=True)


async def paid_out(database: Database) -> None:
    record = PayoutRecord(database)
    await record.earn(10_000_000)
    for status in PayoutStatus:
        await record.lead_to(status, metadata={"batch": "7"})
    held = await record.lead_to(PayoutStatus.ON_HOLD)
    await record.payouts.review(held, PayoutReview(False, "ann"))


async def of_endpoints(database: Database) -> None:
    webhooks = in_postgres(database)
    endpoint = await webhooks.add_endpoint()
    await webhooks.log.test_event(endpoint, uuid4(), NOW)
    for why in Disabled:
        endpoint = await webhooks.add_endpoint()
        await webhooks.endpoints.disable(endpoint.partner_id, endpoint.endpoint_id, why, NOW)


async def of_batches(batches: PostgresBatches) -> None:
    for ways in ((B.PAUSED, B.RUNNING, B.FINISHED), (B.CANCELING, B.CANCELED)):
        batch = make_batch()
        await batches.create(batch)
        for way in ways:
            if way in (B.FINISHED, B.CANCELED):
                for order in await batches.take(batch.batch_id, 0, 10):
                    await batches.refuse(RefusedRow(order.ref, Code.BILL_NOT_FOUND))
                await batches.cancel_waiting(batch.batch_id, 10)
            await batches.move(BatchMove(batch.batch_id, way))


async def test_what_the_record_tells_fits_the_catalogue_and_covers_it(
    database: Database, direct: Direct, urls: DatabaseUrls
) -> None:
    ledger = PostgresLedger(database)
    payments = PostgresPayments(database, ledger)
    await bills(PostgresTransactions(database, ledger))
    await paid_out(database)
    for currency in ("USD", "JPY", "BHD"):
        await cards(payments, currency)
    await banks(payments)
    await codes(payments, database)
    await refunded(payments, PostgresRefunds(database, ledger))
    for currency in ("USD", "JPY", "BHD"):
        await disputed(payments, PostgresDisputes(database, ledger), currency)
    await of_endpoints(database)
    await of_batches(PostgresBatches(database))

    assert await misfits_in(urls.owner_url) == []
    told = {type_ for (type_,) in await direct.rows("SELECT DISTINCT type FROM event")}
    assert told == set(EVENT_TYPES)


def test_no_adapter_names_a_type_that_is_not_in_the_catalogue() -> None:
    kinds = "|".join({name.split(".")[0] for name in EVENT_TYPES})
    found = {
        name
        for file in ADAPTERS.glob("*.py")
        for name in re.findall(rf"""['"]((?:{kinds})\.[a-z_]+)['"]""", file.read_text())
    }

    assert found >= {"bill.paid", "bill.declined", "bill.lock_expired"}
    assert found <= set(EVENT_TYPES)
