"""The test button, and events as partners read them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.hooks import NO_EVENT, NOBODYS, OTHER, Hooks, listed
from tests.api.test_objects import told
from tests.evidence import Evidence
from tests.patience import until
from tests.running_gateway import RunningGateway, TestBill, new_id


async def test_a_press_on_the_button_is_an_event_for_this_endpoint_alone(hooks: Hooks) -> None:
    endpoint, other = await hooks.added(types=OTHER), await hooks.added()

    pressed = (await hooks.do("test", endpoint)).data

    assert pressed["endpointId"] == endpoint["id"]
    event = (await hooks.partner.get(f"/v1/events/{pressed['eventId']}")).data
    assert event["type"] == pressed["type"] == "webhook_endpoint.test"
    assert event["object"] == {"type": "webhook_endpoint", "id": endpoint["id"]}
    assert event["data"] == {"id": endpoint["id"], "url": endpoint["url"]}

    async def planned() -> bool:
        return listed(await hooks.of(endpoint)) == [pressed["eventId"]]

    await until(planned, 20, "the test event is not planned")
    assert listed(await hooks.of(other)) == []


async def test_a_repeated_press_is_one_event(hooks: Hooks, evidence: Evidence) -> None:
    endpoint, key = await hooks.added(), new_id("KEY")

    first = await hooks.do("test", endpoint, key=key)
    await evidence.rows("DELETE FROM idempotency WHERE key = $1", key)
    again = await hooks.do("test", endpoint, key=key)
    fresh = await hooks.do("test", endpoint)

    assert first.data == again.data != fresh.data
    events = (await hooks.partner.get("/v1/events")).data["events"]
    assert [each["sequence"] for each in events] == [2, 1]


async def test_a_receiver_of_the_sandbox_gets_the_test_and_the_log_tells_it(
    gateway: RunningGateway, hooks: Hooks
) -> None:
    name = new_id("hook").lower()
    endpoint = await hooks.added(url=f"{gateway.told['receiver']}/hooks/{name}")

    pressed = (await hooks.do("test", endpoint)).data

    async def delivered() -> dict[str, Any] | None:
        answer = await hooks.of(endpoint, pressed["eventId"])
        found = answer.data if answer.code == "P0000" else None
        return found if found and found["rounds"][0]["state"] == "delivered" else None

    found = await until(delivered, 20, "the test event is not delivered")
    (made,) = found["rounds"][0]["tries"]
    assert (made["outcome"], made["httpStatus"] // 100) == ("delivered", 2)


async def test_what_happened_can_be_read_as_its_webhook_tells_it(hooks: Hooks) -> None:
    client, before = hooks.partner, datetime.now(UTC) - timedelta(seconds=5)
    paid = (await client.pay(await client.locked(TestBill()), new_id())).data

    (event,) = (await client.get("/v1/events", objectId=paid["transactionId"])).data["events"]

    assert event == (await client.get(f"/v1/events/{event['id']}")).data
    assert (event["type"], event["sequence"]) == ("bill.paid", 1)
    assert event["object"] == {"type": "transaction", "id": paid["transactionId"]}
    assert event["data"]["amount"] == paid["amount"]
    assert before < datetime.fromisoformat(event["timestamp"]) <= datetime.now(UTC)
    assert event["version"] == "2026-11-21"


async def test_pages_of_events_miss_nothing_and_repeat_nothing(hooks: Hooks) -> None:
    names = new_id("pay"), new_id("pay")
    events = [await hooks.happened(n, object_id=names[n % 2], ago_s=10 - n) for n in range(1, 8)]
    events.reverse()

    async def read(**query: str) -> list[list[str]]:
        pages, after = list[list[Any]](), dict[str, str]()
        while True:
            page = (await hooks.partner.get("/v1/events", **query, **after)).data
            pages.append([each["id"] for each in page["events"]])
            if page["next"] is None:
                return pages
            after = {"after": page["next"]}

    assert await read(limit="3") == [events[:3], events[3:6], events[6:]]
    assert await read(limit="2", objectId=names[1]) == [events[0:3:2], events[4:7:2]]


async def test_events_are_their_partners_alone(hooks: Hooks, other_hooks: Hooks) -> None:
    object_id = new_id("pay")
    mine = await hooks.happened(1, object_id=object_id)
    theirs = await other_hooks.happened(2, object_id=object_id)

    page = (await hooks.partner.get("/v1/events", objectId=object_id)).data
    answers = [await hooks.partner.get(f"/v1/events/{each}") for each in (theirs, NO_EVENT)]

    assert [each["id"] for each in page["events"]] == [mine]
    assert told(answers[0]) == told(answers[1])
    assert (answers[0].http_status, answers[0].code) == (404, "P2119")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"objectId": ""}, "objectId"),
        ({"objectId": "a" * 65}, "objectId"),
        ({"objectId": "'; DROP TABLE event;--"}, "objectId"),
        ({"after": NOBODYS}, "after"),
        ({"after": NO_EVENT + ".2"}, "after"),
        ({"limit": "1000"}, "limit"),
    ],
)
async def test_a_wrong_query_for_events_is_refused_by_name(
    hooks: Hooks, query: dict[str, str], field: str
) -> None:
    answer = await hooks.partner.get("/v1/events", **query)

    assert (answer.http_status, answer.code, answer.data["field"]) == (422, "P5003", field)


@pytest.mark.parametrize("name", ["x", "evt_", "evt_" + "z" * 26, "evt_" + "A" * 26, "%00"])
async def test_an_ill_formed_event_is_unknown(hooks: Hooks, name: str) -> None:
    answer = await hooks.partner.get(f"/v1/events/{name}")

    assert answer.http_status == 404
    assert answer.code in {"P2119", "P5004"}
