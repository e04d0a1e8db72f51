"""What the operator's app answers: the record as it is, whoever's it is, and nothing is changed."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.api.shop import Acquirer, Shop
from tests.running_gateway import PartnerClient, RunningGateway


class Operator:
    def __init__(self, url: str) -> None:
        self._client = httpx2.AsyncClient(base_url=url, timeout=60, verify=False)

    async def get(self, path: str) -> httpx2.Response:
        return await self._client.get(path)

    async def told(self, path: str) -> Any:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def close(self) -> None:
        await self._client.aclose()


@pytest.fixture
async def operator(gateway: RunningGateway) -> AsyncIterator[Operator]:
    operator = Operator(gateway.told["operator"])
    yield operator
    await operator.close()


async def test_a_payments_way_is_explained_with_every_attempt(
    operator: Operator, shop: Shop, acquirer: Acquirer
) -> None:
    acquirer.tell("refuse")
    payment = await shop.paid()

    told = await operator.told(f"/v1/payments/{payment['id']}/routing")

    assert (told["paymentId"], told["status"]) == (payment["id"], "captured")
    assert told["partnerId"] == shop.partner.key.id
    assert told["assessment"]["verdict"] == "pass"
    decision = told["decision"]
    assert (decision["version"], decision["rule"]) == (1, "fallback")
    assert (decision["providers"], decision["rejected"]) == (["NORTH", "SOUTH"], [])
    facts = decision["facts"]
    assert (facts["amount"], facts["currency"], facts["bin"]) == (1000, "USD", "424242")
    sent = [(each["number"], each["provider"], each["outcome"]) for each in told["attempts"]]
    assert sent == [(1, "NORTH", "not_sent"), (2, "SOUTH", "accepted")]
    assert all(each["endedAt"] >= each["startedAt"] for each in told["attempts"])


async def test_a_decline_is_told_in_our_code_and_in_theirs(operator: Operator, shop: Shop) -> None:
    payment = (await shop.pay("4000000000009995")).data

    told = await operator.told(f"/v1/payments/{payment['id']}/routing")

    (attempt, *_) = told["attempts"]
    assert (attempt["outcome"], attempt["code"], attempt["networkCode"]) == (
        *("declined", payment["declineCode"]),
        "51",
    )


async def test_a_payment_that_nobody_knows_is_not_found(operator: Operator) -> None:
    answer = await operator.get("/v1/payments/pay_unknown/routing")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "there is no payment pay_unknown"}


async def test_rules_and_switches_are_told_as_they_stand(
    operator: Operator, gateway: RunningGateway
) -> None:
    # A country whose cards nobody in these tests has.
    named = ("--provider", "SOUTH", "--country", "AQ", "--by", "test", "--why", "a drill")
    for flip, on in (("on", True), ("off", False)):
        gateway.cli("switch", flip, *named)

        switches = (await operator.told("/v1/switches"))["switches"]

        (told,) = [each for each in switches if each["country"] == "AQ"]
        assert (told["on"], told["provider"], told["method"]) == (on, "SOUTH", None)
        assert (told["by"], told["why"]) == ("test", "a drill")
    rules = await operator.told("/v1/routing/rules")
    (active,) = [each for each in rules["versions"] if each["version"] == rules["active"]]
    assert [each["provider"] for each in active["fallback"]] == ["NORTH", "SOUTH"]
    assert active["author"] == "seed"


async def test_a_card_number_that_came_in_is_told_without_the_number(
    operator: Operator, partner: PartnerClient
) -> None:
    number = "4242424242424242"
    answer = await partner.post("/bill/unlock", {"lockToken": number})
    assert answer.code == "P5014", answer

    (incident, *_) = (await operator.told("/v1/incidents?limit=5"))["incidents"]

    assert (incident["kind"], incident["trace"]) == ("card_number", answer.trace)
    assert (incident["partnerId"], incident["place"]) == (partner.key.id, "body lockToken")
    assert number not in str(incident)


async def test_a_quarantined_event_is_told_with_its_reason(
    operator: Operator, shop: Shop, acquirer: Acquirer
) -> None:
    payment = await shop.paid()
    answer = await acquirer.send(shop.partner, acquirer.event(payment, amount="99.00"))
    assert answer.data["state"] == "quarantined"

    for query in ("?state=quarantined", ""):
        events = (await operator.told(f"/v1/inbound-events{query}"))["events"]

        (told,) = [each for each in events if each["eventId"] == answer.data["eventId"]]
        assert (told["provider"], told["reference"]) == ("NORTH", f"{payment['id']}-1")
        assert (told["state"], bool(told["note"])) == ("quarantined", True)
    parked = (await operator.told("/v1/inbound-events?state=parked"))["events"]
    assert answer.data["eventId"] not in {each["eventId"] for each in parked}


@pytest.mark.parametrize(
    "path",
    ["/v1/inbound-events?state=lost", "/v1/incidents?limit=0", "/v1/incidents?limit=1001"],
)
async def test_a_question_that_makes_no_sense_is_refused(operator: Operator, path: str) -> None:
    assert (await operator.get(path)).status_code == 422
