"""Whether a webhook is the gateway's own, and where it stands among those of its object."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from quittance import (
    Place,
    QuittanceError,
    WebhookForged,
    WebhookHeadersMissing,
    WebhookRefused,
    WebhookStale,
    WebhookUnreadable,
    verify_webhook,
)
from standardwebhooks import Webhook
from webhook_answers import EVENT, EVENT_ID, OTHER_SECRET, SECRET

NOW = datetime(2026, 4, 30, 8, 21, 15, tzinfo=UTC)
BODY = json.dumps(EVENT | {"note": "é"}, ensure_ascii=False).encode()


def signed(
    body: bytes = BODY, *secrets: str, at: datetime = NOW, name: str = EVENT_ID
) -> dict[str, str]:
    """As the library of the standard signs, and not as this package does."""
    made = [Webhook(each).sign(name, at, body.decode()) for each in secrets or (SECRET,)]
    return {
        "Webhook-Id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(made),
    }


def test_a_signed_event_is_told_with_its_types():
    event = verify_webhook(BODY, signed(), SECRET, now=NOW)

    assert (event.id, event.type, event.version) == (EVENT_ID, "bill.paid", "2026-11-21")
    assert event.timestamp == datetime(2026, 4, 30, 8, 21, 14, 250_000, tzinfo=UTC)
    assert (event.sequence, event.previous_status) == (1, "PROCESSING")
    assert (event.object_type, event.object_id) == ("transaction", "TXN-2026-04-7K3Q9XW2")
    assert event.data["amount"] == "1250.00"
    assert not event.is_thin


def test_the_clock_of_this_machine_is_taken_when_none_is_given():
    at = datetime.now(UTC)

    assert verify_webhook(BODY, signed(at=at), SECRET).id == EVENT_ID
    with pytest.raises(WebhookStale):
        verify_webhook(BODY, signed(at=at - timedelta(minutes=6)), SECRET)


def test_any_of_several_secrets_and_any_of_several_signatures_will_do():
    both = signed(BODY, OTHER_SECRET, SECRET)

    for headers, secrets in (
        (signed(), [OTHER_SECRET, SECRET]),
        (both, SECRET),
        (both, [OTHER_SECRET]),
        (both, {SECRET, OTHER_SECRET}),
        (signed() | {"webhook-signature": "v1a,AAAA  " + signed()["webhook-signature"]}, SECRET),
    ):
        assert verify_webhook(BODY, headers, secrets, now=NOW).id == EVENT_ID


@pytest.mark.parametrize(
    ("body", "changes", "secret"),
    [
        (BODY.replace(b"1250", b"9250"), {}, SECRET),
        (BODY + b"\n", {}, SECRET),
        (json.dumps(json.loads(BODY)).encode(), {}, SECRET),
        (BODY, {"Webhook-Id": "evt_another"}, SECRET),
        (BODY, {"webhook-timestamp": "1777537276"}, SECRET),
        (BODY, {"webhook-signature": "v1,AAAA"}, SECRET),
        (BODY, {"webhook-signature": "v1"}, SECRET),
        (BODY, {"webhook-signature": "v1,é"}, SECRET),
        (BODY, {"webhook-signature": signed()["webhook-signature"].replace("v1,", "v2,")}, SECRET),
        (BODY, {"webhook-signature": signed()["webhook-signature"].removeprefix("v1,")}, SECRET),
        (BODY, {}, OTHER_SECRET),
    ],
)
def test_what_is_not_signed_like_this_is_forged(body, changes, secret):
    with pytest.raises(WebhookForged):
        verify_webhook(body, signed() | changes, secret, now=NOW)


@pytest.mark.parametrize("age_s", [-301, 301, 86_400])
def test_a_replayed_signature_is_stale_and_said_to_be_ours(age_s):
    with pytest.raises(WebhookStale, match=f"{age_s} s"):
        verify_webhook(BODY, signed(at=NOW - timedelta(seconds=age_s)), SECRET, now=NOW)


@pytest.mark.parametrize("age_s", [-300, 0, 300])
def test_five_minutes_are_tolerated_either_way(age_s):
    at = NOW - timedelta(seconds=age_s)

    assert verify_webhook(BODY, signed(at=at), SECRET, now=NOW).id == EVENT_ID


def test_the_tolerance_is_yours_to_choose():
    at = NOW - timedelta(seconds=20)

    with pytest.raises(WebhookStale):
        verify_webhook(BODY, signed(at=at), SECRET, now=NOW, tolerance=timedelta(seconds=10))


def test_a_forged_message_is_forged_however_old_it_says_it_is():
    with pytest.raises(WebhookForged):
        verify_webhook(BODY, signed() | {"webhook-timestamp": "1"}, SECRET, now=NOW)


@pytest.mark.parametrize("name", ["Webhook-Id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_named(name):
    for headers in ({**signed(), name: ""}, {k: v for k, v in signed().items() if k != name}):
        with pytest.raises(WebhookHeadersMissing, match=name.lower()):
            verify_webhook(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize("at", ["now", "1.5", "-1", "１７", "9" * 13, " 1"])
def test_a_time_that_is_none_is_refused(at):
    with pytest.raises(WebhookHeadersMissing, match="webhook-timestamp"):
        verify_webhook(BODY, signed() | {"webhook-timestamp": at}, SECRET, now=NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[]",
        json.dumps(EVENT | {"sequence": "1"}).encode(),
        json.dumps(EVENT | {"object": None}).encode(),
        json.dumps({k: v for k, v in EVENT.items() if k != "type"}).encode(),
        json.dumps(EVENT | {"id": "evt_another"}).encode(),
    ],
)
def test_a_signed_body_that_is_no_event_of_ours_is_unreadable(body):
    with pytest.raises(WebhookUnreadable):
        verify_webhook(body, signed(body), SECRET, now=NOW)


def test_a_newer_gateway_may_say_more():
    body = json.dumps(EVENT | {"type": "dispute.created", "more": {}}).encode()

    assert verify_webhook(body, signed(body), SECRET, now=NOW).type == "dispute.created"


def test_a_thin_event_says_only_which_object_it_is():
    body = json.dumps(EVENT | {"data": {"id": "TXN-2026-04-7K3Q9XW2"}}).encode()

    assert verify_webhook(body, signed(body), SECRET, now=NOW).is_thin


def test_every_refusal_is_one_kind_of_error():
    for kind in (WebhookForged, WebhookHeadersMissing, WebhookStale, WebhookUnreadable):
        assert issubclass(kind, WebhookRefused)
    assert issubclass(WebhookRefused, QuittanceError)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_é", "whsec_abc", SECRET[6:], []])
def test_a_secret_that_is_none_is_the_callers_mistake_and_stays_out_of_logs(secret):
    with pytest.raises(ValueError, match="secret") as caught:
        verify_webhook(BODY, signed(), secret, now=NOW)

    if len(secret) > len("whsec_"):
        assert secret not in str(caught.value)


def test_what_is_not_the_raw_body_is_the_callers_mistake():
    with pytest.raises(TypeError, match="raw bytes"):
        verify_webhook(BODY.decode(), signed(), SECRET, now=NOW)
    with pytest.raises(ValueError, match="zone"):
        verify_webhook(BODY, signed(), SECRET, now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("sequence", "last", "place", "missing"),
    [
        (1, 0, Place.NEXT, []),
        (2, 1, Place.NEXT, []),
        (4, 1, Place.AHEAD, [2, 3]),
        (2, 0, Place.AHEAD, [1]),
        (2, 2, Place.OLDER, []),
        (1, 5, Place.OLDER, []),
    ],
)
def test_a_gap_in_the_sequence_is_seen(sequence, last, place, missing):
    body = json.dumps(EVENT | {"sequence": sequence}).encode()
    event = verify_webhook(body, signed(body), SECRET, now=NOW)

    assert event.place_after(last) is place
    assert list(event.missing_after(last)) == missing
