"""What is signed and sent for an event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from payments.adapters.webhooks.message import LARGEST_BODY_BYTES, message
from payments.domain import ids
from payments.domain.webhook import NEWEST_VERSION, Payload, SigningSecrets
from tests.contracts.webhooks.deliveries import AT, EVENT_ID, make_delivery, secret

NAME = ids.event_name(EVENT_ID)


def test_a_message_carries_the_event_and_the_object_as_they_are() -> None:
    sent = message(make_delivery(), datetime.now(UTC))

    assert orjson.loads(sent.body) == {
        "id": NAME,
        "type": "payment.captured",
        "timestamp": "2026-11-21T09:30:00.123Z",
        "version": NEWEST_VERSION,
        "sequence": 2,
        "previousStatus": "authorized",
        "object": {"type": "payment", "id": "pay_1"},
        "data": {"id": "pay_1", "amount": "1250.00"},
    }


def test_a_message_says_who_sends_it_and_in_which_form() -> None:
    sent = message(make_delivery(), AT)

    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["user-agent"].startswith("Quittance-Webhooks/")
    assert sent.headers["webhook-api-version"] == NEWEST_VERSION
    assert sent.headers["webhook-id"] == NAME
    assert sent.headers["webhook-timestamp"] == str(int(AT.timestamp()))


def test_the_library_of_the_receivers_verifies_it() -> None:
    sent = message(make_delivery(data={"name": "Łódź € 😀"}), datetime.now(UTC))

    verified = Webhook(secret("a")).verify(sent.body, dict(sent.headers))

    assert verified["data"] == {"name": "Łódź € 😀"}


def test_a_stranger_s_secret_and_a_changed_body_do_not() -> None:
    sent = message(make_delivery(), datetime.now(UTC))

    for by, body in ((secret("z"), sent.body), (secret("a"), sent.body.replace(b"1250", b"9250"))):
        with pytest.raises(WebhookVerificationError):
            Webhook(by).verify(body, dict(sent.headers))


def test_both_secrets_sign_during_an_overlap_and_one_after_it() -> None:
    now = datetime.now(UTC)
    secrets = SigningSecrets(secret("b"), secret("a"), now + timedelta(seconds=1))
    sent = message(make_delivery(secrets=secrets), now)
    later = message(make_delivery(secrets=secrets), now + timedelta(seconds=1))

    for each in "ab":
        Webhook(secret(each)).verify(sent.body, dict(sent.headers))
    Webhook(secret("b")).verify(later.body, dict(later.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret("a")).verify(later.body, dict(later.headers))
    assert len(sent.headers["webhook-signature"].split(" ")) == 2
    assert len(later.headers["webhook-signature"].split(" ")) == 1


def test_the_second_that_is_signed_is_utc_wherever_we_are() -> None:
    abroad = datetime.now(timezone(timedelta(hours=6)))

    sent = message(make_delivery(), abroad)

    Webhook(secret("a")).verify(sent.body, dict(sent.headers))


def test_every_try_and_every_endpoint_has_the_same_id_and_body() -> None:
    first = message(make_delivery(), AT)
    again = message(make_delivery(endpoint_id="whe_2"), AT + timedelta(hours=5))

    assert (first.body, first.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    assert first.headers["webhook-signature"] != again.headers["webhook-signature"]


def test_a_thin_message_only_says_which_object() -> None:
    sent = message(make_delivery(payload=Payload.THIN), AT)

    assert orjson.loads(sent.body)["data"] == {"id": "pay_1"}


@pytest.mark.parametrize("letter", ["x", "€"])
def test_a_message_of_more_than_20_kb_is_thin(letter: str) -> None:
    rest = LARGEST_BODY_BYTES - len(message(make_delivery(data={"a": ""}), AT).body)
    count, left = divmod(rest, len(letter.encode()))
    fits = make_delivery(data={"a": letter * count + "x" * left})
    too_long = make_delivery(data={"a": letter * count + "x" * (left + 1)})

    assert len(message(fits, AT).body) == LARGEST_BODY_BYTES
    assert orjson.loads(message(too_long, AT).body)["data"] == {"id": "pay_1"}


def test_an_event_without_a_status_before_says_so() -> None:
    delivery = make_delivery()
    first = replace(delivery, event=replace(delivery.event, previous_status=None, sequence=1))

    assert orjson.loads(message(first, AT).body)["previousStatus"] is None
