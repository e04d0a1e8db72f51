"""What an operator does from the console: only what was asked for, once, and nothing of others."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.console_pages import Console, shown
from tests.api.hooks import OTHER, QUIET, Hooks
from tests.evidence import Evidence
from tests.running_gateway import RunningGateway

_LEFT_PENDING = """
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
    SELECT id, $1, 1, object_id, sequence FROM event WHERE object_id = $2"""
_WITH_TEMPORAL = (
    "UPDATE webhook_delivery SET tries = 1, handed_over_at = now() WHERE endpoint_id = $1"
)


@pytest.fixture
async def console(gateway: RunningGateway) -> AsyncIterator[Console]:
    console = Console(gateway.told["operator"])
    yield console
    await console.close()


async def rounds(hooks: Hooks, endpoint: dict[str, Any], event: str) -> list[int]:
    return [each["round"] for each in (await hooks.of(endpoint, event)).data["rounds"]]


async def test_one_event_is_sent_again(console: Console, hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    event, other = await hooks.happened(1), await hooks.happened(2)
    for each in (event, other):
        await hooks.delivered(endpoint, each, state="delivered")
    path = f"/{endpoint['id']}/deliveries/{event}"

    page = shown(await console.post(f"{path}/replay"))

    assert "1 delivery is on the way again." in page.text
    assert await rounds(hooks, endpoint, event) == [1, 2]
    assert await rounds(hooks, endpoint, other) == [1]


async def test_a_done_action_is_not_done_again_by_loading_its_page_anew(
    console: Console, hooks: Hooks
) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(endpoint, event, state="delivered")
    path = f"/console/webhooks/{endpoint['id']}/deliveries/{event}"

    answer = await console.fetch("POST", f"{path}/replay", headers={"Origin": console.url})

    assert (answer.status_code, answer.headers["location"]) == (
        *(303, f"{path}?done=replayed&count=1"),
    )
    for _ in range(2):
        shown(await console.get(answer.headers["location"]))
    assert await rounds(hooks, endpoint, event) == [1, 2]


async def test_all_failures_are_counted_and_then_sent_again(console: Console, hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    events = await hooks.with_failures(endpoint)
    path = f"/{endpoint['id']}/replay-failures"

    question = shown(await console.get(path))
    page = shown(await console.post(path))

    assert "2 deliveries are sent again" in question.text
    assert "2 deliveries are on the way again." in page.text
    told = [await rounds(hooks, endpoint, each) for each in events]
    assert told == [[1], [1, 2], [1, 2], [1, 2]]
    assert "Nothing has failed" in shown(await console.get(path)).text


async def test_a_time_is_counted_and_then_sent_again(console: Console, hooks: Hooks) -> None:
    endpoint = await hooks.added(types=[QUIET])
    # Meanwhile, no relay plans deliveries of its own.
    await hooks.do("disable", endpoint)
    events = [await hooks.happened(n, ago_s=3_600 * n) for n in range(1, 5)]
    for event in events:
        await hooks.delivered(endpoint, event, state="delivered")
    await hooks.do("enable", endpoint)
    told = (await hooks.partner.get(f"/v1/events/{events[1]}")).data["timestamp"]
    middle = datetime.fromisoformat(told)
    span = {
        "from": (middle - timedelta(minutes=90)).strftime("%Y-%m-%dT%H:%M"),
        "to": (middle + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%S"),
    }
    path = f"/{endpoint['id']}/replay-range"

    question = shown(await console.get(path, **span))
    page = shown(await console.post(path, **span))

    assert "2 deliveries are sent again" in question.text
    hidden = [
        value for tag, name, value in question.attributes if (tag, name) == ("input", "value")
    ]
    assert hidden == list(span.values())
    assert "2 deliveries are on the way again." in page.text
    assert [await rounds(hooks, endpoint, each) for each in events] == [[1], [1, 2], [1, 2], [1]]


async def test_the_rest_of_a_time_is_what_lies_behind_an_event(
    console: Console, hooks: Hooks
) -> None:
    endpoint = await hooks.added(types=[QUIET])
    await hooks.do("disable", endpoint)
    events = [await hooks.happened(n, ago_s=60 * (5 - n)) for n in range(1, 4)]
    for event in events:
        await hooks.delivered(endpoint, event, state="delivered")
    await hooks.do("enable", endpoint)
    rest = {"from": "2020-01-01T00:00", "to": "2030-01-01T00:00", "after": events[1]}
    path = f"/{endpoint['id']}/replay-range"

    question = shown(await console.get(path, **rest))
    shown(await console.post(path, **rest))

    assert "Replay the rest of this time?" in question.text
    assert "1 delivery is sent again" in question.text
    assert [await rounds(hooks, endpoint, each) for each in events] == [[1], [1], [1, 2]]


async def test_an_endpoint_is_disabled_after_a_question_and_enabled_again(
    console: Console, hooks: Hooks, evidence: Evidence
) -> None:
    endpoint, other = await hooks.added(types=OTHER), await hooks.added(types=OTHER)
    event = await hooks.happened()
    await evidence.write(
        (_LEFT_PENDING, endpoint["id"], hooks.object_id), (_WITH_TEMPORAL, endpoint["id"])
    )
    path = f"/{endpoint['id']}"

    question = shown(await console.get(f"{path}/disable"))
    assert "1 pending delivery is canceled" in question.text
    assert (await hooks.shown(endpoint))["state"] == "enabled"

    page = shown(await console.post(f"{path}/disable"))
    assert "nothing is sent there any more" in page.text
    told = await hooks.shown(endpoint)
    assert (told["state"], told["disabledReason"]) == ("disabled", "by_operator")
    (delivery,) = (await hooks.of(endpoint, event)).data["rounds"]
    assert delivery["state"] == "canceled"
    assert (await hooks.shown(other))["state"] == "enabled"

    page = shown(await console.post(f"{path}/enable"))
    assert "events are sent there again" in page.text
    assert (await hooks.shown(endpoint))["state"] == "enabled"


async def test_nothing_is_replayed_to_a_disabled_endpoint(console: Console, hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(endpoint, event)
    await hooks.do("disable", endpoint)
    path, span = f"/{endpoint['id']}", {"from": "2026-04-30T08:00", "to": "2026-04-30T09:00"}

    pages = [
        await console.post(f"{path}/deliveries/{event}/replay"),
        await console.get(f"{path}/replay-failures"),
        await console.post(f"{path}/replay-failures"),
        await console.get(f"{path}/replay-range", **span),
        await console.post(f"{path}/replay-range", **span),
    ]

    for page in pages:
        assert page.status == 409
        assert "is disabled; enable it first" in page.text
    assert await rounds(hooks, endpoint, event) == [1]
    shown_there = shown(await console.get(path))
    assert "Replay all failures…" not in shown_there.links


async def test_anothers_event_is_replayed_to_nobody(
    console: Console, hooks: Hooks, other_hooks: Hooks
) -> None:
    endpoint, theirs = await hooks.added(types=OTHER), await other_hooks.happened()

    page = await console.post(f"/{endpoint['id']}/deliveries/{theirs}/replay")

    assert (page.status, "No such event" in page.text) == (404, True)
    assert (await hooks.of(endpoint)).data["deliveries"] == []


async def test_nothing_is_done_to_a_removed_endpoint(console: Console, hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(endpoint, event)
    await hooks.ask("DELETE", endpoint)

    for does in ("enable", "disable", "replay-failures", f"deliveries/{event}/replay"):
        page = await console.post(f"/{endpoint['id']}/{does}")
        assert (page.status, "No such webhook endpoint" in page.text) == (404, True), does


async def test_of_what_was_done_only_known_words_are_shown(console: Console, hooks: Hooks) -> None:
    path = f"/{(await hooks.added(types=OTHER))['id']}"
    said = {
        ("replayed", "0"): "There was nothing to send again.",
        ("replayed", "9999"): "9999 deliveries are on the way again.",
        (
            "replayed",
            "10000",
        ): "10000 deliveries are on the way again. There may be more.",
        ("paid out", "1"): None,
    }

    for (done, count), words in said.items():
        page = shown(await console.get(path, done=done, count=count))
        status = ("p", "role", "status") in page.attributes
        assert (status, words is None or words in page.text) == (words is not None, True), done
        assert "paid out" not in page.source
