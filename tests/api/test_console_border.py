"""The console's border: what makes no sense is refused on a page of its own, what comes from
another site is refused, and no page runs or loads anything that is not the console's.
"""

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.api.console_pages import ROOT, Console, Seen, shown
from tests.api.hooks import NO_EVENT, NOBODYS, OTHER, Hooks
from tests.running_gateway import RunningGateway

SPAN: Final = {"from": "2026-04-30T08:00", "to": "2026-04-30T09:00"}


@pytest.fixture
async def console(gateway: RunningGateway) -> AsyncIterator[Console]:
    console = Console(gateway.told["operator"])
    yield console
    await console.close()


async def one_with_a_failure(hooks: Hooks) -> tuple[str, str]:
    endpoint = await hooks.added(types=OTHER)
    event = await hooks.happened()
    await hooks.delivered(endpoint, event, ("answered", 500, "no"))
    return endpoint["id"], event


def is_protected(page: Seen) -> None:
    policy = page.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none';"
        " base-uri 'none'"
    )
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"


QUERIES = [
    ({"state": "lost"}, 400),
    ({"state": "ENABLED"}, 400),
    ({"partner": "No Such"}, 400),
    ({"partner": "\0"}, 400),
    ({"partner": "x' OR 1=1"}, 400),
    ({"before": "no id"}, 400),
    ({"before": "x' OR 1=1"}, 400),
    ({"after": NOBODYS}, 400),
    ({"page": "2"}, 400),
    ({"before": NOBODYS}, 200),
]


@pytest.mark.parametrize(("query", "status"), QUERIES)
async def test_a_wrong_question_about_endpoints_is_refused(
    console: Console, query: dict[str, str], status: int
) -> None:
    page = await console.get(**query)

    assert page.status == status
    is_protected(page)


OF_ONE = [
    ({"state": "lost"}, 400),
    ({"type": "bill.stolen"}, 400),
    ({"event": "evt_x"}, 400),
    ({"event": "evt_" + "z" * 26}, 400),
    ({"before": "x"}, 400),
    ({"before": NO_EVENT + ".0"}, 400),
    ({"before": NO_EVENT + ".9999999"}, 400),
    ({"before": "evt_" + "z" * 26}, 400),
    ({"limit": "10"}, 400),
    ({"before": NO_EVENT}, 200),
    ({"event": NO_EVENT}, 200),
    ({"done": "<script>", "count": "-1"}, 200),
    ({"done": "replayed", "count": "9" * 400}, 200),
]


async def test_a_wrong_question_about_one_is_refused(console: Console, hooks: Hooks) -> None:
    endpoint, _ = await one_with_a_failure(hooks)

    for query, status in OF_ONE:
        page = await console.get(f"/{endpoint}", **query)
        assert page.status == status, query
    for twice in ("state=failed&state=failed", "state=failed&state="):
        assert (await console.get(f"/{endpoint}?{twice}")).status == 400


PLACES = [
    *("/x", f"/{NOBODYS}", f"/{NOBODYS}0", "/whe_%00", "/" + "w" * 5_000),
    *(f"/{NOBODYS}/deliveries/{NO_EVENT}", f"/{NOBODYS}/disable", f"/{NOBODYS}/replay-failures"),
    *(f"/{NOBODYS}/no-such-page", "/console/no-such-page"),
]


@pytest.mark.parametrize("place", PLACES)
async def test_what_is_not_there_is_told_on_a_page(console: Console, place: str) -> None:
    page = await console.get(place)

    assert page.status == 404
    assert "There is no such" in page.text or "No such" in page.text
    assert page.links["To the webhook endpoints"] == ROOT
    is_protected(page)


async def test_an_event_that_was_not_sent_there_is_not_found(
    console: Console, hooks: Hooks, other_hooks: Hooks
) -> None:
    endpoint, _ = await one_with_a_failure(hooks)
    for event in (NO_EVENT, "evt_x", "x", "evt_" + "z" * 26, await other_hooks.happened()):
        assert (await console.get(f"/{endpoint}/deliveries/{event}")).status == 404


async def test_a_wrong_method_is_refused(console: Console, hooks: Hooks) -> None:
    endpoint, event = await one_with_a_failure(hooks)
    wrong = [
        ("POST", ""),
        ("POST", f"/{endpoint}"),
        ("DELETE", f"/{endpoint}"),
        ("PUT", f"/{endpoint}/disable"),
        ("GET", f"/{endpoint}/enable"),
        ("GET", f"/{endpoint}/deliveries/{event}/replay"),
        ("OPTIONS", ""),
        ("TRACE", ""),
    ]

    for method, path in wrong:
        page = await console.ask(method, path, headers={"Origin": console.url})
        assert page.status == 405, (method, path)
        assert page.headers["allow"]
        is_protected(page)


FORMS: list[tuple[str, dict[str, Any], int]] = [
    ("replay-range", {"data": {"from": "yesterday", "to": SPAN["to"]}}, 400),
    ("replay-range", {"data": {"from": SPAN["from"]}}, 400),
    ("replay-range", {"data": {"from": SPAN["to"], "to": SPAN["from"]}}, 400),
    ("replay-range", {"data": {"from": SPAN["to"], "to": SPAN["to"]}}, 400),
    ("replay-range", {"data": {**SPAN, "to": "2026-13-30T08:00"}}, 400),
    ("replay-range", {"data": {**SPAN, "to": "2026-04-30T09:00Z"}}, 400),
    ("replay-range", {"data": {**SPAN, "limit": "1"}}, 400),
    ("replay-range", {"data": {**SPAN, "after": "evt_x"}}, 400),
    ("replay-range", {"data": {**SPAN, "after": NO_EVENT}}, 404),
    ("replay-failures", {"data": {"all": "yes"}}, 400),
    ("replay-failures", {"content": b"x" * 5_000}, 413),
    ("replay-failures", {"content": b"\xff\xfe=\x00"}, 400),
    ("replay-failures", {"json": {}}, 415),
    ("replay-failures", {"files": {"x": b"x"}}, 415),
]


async def test_a_wrong_form_is_refused_and_does_nothing(console: Console, hooks: Hooks) -> None:
    endpoint, event = await one_with_a_failure(hooks)

    for does, sent, status in FORMS:
        where = f"/{endpoint}/{does}"
        page = await console.ask("POST", where, headers={"Origin": console.url}, **sent)
        assert page.status == status, (does, sent)
        assert "Nothing was done." in page.text
        is_protected(page)
    for wrong in ({"from": SPAN["from"]}, {"from": SPAN["to"], "to": SPAN["from"]}):
        assert (await console.get(f"/{endpoint}/replay-range", **wrong)).status == 400
    (only,) = shown(await console.get(f"/{endpoint}")).rows
    assert only[0].split()[0] == event
    assert "round" not in only[0]


async def test_another_sites_page_changes_nothing(console: Console, hooks: Hooks) -> None:
    endpoint, event = await one_with_a_failure(hooks)
    port = urlsplit(console.url).port
    foreign: list[dict[str, str]] = [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{port}0"},
        {"Origin": "http://["},
        {"Origin": console.url, "Sec-Fetch-Site": "cross-site"},
        {"Origin": console.url, "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {},
    ]

    for headers in foreign:
        for does in ("disable", "replay-failures", f"deliveries/{event}/replay"):
            page = await console.ask("POST", f"/{endpoint}/{does}", headers=headers)
            assert page.status == 403, (headers, does)
            is_protected(page)
    assert (await hooks.shown({"id": endpoint}))["state"] == "enabled"
    assert len((await hooks.of({"id": endpoint})).data["deliveries"]) == 1
    own = {"Origin": console.url, "Sec-Fetch-Site": "same-origin"}
    assert (await console.ask("POST", f"/{endpoint}/disable", headers=own)).status == 200


async def test_only_names_that_nobody_else_can_give_lead_to_it(console: Console) -> None:
    port = urlsplit(console.url).port
    for host in ("127.0.0.1", f"localhost:{port}", "operator:8081", "[::1]:8081", "10.1.2.3"):
        assert (await console.ask("GET", "", headers={"Host": host})).status == 200, host
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "[", ""):
        page = await console.ask("GET", "", headers={"Host": host})
        assert page.status == 421, host
        is_protected(page)


async def test_no_page_has_a_script_or_anything_from_elsewhere(
    console: Console, hooks: Hooks
) -> None:
    endpoint, event = await one_with_a_failure(hooks)
    one = f"/{endpoint}"
    paths = ["", one, f"{one}/deliveries/{event}", f"{one}/disable", f"{one}/replay-failures"]
    pages = [await console.get(path) for path in paths]
    pages.append(await console.get(f"{one}/replay-range", **SPAN))
    pages.append(await console.get("/x"))

    for page in pages:
        is_protected(page)
        tags = {tag for tag, _, _ in page.attributes}
        assert not tags & {"script", "style", "img", "iframe", "object", "base"}
        for tag, name, value in page.attributes:
            assert name != "style", tag
            assert not name.startswith("on"), (tag, name)
            if name in {"href", "src", "action"}:
                assert value is not None
                assert value.startswith(("/", "#")), value
                assert not value.startswith("//"), value


async def test_the_way_in_leads_to_the_console_and_its_styles_are_its_own(
    console: Console,
) -> None:
    start = await console.fetch("GET", "/")
    assert start.headers["location"] == "/console/"
    for path in ("/console", "/console/"):
        assert "Webhooks" in shown(await console.get(path)).text

    styles = await console.fetch("GET", "/console/console.css")

    assert styles.headers["content-type"].startswith("text/css")
    assert styles.headers["x-content-type-options"] == "nosniff"
    assert "url(" not in styles.text
    assert "@import" not in styles.text
