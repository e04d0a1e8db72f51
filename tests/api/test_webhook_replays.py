"""Replays: the same event under the same id, once more, and only what was asked for."""

from typing import Any

import pytest

from tests.api.hooks import NO_EVENT, OTHER, QUIET, Hooks, listed
from tests.api.test_objects import told
from tests.running_gateway import new_id


async def rounds(hooks: Hooks, endpoint: dict[str, Any], event: str) -> list[int]:
    answer = await hooks.of(endpoint, event)
    return [] if answer.code == "P2119" else [each["round"] for each in answer.data["rounds"]]


async def test_an_event_is_sent_again_under_its_own_id(hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(endpoint, event, ("delivered", 200, ""), state="delivered")

    answer = await hooks.do("replay", endpoint, {"eventId": event})

    assert answer.data == {"replayed": 1, "more": False, "next": None}
    assert await rounds(hooks, endpoint, event) == [1, 2]


async def test_a_time_is_replayed_from_its_first_moment_to_before_its_last(hooks: Hooks) -> None:
    endpoint = await hooks.added(types=[QUIET])
    # Meanwhile, no relay plans deliveries of its own.
    await hooks.do("disable", endpoint)
    events = [await hooks.happened(n, ago_s=3_600 * n) for n in range(1, 5)]
    for event in events:
        await hooks.delivered(endpoint, event, state="delivered")
    await hooks.do("enable", endpoint)
    times = [(await hooks.partner.get(f"/v1/events/{each}")).data["timestamp"] for each in events]

    answer = await hooks.do("replay", endpoint, {"from": times[2], "to": times[0]})

    assert answer.data == {"replayed": 2, "more": False, "next": None}
    assert [await rounds(hooks, endpoint, each) for each in events] == [[1], [1, 2], [1, 2], [1]]


async def test_a_time_goes_on_after_the_event_that_is_named(hooks: Hooks) -> None:
    endpoint = await hooks.added(types=[QUIET])
    await hooks.do("disable", endpoint)
    events = [await hooks.happened(n, ago_s=3_600 * n) for n in (3, 2, 1)]
    for event in events:
        await hooks.delivered(endpoint, event, state="delivered")
    await hooks.do("enable", endpoint)
    body = {"from": "2026-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z", "after": events[0]}

    answer = await hooks.do("replay", endpoint, body)

    assert answer.data == {"replayed": 2, "more": False, "next": None}
    assert [await rounds(hooks, endpoint, each) for each in events] == [[1], [1, 2], [1, 2]]


async def test_a_time_goes_on_after_no_event_of_anothers(hooks: Hooks, other_hooks: Hooks) -> None:
    endpoint = await hooks.added(types=[QUIET])
    span = {"from": "2026-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}

    for each in (await other_hooks.happened(), NO_EVENT):
        answer = await hooks.do("replay", endpoint, span | {"after": each})
        assert (answer.http_status, answer.code) == (404, "P2119")


async def test_failures_are_replayed_and_nothing_else(hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    events = await hooks.with_failures(endpoint)

    answer = await hooks.do("replay", endpoint, {"failures": True})

    assert answer.data == {"replayed": 2, "more": False, "next": None}
    assert [await rounds(hooks, endpoint, each) for each in events] == [
        [1],
        [1, 2],
        [1, 2],
        [1, 2],
    ]


async def test_a_repeated_replay_is_one_replay(hooks: Hooks) -> None:
    endpoint, key = await hooks.added(types=OTHER), new_id("KEY")
    event = await hooks.happened()
    await hooks.delivered(endpoint, event, state="delivered")

    answers = [await hooks.do("replay", endpoint, {"eventId": event}, key=key) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert await rounds(hooks, endpoint, event) == [1, 2]


async def test_anothers_event_is_replayed_to_nobody(hooks: Hooks, other_hooks: Hooks) -> None:
    endpoint, theirs = await hooks.added(), await other_hooks.happened()

    answers = [await hooks.do("replay", endpoint, {"eventId": each}) for each in (theirs, NO_EVENT)]

    assert told(answers[0]) == told(answers[1])
    assert (answers[0].http_status, answers[0].code) == (404, "P2119")
    assert listed(await hooks.of(endpoint)) == []


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("test", None),
        ("replay", {"failures": True}),
        ("replay", {"eventId": NO_EVENT}),
        ("replay", {"from": "2026-04-30T08:00:00Z", "to": "2026-04-30T09:00:00Z"}),
    ],
)
async def test_nothing_is_sent_to_a_disabled_endpoint(hooks: Hooks, verb: str, body: Any) -> None:
    endpoint = await hooks.added()
    await hooks.do("disable", endpoint)

    answer = await hooks.do(verb, endpoint, body)

    assert (answer.http_status, answer.code) == (409, "P2121")
    await hooks.do("enable", endpoint)
    assert (await hooks.do("test", endpoint)).code == "P0000"


AT, LATER = "2026-04-30T08:00:00Z", "2026-04-30T09:00:00Z"
UNCLEAR: list[tuple[Any, str, str]] = [
    ({}, "P5002", "eventId"),
    ({"from": AT}, "P5002", "to"),
    ({"to": AT}, "P5002", "from"),
    ({"eventId": NO_EVENT, "failures": True}, "P5002", "failures"),
    ({"eventId": NO_EVENT, "from": AT, "to": LATER}, "P5002", "from"),
    ({"from": AT, "to": LATER, "failures": True}, "P5002", "failures"),
    ({"eventId": None}, "P5002", "eventId"),
    ({"eventId": NO_EVENT, "failures": None}, "P5002", "failures"),
    ({"failures": False}, "P5003", "failures"),
    ({"failures": "true"}, "P5002", "failures"),
    ({"failures": 1}, "P5002", "failures"),
    ({"eventId": "evt_x"}, "P5003", "eventId"),
    ({"eventId": "evt_" + "z" * 26}, "P5003", "eventId"),
    ({"eventId": 1}, "P5002", "eventId"),
    ({"eventId": [NO_EVENT]}, "P5002", "eventId"),
    ({"from": AT, "to": AT}, "P5003", "to"),
    ({"from": LATER, "to": AT}, "P5003", "to"),
    ({"from": "yesterday", "to": AT}, "P5003", "from"),
    ({"from": AT, "to": "2026-13-30T08:00:00Z"}, "P5003", "to"),
    ({"from": AT, "to": "2026-04-30T08:00:00"}, "P5003", "to"),
    ({"from_": AT, "to": LATER}, "P5002", "from_"),
    ({"failures": True, "limit": 5}, "P5002", "limit"),
    ({"failures": True, "after": NO_EVENT}, "P5002", "after"),
    ({"eventId": NO_EVENT, "after": NO_EVENT}, "P5002", "after"),
    ({"after": NO_EVENT}, "P5002", "eventId"),
    ({"from": AT, "to": LATER, "after": None}, "P5002", "after"),
    ({"from": AT, "to": LATER, "after": f"{NO_EVENT}.2"}, "P5003", "after"),
]


@pytest.mark.parametrize(("body", "code", "field"), UNCLEAR)
async def test_a_replay_says_exactly_what(
    hooks: Hooks, body: dict[str, Any], code: str, field: str
) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(endpoint, event)

    answer = await hooks.do("replay", endpoint, body)

    assert (answer.code, answer.data["field"]) == (code, field)
    assert await rounds(hooks, endpoint, event) == [1]
