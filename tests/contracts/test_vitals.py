"""The record's vital signs: what waits, and for how long."""

import hashlib
from uuid import uuid4

import pytest

from payments.adapters.postgres.inbox import PostgresInbox
from payments.adapters.postgres.incidents import PostgresIncidents
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.adapters.postgres.routing import PostgresRouting
from payments.adapters.postgres.vitals import PostgresVitals
from payments.db.session import Database
from payments.domain.charge import Answer
from payments.domain.outcome import OutcomeKind
from payments.domain.routing import Switch
from payments.ports.inbox import Inbound, InboundState
from payments.ports.incidents import Incident, IncidentKind
from tests.card_factories import NOW, make_attempt, make_refund
from tests.contracts.card_record import S, begun, fact_of
from tests.contracts.direct import Direct


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
        *("inbound_received", "inbound_parked", "inbound_quarantined"),
        *("answers_in_flight", "event_position"),
        *("webhook_deliveries_untried", "webhook_deliveries_untried_oldest_s"),
        *(
            "webhook_endpoints_failing",
            "webhook_endpoints_given_up",
            "events_unplanned",
            "events_unplanned_oldest_s",
        ),
        *("card_number_incidents_last_hour", "switches_on"),
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
        event = Inbound(
            "NORTH", f"evt_{state}", "t", None, None, hashlib.sha256().digest(), "{}", NOW
        )
        await PostgresInbox(database).store(event, state)

    vitals = await read(database)

    assert {name: value for (name, _), value in vitals.items() if name in EXPECTED} == EXPECTED
    assert vitals["payments_processing_oldest_s", None] != 0
    assert vitals["refunds_pending_oldest_s", None] != 0
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
