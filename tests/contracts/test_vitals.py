"""The record's vital signs: what waits, and for how long."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from payments.adapters.postgres.batches import PostgresBatches
from payments.adapters.postgres.cases import PostgresCases
from payments.adapters.postgres.disputes import PostgresDisputes
from payments.adapters.postgres.inbox import PostgresInbox
from payments.adapters.postgres.incidents import PostgresIncidents
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.adapters.postgres.routing import PostgresRouting
from payments.adapters.postgres.vitals import PostgresVitals
from payments.db.session import Database
from payments.domain.batch import BatchMove, BatchStatus
from payments.domain.charge import Answer
from payments.domain.dispute import Dispute, DisputeStatus, ResponseState
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.routing import Switch
from payments.ports.inbox import Inbound, InboundState
from payments.ports.incidents import Incident, IncidentKind
from payments.ports.provider import Meaning, Told
from tests.card_factories import NOW, make_attempt, make_refund
from tests.contracts.batch_record import make_batch
from tests.contracts.card_record import S, begun, fact_of
from tests.contracts.direct import Direct
from tests.contracts.payout_record import P, PayoutRecord
from tests.contracts.test_cases import make_end, shown
from tests.contracts.test_cases import make_found as make_case
from tests.contracts.test_evidence import accepting, ended
from tests.dispute_factories import make_sighting

D = DisputeStatus


@pytest.fixture
def ledger(database: Database) -> PostgresLedger:
    return PostgresLedger(database)


async def read(database: Database) -> dict[tuple[str, str | None], float]:
    vitals = await PostgresVitals(database).read()
    return {(vital.name, next(iter(vital.labels.values()), None)): vital.value for vital in vitals}


async def test_an_empty_record_waits_for_nothing(database: Database) -> None:
    vitals = await read(database)

    assert not any(vitals.values())
    assert {name for name, _ in vitals} == {
        *("transactions_processing", "transactions_processing_oldest_s"),
        *("payments_processing", "payments_processing_oldest_s", "payments_unknown"),
        *("payments_review", "payments_requires_action"),
        *("refunds_pending", "refunds_pending_oldest_s", "refunds_unknown"),
        *("cases_open", "cases_open_oldest_s", "payouts_held", "payouts_held_oldest_s"),
        *(
            "batches_standing",
            "disputes_due_unanswered",
            "inbound_received",
            "inbound_received_oldest_s",
        ),
        *("inbound_parked", "inbound_quarantined"),
        *("answers_in_flight", "event_position"),
        *("webhook_deliveries_untried", "webhook_deliveries_untried_oldest_s"),
        *(
            "webhook_endpoints_failing",
            "webhook_endpoints_given_up",
            "events_unplanned",
            "events_unplanned_oldest_s",
        ),
        *("card_number_incidents_last_hour", "fees_unbooked_last_day", "switches_on"),
    }


async def test_what_waits_of_cards_is_counted(database: Database, ledger: PostgresLedger) -> None:
    payments, refunds = PostgresPayments(database, ledger), PostgresRefunds(database, ledger)
    for status in (S.REVIEW, S.REQUIRES_ACTION, S.FAILED, S.PROCESSING):
        order = await begun(payments)
        if status is not S.PROCESSING:
            await payments.move(fact_of(order, status))
    await payments.suspend(make_attempt(order))
    captured = await begun(payments)
    await payments.move(fact_of(captured, S.CAPTURED))
    for suspended in (True, False):
        refund = make_refund(captured, 100)
        await refunds.reserve(refund)
        if suspended:
            await refunds.suspend(refund)
    for state in InboundState:
        told = Told(f"evt_{state}", "t", Meaning.UNKNOWN)
        event = Inbound("NORTH", told, hashlib.sha256().digest(), "{}", NOW)
        await PostgresInbox(database).store(event, state)

    vitals = await read(database)

    assert {name: value for (name, _), value in vitals.items() if name in EXPECTED} == EXPECTED
    assert vitals["payments_processing_oldest_s", None] != 0
    assert vitals["refunds_pending_oldest_s", None] != 0
    assert vitals["inbound_received_oldest_s", None] != 0
    assert vitals["events_unplanned_oldest_s", None] != 0
    assert vitals["suspense_minor", "USD"] == -10_100
    assert vitals["ledger_imbalance_minor", "USD"] == 0


async def test_what_operators_must_hear_of_is_counted(
    database: Database, direct: Direct, ledger: PostgresLedger
) -> None:
    routing = PostgresRouting(database)
    await PostgresIncidents(database).record(
        Incident(IncidentKind.CARD_NUMBER, None, str(uuid4()), "body metadata.note")
    )
    for country, flips in {"AQ": (True,), "BV": (True, False)}.items():
        for on in flips:
            await routing.flip(Switch(on, "me", "a drill", NOW, country=country))
    await direct.run(
        "INSERT INTO provider VALUES ('NORTH', 'sandbox', '', '', '', 5, 5, true, 'active'),"
        " ('SOUTH', 'sandbox', '', '', '', 5, 5, true, 'active')"
    )
    payments = PostgresPayments(database, ledger)
    for _ in range(5):
        silent = Answer(OutcomeKind.NOT_SENT)
        await payments.attempted(make_attempt(await begun(payments)), silent)

    vitals = await read(database)

    assert vitals["card_number_incidents_last_hour", None] == 1
    assert vitals["switches_on", None] == 1
    assert (vitals["provider_unwell", "NORTH"], vitals["provider_unwell", "SOUTH"]) == (1, 0)


async def test_cases_that_nobody_closed_are_counted(
    database: Database, ledger: PostgresLedger
) -> None:
    payments, cases = PostgresPayments(database, ledger), PostgresCases(database, ledger)
    order = await shown(payments)
    opened_at = datetime.now(UTC) - timedelta(hours=5)
    for at in (opened_at - timedelta(hours=1), opened_at, opened_at + timedelta(hours=1)):
        case = (await cases.open(make_case(order, at=at))).case
        assert case is not None
        if at < opened_at:
            await cases.close(make_end(case))

    vitals = await read(database)

    assert vitals["cases_open", None] == 2
    assert 5 * 3600 <= vitals["cases_open_oldest_s", None] < 6 * 3600


async def test_payouts_that_wait_for_people_are_counted(database: Database) -> None:
    record = PayoutRecord(database)
    await record.earn(1_000_000)
    created_at = datetime.now(UTC) - timedelta(hours=5)
    for status, hours in ((P.ON_HOLD, 0), (P.ON_HOLD, 1), (P.QUEUED, -1), (P.CANCELED, -1)):
        await record.lead_to(status, created_at=created_at + timedelta(hours=hours))

    vitals = await read(database)

    assert vitals["payouts_held", None] == 2
    assert 5 * 3600 <= vitals["payouts_held_oldest_s", None] < 6 * 3600


async def test_batches_whose_rows_wait_while_none_is_under_way_are_counted(
    database: Database,
) -> None:
    batches = PostgresBatches(database)
    for taken in (0, 0, 1):
        new = await batches.create(make_batch())
        await batches.take(new.batch_id, 0, taken)
    for status in (BatchStatus.PAUSED, BatchStatus.CANCELING):
        other = await batches.create(make_batch())
        await batches.move(BatchMove(other.batch_id, status))

    vitals = await read(database)

    assert vitals["batches_standing", None] == 2


async def test_disputes_that_are_due_and_have_no_answer_are_counted(
    database: Database, ledger: PostgresLedger
) -> None:
    payments, disputes = PostgresPayments(database, ledger), PostgresDisputes(database, ledger)
    now = datetime.now(UTC)

    async def opened(due_at: datetime | None, status: DisputeStatus = D.NEEDS_RESPONSE) -> Dispute:
        order = await begun(payments)
        await payments.move(fact_of(order, S.CAPTURED))
        seen = await disputes.see(make_sighting(order, status=status, due_at=due_at))
        assert seen.dispute is not None, seen
        return seen.dispute

    soon = now + timedelta(hours=20)
    await opened(soon, D.WARNING_NEEDS_RESPONSE)
    refused = await opened(soon)
    order = accepting(refused, at=now)
    await disputes.answer(order)
    await ended(disputes, order, ResponseState.REFUSED)
    assert (await read(database))["disputes_due_unanswered", None] == 2

    await disputes.answer(accepting(await opened(soon), at=now))
    for due_at, status in (
        (soon, D.UNDER_REVIEW),
        (soon, D.LOST),
        (now - timedelta(hours=1), D.NEEDS_RESPONSE),
        (now + timedelta(days=3), D.NEEDS_RESPONSE),
        (None, D.NEEDS_RESPONSE),
    ):
        await opened(due_at, status)

    assert (await read(database))["disputes_due_unanswered", None] == 2


EXPECTED = {
    # Of the payments that are in review, ask for something, failed and were captured.
    "events_unplanned": 4,
    "payments_processing": 1,
    "payments_review": 1,
    "payments_requires_action": 1,
    "payments_unknown": 1,
    "refunds_pending": 2,
    "refunds_unknown": 1,
    "inbound_received": 1,
    "inbound_parked": 1,
    "inbound_quarantined": 1,
}


async def test_a_fee_in_another_currency_is_told_of_once_and_in_no_book(
    database: Database, ledger: PostgresLedger
) -> None:
    payment = await begun(PostgresPayments(database, ledger))
    await PostgresPayments(database, ledger).move(fact_of(payment, S.CAPTURED))
    before = await read(database)
    sighting = make_sighting(
        payment,
        fee=Money(0, "USD"),
        status=D.WARNING_NEEDS_RESPONSE,
        other_fees=(Money(1_300, "EUR"),),
    )
    disputes, booked = PostgresDisputes(database, ledger), await ledger.balances()

    for _ in range(2):
        await disputes.see(sighting)

    assert await ledger.balances() == booked
    told = [each.incident for each in await PostgresIncidents(database).latest(50)]
    place, trace = "fee of 13.00 EUR at NORTH", sighting.order.dispute_id
    incident = Incident(IncidentKind.FEE_UNBOOKED, payment.partner_id, trace, place)
    assert told.count(incident) == 1
    after = await read(database)
    assert after["fees_unbooked_last_day", None] == before["fees_unbooked_last_day", None] + 1
