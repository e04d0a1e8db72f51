"""What the pretend acquirer's webhooks say of a payment's money."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from payments.adapters.providers.sandbox import webhooks
from payments.domain.money import Money
from payments.ports.provider import Says, Told

SECRET = "whsec_" + "QUFB" * 8
NOW = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)


def read(**changes: object) -> Told:
    payment = {
        "reference": "pay_1-1",
        "state": "AUTHORIZED",
        "currency": "USD",
        "authorizedAmount": "10.00",
        "capturedAmount": "0.00",
        **changes,
    }
    told = {"id": "evt_1", "type": "payment.updated", "timestamp": "2026-11-21T07:00:00Z"}
    raw = json.dumps({**told, "data": {"acquirer": "NORTH", "payment": payment}})
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("evt_1", NOW, raw),
    }
    return webhooks.told(raw.encode(), headers, [SECRET], NOW, "NORTH")


@pytest.mark.parametrize(
    ("state", "captured", "says", "minor"),
    [
        ("AUTHORIZED", "0.00", Says.AUTHORIZED, 1000),
        # A part is taken and the rest still reserved: what counts is what was taken so far.
        ("AUTHORIZED", "4.00", Says.CAPTURED, 400),
        ("CAPTURED", "9.00", Says.CAPTURED, 900),
        ("VOIDED", "0.00", Says.VOIDED, 1000),
    ],
)
def test_it_says_what_is_reserved_or_what_was_taken(
    state: str, captured: str, says: Says, minor: int
) -> None:
    told = read(state=state, capturedAmount=captured)

    assert (told.says, told.amount) == (says, Money(minor, "USD"))
