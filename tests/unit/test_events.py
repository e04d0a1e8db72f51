"""The catalogue of events: each type with its schema, its fields, and whether it is the end."""

from typing import Any

import pytest
from pydantic import ValidationError

from api.event_schemas import DATA, envelopes
from payments.domain.bill import TransactionState
from payments.domain.card_events import LATE_SUCCESS, PAYMENT_EVENTS, REFUND_EVENTS, REVERSED
from payments.domain.events import EVENT_TYPES, Ends, ObjectType
from payments.domain.payment import FINAL, PaymentStatus
from payments.domain.refund import RefundStatus
from tests.event_data import misfits

EXPIRED_LOCK = {
    "lockId": "6b1c",
    "billerId": "DESCO",
    "billNumber": "1234567800",
    "billingPeriod": "2026-04",
}
ENVELOPE: dict[str, Any] = {
    "id": "evt_" + "0" * 26,
    "type": "bill.lock_expired",
    "timestamp": "2026-04-30T08:21:14.123Z",
    "version": "2026-11-21",
    "sequence": 1,
    "previousStatus": "LOCKED",
    "object": {"type": "bill_lock", "id": "6b1c"},
    "data": EXPIRED_LOCK,
}


def stored(type_: str, object_type: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": type_, "object_type": object_type, "object_id": "6b1c", "data": data}


def test_every_type_has_a_schema_and_an_envelope() -> None:
    assert set(DATA) == set(EVENT_TYPES)
    assert set(envelopes()) == set(EVENT_TYPES)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_the_table_names_the_fields_that_the_schema_has(name: str) -> None:
    fields = DATA[name].model_fields.values()

    kind = EVENT_TYPES[name]
    assert {each.alias for each in fields if each.is_required()} == set(kind.always)
    assert {each.alias for each in fields if not each.is_required()} == set(kind.sometimes)


def test_everything_that_is_told_of_cards_is_in_the_catalogue() -> None:
    told = {*PAYMENT_EVENTS.values(), *REFUND_EVENTS.values(), LATE_SUCCESS, REVERSED}

    assert told <= set(EVENT_TYPES)


@pytest.mark.parametrize("status", PAYMENT_EVENTS)
def test_a_payments_event_is_terminal_when_its_status_is(status: PaymentStatus) -> None:
    kind = EVENT_TYPES[PAYMENT_EVENTS[status]]

    assert kind.object_type is ObjectType.PAYMENT
    assert kind.is_terminal({"status": status}) is (status in FINAL)


def test_what_happens_after_the_end_is_not_the_end() -> None:
    for name in (LATE_SUCCESS, REVERSED):
        assert not EVENT_TYPES[name].is_terminal({"status": "failed"})


def test_bills_and_refunds_are_told_when_they_have_ended() -> None:
    for name in ("bill.paid", "bill.declined", "bill.lock_expired", *REFUND_EVENTS.values()):
        assert EVENT_TYPES[name].ends is Ends.YES
    assert {"PAID", "DECLINED"} < set(TransactionState)
    assert set(REFUND_EVENTS) == set(RefundStatus) - {RefundStatus.PENDING}


def test_an_envelope_takes_full_and_thin_data_and_nothing_else() -> None:
    model = envelopes()["bill.lock_expired"]
    for data in (EXPIRED_LOCK, {"id": "6b1c"}):
        whole = ENVELOPE | {"data": data}
        assert model.model_validate(whole).model_dump(exclude_unset=True) == whole

    wrongs: list[dict[str, Any]] = [
        {"data": EXPIRED_LOCK | {"surprise": 1}},
        {"data": {}},
        {"sequence": 0},
        {"sequence": "1"},
        {"type": "bill.paid"},
        {"object": {"type": "payment", "id": "6b1c"}},
        {"surprise": 1},
    ]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            model.model_validate(ENVELOPE | wrong)


def test_an_envelope_needs_every_member() -> None:
    for name in ENVELOPE:
        rest = {each: value for each, value in ENVELOPE.items() if each != name}
        with pytest.raises(ValidationError):
            envelopes()["bill.lock_expired"].model_validate(rest)


def test_a_stored_event_that_does_not_fit_is_noticed() -> None:
    assert misfits([stored("bill.lock_expired", "bill_lock", EXPIRED_LOCK)]) == []
    for row in (
        stored("bill.vanished", "bill_lock", EXPIRED_LOCK),
        stored("bill.lock_expired", "transaction", EXPIRED_LOCK),
        stored("bill.lock_expired", "bill_lock", EXPIRED_LOCK | {"secret": "no"}),
        stored("bill.lock_expired", "bill_lock", {"lockId": "6b1c"}),
        stored("bill.lock_expired", "bill_lock", EXPIRED_LOCK | {"bill_number": "1"}),
    ):
        assert misfits([row])
