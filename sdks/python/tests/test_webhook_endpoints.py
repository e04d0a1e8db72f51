"""Webhook endpoints, their deliveries, events: what is asked, and what the answers become."""

import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from quittance import (
    DeliveryState,
    EndpointRefused,
    EndpointState,
    EndpointUnknown,
    EventUnknown,
    UnreadableAnswer,
)
from webhook_answers import (
    DELIVERY,
    ENDPOINT,
    ENDPOINT_ID,
    EVENT,
    EVENT_ID,
    GONE,
    OTHER_SECRET,
    SECRET,
)

ENDPOINTS = "/v1/webhook-endpoints"
ONE = f"{ENDPOINTS}/{ENDPOINT_ID}"
A_DAY = datetime(2026, 4, 30, tzinfo=UTC)


def body_of(request: httpx2.Request) -> object:
    return json.loads(request.content)


def test_an_endpoint_is_made_and_its_secret_stays_out_of_logs(gateway, connect):
    made = connect().webhook_endpoints.create("https://shop.example.test/hooks")

    (request,) = gateway.sent(ENDPOINTS)
    assert request.method == "POST"
    assert body_of(request) == {"url": "https://shop.example.test/hooks"}
    assert made.secret == SECRET
    assert SECRET not in repr(made)
    assert made.endpoint.id == ENDPOINT_ID
    assert made.endpoint.types == ("bill.paid", "payment.captured")
    assert made.endpoint.state is EndpointState.ENABLED
    assert made.endpoint.is_enabled
    assert made.previous_until is None


def test_all_that_can_be_said_of_an_endpoint_is_sent(gateway, connect):
    connect().webhook_endpoints.create(
        "https://shop.example.test/hooks",
        ["bill.paid"],
        payload="thin",
        description="the shop",
        idempotency_key="mine",
    )

    (request,) = gateway.sent(ENDPOINTS)
    assert request.headers["idempotency-key"] == "mine"
    assert body_of(request) == {
        "url": "https://shop.example.test/hooks",
        "types": ["bill.paid"],
        "payload": "thin",
        "description": "the shop",
    }


def test_only_what_is_named_is_changed(gateway, connect):
    endpoints = connect().webhook_endpoints
    endpoints.update(ENDPOINT_ID, types=[])
    endpoints.update(
        ENDPOINT_ID,
        url="https://new.example.test",
        types=("bill.paid",),
        payload="full",
        version="2026-11-21",
        description="",
    )

    first, second = gateway.sent(ONE)
    assert (first.method, body_of(first)) == ("PATCH", {"types": []})
    assert body_of(second) == {
        "url": "https://new.example.test",
        "types": ["bill.paid"],
        "payload": "full",
        "version": "2026-11-21",
        "description": "",
    }


def test_endpoints_are_listed_and_shown(gateway, connect):
    gateway.replies = [
        lambda request: gateway.envelope(request, "P0000", {"endpoints": [ENDPOINT, GONE]})
    ]
    endpoints = connect().webhook_endpoints

    enabled, gone = endpoints.list()
    assert endpoints.get(enabled) == enabled
    assert gone.disabled_reason == "gone"
    assert gone.disabled_at == datetime(2026, 4, 30, 9, 21, 14, tzinfo=UTC)
    assert gone.failing_since is not None
    assert not gone.is_enabled


def test_an_endpoint_is_disabled_enabled_tested_and_deleted(gateway, connect):
    endpoints = connect().webhook_endpoints

    assert endpoints.disable(ENDPOINT_ID).state is EndpointState.DISABLED
    assert endpoints.enable(ENDPOINT_ID).is_enabled
    sent = endpoints.test(ENDPOINT_ID)
    assert (sent.event_id, sent.endpoint_id, sent.type) == (
        EVENT_ID,
        ENDPOINT_ID,
        "webhook_endpoint.test",
    )
    gateway.replies = [lambda asked: gateway.envelope(asked, "P0000", {"state": "FORGOTTEN"})]
    assert endpoints.delete(ENDPOINT_ID) is None
    assert [(each.method, each.content) for each in gateway.sent(ONE)] == [("DELETE", b"")]
    asked = [each for each in gateway.seen if each.url.path.startswith(ONE)]
    assert len(asked) == 4
    assert len({each.headers["idempotency-key"] for each in asked}) == 4


def test_a_secret_is_rotated_with_the_overlap_one_asks_for(gateway, connect):
    endpoints = connect().webhook_endpoints

    rotated = endpoints.rotate_secret(ENDPOINT_ID)
    endpoints.rotate_secret(ENDPOINT_ID, timedelta(0))
    endpoints.rotate_secret(ENDPOINT_ID, timedelta(hours=1))

    bodies = [body_of(each) for each in gateway.sent(f"{ONE}/rotate-secret")]
    assert bodies == [{}, {"overlapSeconds": 0}, {"overlapSeconds": 3600}]
    assert rotated.secret == OTHER_SECRET
    assert rotated.previous_until == datetime(2026, 5, 1, 8, 21, 14, tzinfo=UTC)
    assert OTHER_SECRET not in repr(rotated)


def test_deliveries_come_page_by_page(gateway, connect):
    gateway.replies = [
        lambda asked: gateway.envelope(
            asked, "P0000", {"deliveries": [DELIVERY], "next": f"{EVENT_ID}.2"}
        ),
        lambda asked: gateway.envelope(asked, "P0000", {"deliveries": [DELIVERY], "next": None}),
    ]

    found = list(connect().webhook_endpoints.deliveries(ENDPOINT_ID, state="failed", page_size=1))

    first, second = gateway.sent(f"{ONE}/deliveries")
    assert dict(first.url.params) == {"state": "failed", "limit": "1"}
    assert dict(second.url.params) == {"state": "failed", "limit": "1", "after": f"{EVENT_ID}.2"}
    assert len(found) == 2
    assert (found[0].event_id, found[0].round, found[0].tries) == (EVENT_ID, 1, 1)
    assert found[0].state is DeliveryState.PENDING
    assert (found[0].last_try.outcome, found[0].last_try.http_status) == ("answered", 503)
    assert found[0].next_try_at == datetime(2026, 4, 30, 8, 21, 20, tzinfo=UTC)


def test_a_delivery_that_was_never_tried_and_one_try_by_try(connect):
    endpoints = connect().webhook_endpoints

    _, untried = endpoints.deliveries(ENDPOINT_ID)
    history = endpoints.delivery(ENDPOINT_ID, EVENT_ID)

    assert (untried.last_try, untried.next_try_at) == (None, None)
    (only,) = history.rounds
    assert only.state is DeliveryState.FAILED
    assert [each.outcome for each in only.tries] == ["answered", "timed_out"]
    assert only.tries[1].http_status is None
    assert only.tries[0].latency_ms == 43


def test_events_are_replayed_one_by_one_by_their_time_and_by_their_failing(gateway, connect):
    client = connect()
    endpoints = client.webhook_endpoints

    done = endpoints.replay(ENDPOINT_ID, client.events.get(EVENT_ID))
    span = A_DAY, A_DAY + timedelta(days=1)
    gateway.replies = [
        lambda asked: gateway.envelope(
            asked, "P0000", {"replayed": 9, "more": True, "next": EVENT_ID}
        )
    ]
    some = endpoints.replay_between(ENDPOINT_ID, *span)
    gateway.replies = []
    endpoints.replay_between(ENDPOINT_ID, *span, after=some.next)
    endpoints.replay_failures(ENDPOINT_ID)

    assert (done.replayed, done.more, done.next) == (3, False, None)
    assert (some.replayed, some.more, some.next) == (9, True, EVENT_ID)
    assert [body_of(each) for each in gateway.sent(f"{ONE}/replay")] == [
        {"eventId": EVENT_ID},
        {"from": "2026-04-30T00:00:00+00:00", "to": "2026-05-01T00:00:00+00:00"},
        {
            "from": "2026-04-30T00:00:00+00:00",
            "to": "2026-05-01T00:00:00+00:00",
            "after": EVENT_ID,
        },
        {"failures": True},
    ]
    with pytest.raises(ValueError, match="zone"):
        endpoints.replay_between(ENDPOINT_ID, A_DAY.replace(tzinfo=None), A_DAY)


def test_events_are_listed_for_one_object_and_shown(gateway, connect):
    gateway.replies = [
        lambda asked: gateway.envelope(asked, "P0000", {"events": [EVENT], "next": EVENT_ID}),
        lambda asked: gateway.envelope(asked, "P0000", {"events": [], "next": None}),
    ]
    events = connect().events

    (only,) = events.list("TXN-2026-04-7K3Q9XW2", page_size=1)

    first, second = gateway.sent("/v1/events")
    assert dict(first.url.params) == {"objectId": "TXN-2026-04-7K3Q9XW2", "limit": "1"}
    assert second.url.params["after"] == EVENT_ID
    assert only == events.get(EVENT_ID)
    assert only.object_id == "TXN-2026-04-7K3Q9XW2"


def test_the_token_of_any_product_will_do(gateway, connect):
    client = connect()
    client.events.get(EVENT_ID)
    client.webhook_endpoints.get(ENDPOINT_ID)

    (first,) = gateway.sent("/v1/auth/token")
    assert "audience" not in json.loads(first.content)

    other = connect()
    other.bills.lookup("DESCO", "1234567800", "2026-04")
    other.events.get(EVENT_ID)
    asked = [json.loads(each.content) for each in gateway.sent("/v1/auth/token")]
    assert [each.get("audience") for each in asked] == [None, "bill-collection"]


def test_a_token_that_is_taken_no_more_is_replaced_for_webhooks_too(gateway, connect):
    client = connect()
    client.bills.lookup("DESCO", "1234567800", "2026-04")
    gateway.good["bill-collection"] = "another"

    assert client.events.get(EVENT_ID).id == EVENT_ID
    assert len(gateway.sent("/v1/auth/token")) == 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("P2118", EndpointUnknown),
        ("P2119", EventUnknown),
        ("P2120", EndpointRefused),
        ("P2121", EndpointRefused),
    ],
)
def test_each_refusal_has_its_error(gateway, connect, code, kind):
    gateway.replies = [lambda asked: gateway.envelope(asked, code, None, http_status=409)]

    with pytest.raises(kind):
        connect().webhook_endpoints.test(ENDPOINT_ID)


@pytest.mark.parametrize("wrong", ["", "a/b", "..", "whe_1?x=1"])
def test_an_id_that_would_ask_another_question_is_refused(gateway, connect, wrong):
    client = connect()

    for call in (
        lambda: client.webhook_endpoints.get(wrong),
        lambda: client.webhook_endpoints.delivery(ENDPOINT_ID, wrong),
        lambda: client.webhook_endpoints.replay(ENDPOINT_ID, wrong),
        lambda: client.events.get(wrong),
    ):
        with pytest.raises(ValueError, match="an id is"):
            call()

    assert gateway.seen == []


@pytest.mark.parametrize(
    "wrong",
    [{"types": "bill.paid"}, {"types": [1]}, {"state": "asleep"}, {"createdAt": "yesterday"}],
)
def test_an_endpoint_that_cannot_be_read_is_no_endpoint(gateway, connect, wrong):
    gateway.replies = [lambda asked: gateway.envelope(asked, "P0000", ENDPOINT | wrong)]

    with pytest.raises(UnreadableAnswer):
        connect().webhook_endpoints.get(ENDPOINT_ID)
