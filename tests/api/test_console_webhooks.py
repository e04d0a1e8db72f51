"""The console's pages of webhooks: what they show is what the record has, whoever's it is."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.console_pages import Console, Seen, shown
from tests.api.hooks import NO_EVENT, OTHER, QUIET, Hooks, new_url
from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, RunningGateway

_FAILING = """
    UPDATE webhook_endpoint SET failing_since = (
        SELECT at FROM webhook_try WHERE number = 2 AND endpoint_id = $1
    ) WHERE id = $1"""
_PLANNED = """
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
    SELECT id, $1, 1, object_id, sequence FROM event WHERE object_id = $2 ORDER BY sequence"""
_WAITS = """
    UPDATE webhook_delivery SET tries = 1, first_tried_at = now(), handed_over_at = now(),
        next_try_at = now() + interval '5 minutes'
    WHERE endpoint_id = $1"""
_MANY_ENDPOINTS = """
    INSERT INTO webhook_endpoint (id, partner_id, slot, url, types, version, payload, description,
        secrets_sealed, state, created_at, disabled, disabled_at)
    SELECT 'whe_' || lpad(number::text, 26, '0'), $1, number, 'https://hooks.example.com/', '{}',
        '2026-11-21', 'full', '', '\\x00', 'disabled', now(), 'by_partner', now()
    FROM generate_series(1, 51) AS number"""
# Of a type that goes only to the endpoint that it is about, and there is none of this name.
_MANY_EVENTS = """
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, data, occurred_at)
    SELECT $1, 'webhook_endpoint', $2::text, number, 'webhook_endpoint.test',
        jsonb_build_object('id', $2::text, 'url', 'https://hooks.example.com/'), now()
    FROM generate_series(1, 1000) AS number"""
_DELIVERED = """
    UPDATE webhook_delivery SET state = 'delivered', settled_at = now()
    WHERE endpoint_id = $1 AND object_id = $2"""


@pytest.fixture
async def console(gateway: RunningGateway) -> AsyncIterator[Console]:
    console = Console(gateway.told["operator"])
    yield console
    await console.close()


def endpoints_in(page: Seen) -> dict[str, list[str]]:
    """By the endpoint's id: its URL, and the other cells."""
    return {cells[0].split()[0]: [cells[0].split()[1], *cells[1:]] for cells in shown(page).rows}


def events_in(page: Seen) -> list[str]:
    return [cells[0].split()[0] for cells in shown(page).rows]


async def test_endpoints_are_shown_with_their_state_and_what_waits_there(
    console: Console, hooks: Hooks
) -> None:
    url = new_url()
    plain = await hooks.added(url=f"{url}?token=hush", payload="thin")
    off = await hooks.added(types=OTHER)
    await hooks.do("disable", off)

    page = await console.get(partner=hooks.partner.key.id)

    told = endpoints_in(page)
    version = plain["version"]
    assert told[plain["id"]] == [
        *(f"{url}?…", hooks.partner.key.id, "enabled", f"everything thin, {version}"),
        *("0", "0", "–"),
    ]
    assert told[off["id"]][2].startswith("disabled by_partner ")
    assert told[off["id"]][3] == f"1 type full, {version}"
    assert "hush" not in page.source
    for secret in (plain["secret"], off["secret"], "whsec_"):
        assert secret not in page.source
    for gauge in ("Events not planned yet", "Deliveries never tried", "Endpoints failing"):
        assert gauge in page.text


async def test_endpoints_are_chosen_by_partner_and_by_state(
    console: Console, hooks: Hooks, other_hooks: Hooks, evidence: Evidence
) -> None:
    plain, failing, off, gone = [await hooks.added(types=OTHER) for _ in range(4)]
    theirs = await other_hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(failing, event, *[("answered", 500, "")] * 4)
    await evidence.write((_FAILING, failing["id"]))
    await hooks.do("disable", off)
    await hooks.ask("DELETE", gone)
    who = {"partner": hooks.partner.key.id}

    async def chosen(**query: str) -> set[str]:
        return set(endpoints_in(await console.get(**who, **query)))

    # What the filter leaves empty is not asked for.
    assert await chosen(state="") == {plain["id"], failing["id"], off["id"]}
    assert await chosen(state="enabled") == {plain["id"], failing["id"]}
    assert await chosen(state="disabled") == {off["id"]}
    assert await chosen(state="removed") == {gone["id"]}
    told = endpoints_in(await console.get(**who, state="failing"))
    assert list(told) == [failing["id"]]
    # The first of its tries was before.
    assert told[failing["id"]][2].startswith("failing nothing succeeds since ")
    assert told[failing["id"]][4] == "3"
    assert theirs["id"] in shown(await console.get(partner=str(other_hooks.partner.key.id))).source
    nobody = shown(await console.get(partner="nobody_at_all"))
    assert "No endpoint is like that." in nobody.text


async def test_pages_of_endpoints_miss_none_and_repeat_none(
    console: Console, guest: PartnerClient, evidence: Evidence
) -> None:
    await evidence.write((_MANY_ENDPOINTS, guest.key.id))

    first = shown(await console.get(partner=guest.key.id))
    second = shown(await console.get(first.links["Next page"]))

    ids = [*endpoints_in(first), *endpoints_in(second)]
    assert ids == [f"whe_{number:026}" for number in range(1, 52)]
    assert len(first.rows) == 50
    assert "Next page" not in second.links
    assert shown(await console.get(second.links["First page"])).rows == first.rows


async def test_an_endpoint_shows_its_deliveries_the_newest_first(
    console: Console, hooks: Hooks
) -> None:
    endpoint = await hooks.added(types=OTHER)
    events = [await hooks.happened(number) for number in (1, 2, 3)]
    await hooks.delivered(endpoint, events[0], ("answered", 503, "busy"), state="failed")
    await hooks.delivered(endpoint, events[1], ("timed_out", None, ""), state="canceled")
    await hooks.delivered(endpoint, events[2], ("delivered", 204, ""), state="delivered")
    await hooks.delivered(endpoint, events[0], ("delivered", 200, ""), state="delivered", round_=2)

    page = shown(await console.get(f"/{endpoint['id']}"))

    assert [cells[:4] for cells in page.rows] == [
        [f"{events[0]} {QUIET} · round 2", f"{hooks.object_id} no. 1", "delivered", "1"],
        [f"{events[2]} {QUIET}", f"{hooks.object_id} no. 3", "delivered", "1"],
        [f"{events[1]} {QUIET}", f"{hooks.object_id} no. 2", "canceled", "1"],
        [f"{events[0]} {QUIET}", f"{hooks.object_id} no. 1", "failed", "1"],
    ]
    last = [cells[4].partition(" ")[0] for cells in page.rows]
    assert last == ["HTTP", "HTTP", "timed", "HTTP"]
    assert [cells[5:7] for cells in page.rows] == [["10 ms", "none"]] * 4


async def test_deliveries_are_chosen_by_state_type_and_event(
    console: Console, hooks: Hooks
) -> None:
    endpoint = await hooks.added(types=OTHER)
    states = ("delivered", "failed", "canceled")
    events = {state: await hooks.happened(number) for number, state in enumerate(states, start=1)}
    for state, event in events.items():
        await hooks.delivered(endpoint, event, state=state)
    path = f"/{endpoint['id']}"

    for state, event in events.items():
        assert events_in(await console.get(path, state=state)) == [event]
        assert events_in(await console.get(path, event=event)) == [event]
        assert events_in(await console.get(path, event=event, state=state)) == [event]
    assert events_in(await console.get(path, event=events["failed"], state="canceled")) == []
    assert events_in(await console.get(path, state="pending")) == []
    assert len(events_in(await console.get(path, type=QUIET))) == 3
    assert events_in(await console.get(path, type="bill.paid")) == []
    unsent = shown(await console.get(path, event=NO_EVENT))
    assert "That event was not sent here." in unsent.text


async def test_pages_of_deliveries_miss_none_and_repeat_none(
    console: Console, hooks: Hooks
) -> None:
    endpoint = await hooks.added(types=OTHER)
    events = [await hooks.happened(number) for number in range(1, 53)]
    for event in events:
        await hooks.delivered(endpoint, event, state="failed")

    for query in ({}, {"state": "failed"}, {"type": QUIET}):
        path = f"/console/webhooks/{endpoint['id']}"
        first = shown(await console.get(path, **query))
        second = shown(await console.get(path + first.links["Older"].removeprefix(path)))

        assert events_in(first) + events_in(second) == events[::-1]
        assert len(first.rows) == 50
        assert "Older" not in second.links
        assert events_in(await console.get(second.links["Newest"])) == events_in(first)


async def test_a_search_for_a_rare_type_says_how_far_it_is(
    console: Console, hooks: Hooks, evidence: Evidence
) -> None:
    endpoint = await hooks.added(types=OTHER)
    rare = await hooks.happened()
    await hooks.delivered(endpoint, rare)
    common = f"{hooks.object_id}-more"
    place = (endpoint["id"], common)
    await evidence.write(
        (_MANY_EVENTS, hooks.partner.key.id, common), (_PLANNED, *place), (_DELIVERED, *place)
    )

    first = shown(await console.get(f"/{endpoint['id']}", type=QUIET))
    second = shown(await console.get(first.links["Older"]))

    assert first.rows == []
    assert "there are older deliveries" in first.text
    assert events_in(second) == [rare]
    assert "Older" not in second.links


async def test_a_delivery_is_shown_try_by_try(console: Console, hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened(7)
    answer = "<script>alert('theirs')</script>&amp; " + "x" * 2_000
    await hooks.delivered(endpoint, event, ("timed_out", None, ""), ("answered", 503, answer))
    await hooks.delivered(endpoint, event, ("delivered", 204, ""), state="delivered", round_=2)

    page = shown(await console.get(f"/{endpoint['id']}/deliveries/{event}"))

    assert page.answers == [answer]
    assert "<script" not in page.source
    for words in (
        *(QUIET, hooks.object_id, "Sequence 7", "Round 1 failed", "Round 2 delivered"),
        *("HTTP 204 after 10 ms", "HTTP 503 after 20 ms", "timed out after 10 ms"),
    ):
        assert words in page.text, words
    times = [value for tag, name, value in page.attributes if (tag, name) == ("time", "datetime")]
    # When each of the two rounds was planned, and when each of the three tries was made.
    assert len(times) == 5


async def test_what_waits_is_shown_with_its_next_try(
    console: Console, hooks: Hooks, evidence: Evidence
) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened()
    place = (endpoint["id"], hooks.object_id)
    await evidence.write((_PLANNED, *place), (_WAITS, endpoint["id"]))

    (row,) = shown(await console.get(f"/{endpoint['id']}")).rows
    one = shown(await console.get(f"/{endpoint['id']}/deliveries/{event}"))
    told: Any = endpoints_in(await console.get(partner=hooks.partner.key.id))

    assert (row[2], row[6]) == ("pending", "in 4 min")
    assert "next try" in one.text
    assert told[endpoint["id"]][5] == "1"
    # It is on its way: there is nothing to send again.
    assert "Look again" in one.links
    assert ("form", "method", "post") not in one.attributes


async def test_a_removed_endpoint_keeps_its_log_and_has_no_buttons(
    console: Console, hooks: Hooks
) -> None:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(endpoint, event, ("answered", 500, "kept"))
    await hooks.ask("DELETE", endpoint)

    log = shown(await console.get(f"/{endpoint['id']}"))
    one = shown(await console.get(f"/{endpoint['id']}/deliveries/{event}"))

    assert events_in(log) == [event]
    assert one.answers == ["kept"]
    for page in (log, one):
        assert "removed" in page.text
        assert ("form", "method", "post") not in page.attributes


async def test_an_endpoint_without_deliveries_says_so(console: Console, hooks: Hooks) -> None:
    endpoint = await hooks.added(types=OTHER)

    page = shown(await console.get(f"/{endpoint['id']}"))

    assert "Nothing has been sent here yet" in page.text
