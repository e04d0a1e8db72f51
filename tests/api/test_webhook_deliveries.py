"""The delivery log: every try, by pages and by state, and nobody else's."""

from typing import Any

import pytest

from tests.api.hooks import NO_EVENT, OTHER, QUIET, Hooks, listed, new_url


async def test_a_delivery_is_told_try_by_try(hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened(7)
    silence, no = ("timed_out", None, ""), ("answered", 503, "busy")
    await hooks.delivered(endpoint, event, silence, no)
    await hooks.delivered(endpoint, event, ("delivered", 204, ""), state="delivered", round_=2)

    one = (await hooks.of(endpoint, event)).data
    later, first = (await hooks.of(endpoint)).data["deliveries"]

    assert {name: one[name] for name in ("eventId", "endpointId", "type")} == {
        "eventId": event,
        "endpointId": endpoint["id"],
        "type": QUIET,
    }
    assert (one["objectId"], one["sequence"]) == (hooks.object_id, 7)
    assert [(each["round"], each["state"]) for each in one["rounds"]] == [
        (1, "failed"),
        (2, "delivered"),
    ]
    tries = [
        [(made["outcome"], made["httpStatus"], made["answer"], made["latencyMs"]) for made in tries]
        for tries in (each["tries"] for each in one["rounds"])
    ]
    assert tries == [
        [("timed_out", None, "", 10), ("answered", 503, "busy", 20)],
        [("delivered", 204, "", 10)],
    ]
    assert (later["round"], later["state"], later["tries"]) == (2, "delivered", 1)
    assert later["lastTry"] == one["rounds"][1]["tries"][0]
    assert (first["round"], first["state"], first["tries"]) == (1, "failed", 2)
    assert first["lastTry"]["httpStatus"] == 503
    assert first["nextTryAt"] is None


async def test_pages_of_deliveries_miss_nothing_and_repeat_nothing(hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    events = [await hooks.happened(number) for number in range(1, 6)]
    for event in events:
        await hooks.delivered(endpoint, event)
    await hooks.delivered(endpoint, events[0], round_=2)

    pages, after = list[list[Any]](), dict[str, str]()
    while True:
        page = (await hooks.of(endpoint, limit="2", **after)).data
        pages.append([(each["eventId"], each["round"]) for each in page["deliveries"]])
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    rounds = [(events[0], 2), *((each, 1) for each in reversed(events))]
    assert pages == [rounds[0:2], rounds[2:4], rounds[4:6]]


async def test_deliveries_are_chosen_by_their_state(hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    events = {}
    for number, state in enumerate(("delivered", "failed", "canceled"), start=1):
        events[state] = await hooks.happened(number)
        await hooks.delivered(endpoint, events[state], state=state)

    for state, event in events.items():
        assert listed(await hooks.of(endpoint, state=state)) == [event]
    assert listed(await hooks.of(endpoint, state="pending")) == []


QUERIES = [
    ({"state": "lost"}, "P5003", "state"),
    ({"state": "FAILED"}, "P5003", "state"),
    ({"state": ""}, "P5003", "state"),
    ({"limit": "0"}, "P5003", "limit"),
    ({"limit": "101"}, "P5003", "limit"),
    ({"limit": "-1"}, "P5002", "limit"),
    ({"limit": "ten"}, "P5002", "limit"),
    ({"after": "x"}, "P5003", "after"),
    ({"after": "evt_" + "z" * 26}, "P5003", "after"),
    ({"after": NO_EVENT + ".0"}, "P5003", "after"),
    ({"after": NO_EVENT + ".9999999"}, "P5003", "after"),
    ({"page": "2"}, "P5002", "page"),
    ({"endpointId": "x"}, "P5002", "endpointId"),
]


@pytest.mark.parametrize(("query", "code", "field"), QUERIES)
async def test_a_wrong_query_is_refused_by_name(
    hooks: Hooks, query: dict[str, str], code: str, field: str
) -> None:
    endpoint = await hooks.added()

    answer = await hooks.of(endpoint, **query)

    assert (answer.code, answer.data["field"]) == (code, field)


async def test_a_page_after_what_is_not_there_is_empty(hooks: Hooks, other_hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    await hooks.delivered(endpoint, await hooks.happened())
    theirs = await other_hooks.happened()

    for after in (NO_EVENT, NO_EVENT + ".2", theirs):
        assert listed(await hooks.of(endpoint, after=after)) == []


async def test_an_event_that_never_was_sent_there_is_unknown(
    hooks: Hooks, other_hooks: Hooks
) -> None:
    endpoint = await hooks.added(types=OTHER)
    mine, theirs = await hooks.happened(), await other_hooks.happened()

    for event in (mine, theirs, NO_EVENT, "evt_x", "x", "evt_" + "z" * 26):
        answer = await hooks.of(endpoint, event)
        assert (answer.http_status, answer.code) == (404, "P2119")


async def test_the_url_of_another_endpoint_of_mine_sees_nothing_of_it(hooks: Hooks) -> None:
    one, two = await hooks.added(types=OTHER, url=new_url()), await hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(one, event)

    assert listed(await hooks.of(two)) == []
    assert (await hooks.of(two, event)).code == "P2119"
