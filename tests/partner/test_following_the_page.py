"""A partner who follows docs/webhooks.md: an endpoint, the test button, a payment.

The whole gateway sends, the sandbox takes it, and each of the three programs verifies it.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from api.event_schemas import envelopes
from tests.partner.conftest import Verify
from tests.patience import until
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id

ENDPOINTS = "/v1/webhook-endpoints"


@dataclass(frozen=True, slots=True)
class Listener:
    """One endpoint, and what came there."""

    partner: PartnerClient
    gateway: RunningGateway
    name: str
    endpoint_id: str
    secret: str

    async def came(self, type_: str) -> Mapping[str, Any]:
        """The first delivery of an event of this type."""

        async def there() -> Mapping[str, Any] | None:
            found = self.gateway.sandbox("GET", f"/receiver/{self.name}/deliveries")["deliveries"]
            return next((each for each in found if json.loads(each["body"])["type"] == type_), None)

        return await until(there, 20, f"no {type_} comes to {self.name}")


@pytest.fixture
async def listener(gateway: RunningGateway, partner: PartnerClient) -> AsyncIterator[Listener]:
    name = f"partner-{uuid4().hex[:12]}"
    url = f"{gateway.told['receiver']}/hooks/{name}"
    answer = await partner.post(ENDPOINTS, {"url": url})
    assert answer.code == "P0000", answer
    made = answer.data
    yield Listener(partner, gateway, name, made["id"], made["secret"])
    await partner.ask(
        "DELETE", f"{ENDPOINTS}/{made['id']}", headers=dict(await partner.authorised())
    )


async def test_the_test_button_brings_an_event_that_verifies(
    listener: Listener, verify: Verify
) -> None:
    asked = await listener.partner.post(f"{ENDPOINTS}/{listener.endpoint_id}/test", None)
    assert asked.code == "P0000", asked

    came = await listener.came("webhook_endpoint.test")

    said = verify(came["headers"], came["body"].encode(), listener.secret)
    assert (said.status, said.complaint) == (0, "")
    assert asked.data["eventId"] in said.output
    assert verify(came["headers"], came["body"].encode() + b" ", listener.secret).status == 1


async def test_a_paid_bill_is_told_as_the_document_says(
    listener: Listener, partner: PartnerClient, verify: Verify
) -> None:
    bill = TestBill()
    paid = await partner.pay(await partner.locked(bill), new_id())
    assert paid.code == "P0000", paid

    came = await listener.came("bill.paid")

    assert verify(came["headers"], came["body"].encode(), listener.secret).status == 0
    event = json.loads(came["body"])
    envelopes()["bill.paid"].model_validate(event)
    assert event["data"]["transactionId"] == paid.data["transactionId"]
    assert came["headers"]["webhook-id"] == event["id"]
    assert came["headers"]["webhook-api-version"] == event["version"]
