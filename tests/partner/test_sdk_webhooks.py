"""The SDK's calls for webhooks against the whole gateway: what they ask is taken and answered."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from quittance import (
    DeliveryState,
    EndpointRefused,
    EndpointUnknown,
    EventUnknown,
    InvalidRequest,
    NewSecret,
    Quittance,
    verify_webhook,
)

from tests.patience import until
from tests.running_gateway import RunningGateway


@pytest.fixture(scope="module")
def sdk(gateway: RunningGateway) -> Iterator[Quittance]:
    key = gateway.partner(1)
    with Quittance(gateway.api, key.api_key, key.secret) as client:
        yield client


@pytest.fixture
def made(gateway: RunningGateway, sdk: Quittance) -> Iterator[NewSecret]:
    url = f"{gateway.told['receiver']}/hooks/sdk-{uuid4().hex[:12]}"
    made = sdk.webhook_endpoints.create(url, ["bill.paid"], description="of the SDK")
    yield made
    sdk.webhook_endpoints.delete(made.endpoint)


def test_an_endpoint_is_made_found_and_changed(sdk: Quittance, made: NewSecret) -> None:
    endpoints, endpoint = sdk.webhook_endpoints, made.endpoint
    assert (endpoint.types, endpoint.payload, endpoint.is_enabled) == (("bill.paid",), "full", True)
    assert endpoint.id in {each.id for each in endpoints.list()}
    assert endpoints.get(endpoint).url == endpoint.url

    changed = endpoints.update(
        endpoint, types=[], payload="thin", version=endpoint.version, description="changed"
    )

    assert (changed.types, changed.payload, changed.description) == ((), "thin", "changed")
    assert changed.url == endpoint.url


def test_an_endpoint_is_disabled_and_enabled(sdk: Quittance, made: NewSecret) -> None:
    disabled = sdk.webhook_endpoints.disable(made.endpoint)
    assert (disabled.is_enabled, disabled.disabled_reason) == (False, "by_partner")
    assert disabled.disabled_at is not None
    with pytest.raises(EndpointRefused):
        sdk.webhook_endpoints.test(made.endpoint)
    with pytest.raises(EndpointRefused):
        sdk.webhook_endpoints.replay_failures(made.endpoint)

    assert sdk.webhook_endpoints.enable(made.endpoint).is_enabled


async def test_a_test_event_is_sent_verified_logged_and_replayed(
    gateway: RunningGateway, sdk: Quittance, made: NewSecret
) -> None:
    endpoints, endpoint = sdk.webhook_endpoints, made.endpoint
    rotated = endpoints.rotate_secret(endpoint, timedelta(hours=1))
    assert rotated.secret != made.secret
    assert rotated.previous_until is not None
    sent = endpoints.test(endpoint)

    async def delivered() -> bool:
        found = list(endpoints.deliveries(endpoint, state=DeliveryState.DELIVERED))
        return [each.event_id for each in found] == [sent.event_id]

    await until(delivered, 20, "the test event does not arrive")
    name = endpoint.url.rpartition("/")[2]
    # At least once, as is promised.
    came, *_ = gateway.sandbox("GET", f"/receiver/{name}/deliveries")["deliveries"]
    for secret in (made.secret, rotated.secret):
        event = verify_webhook(came["body"].encode(), came["headers"], secret)
        assert (event.id, event.type, event.object_id) == (sent.event_id, sent.type, endpoint.id)
    assert sdk.events.get(sent.event_id) == event
    assert event in list(sdk.events.list(endpoint.id, page_size=1))

    assert endpoints.replay(endpoint, event).replayed == 1

    async def again() -> bool:
        rounds = endpoints.delivery(endpoint, event).rounds
        return [each.state for each in rounds] == [DeliveryState.DELIVERED] * 2

    await until(again, 20, "the replay does not arrive")
    bodies = gateway.sandbox("GET", f"/receiver/{name}/deliveries")["deliveries"]
    assert {json.loads(each["body"])["id"] for each in bodies} == {sent.event_id}
    history = endpoints.delivery(endpoint, event)
    assert [each.tries[0].outcome for each in history.rounds] == ["delivered"] * 2
    assert history.rounds[0].tries[0].http_status == 200


def test_what_is_not_there_or_not_allowed_is_said(sdk: Quittance, made: NewSecret) -> None:
    endpoints, now = sdk.webhook_endpoints, datetime.now(UTC)

    nothing = endpoints.replay_between(
        made.endpoint, now - timedelta(days=9), now - timedelta(days=8)
    )
    assert (nothing.replayed, nothing.more) == (0, False)
    assert endpoints.replay_failures(made.endpoint).replayed == 0
    with pytest.raises(EndpointUnknown):
        endpoints.get("whe_" + "0" * 26)
    with pytest.raises(EventUnknown):
        sdk.events.get("evt_" + "0" * 26)
    with pytest.raises(InvalidRequest) as refused:
        endpoints.create("http://169.254.169.254/latest")
    assert refused.value.field == "url"
