"""What the page on webhooks says is held against the code: types, data, pauses, headers, routes."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from activities.lanes import FAILING_AFTER
from api.event_document import describe_events
from api.event_schemas import DATA, Envelope
from api.webhook_endpoints import MOST_ENDPOINTS
from api.webhook_schemas import EndpointBody
from payments.domain.events import EVENT_TYPES, Ends
from payments.domain.webhook import (
    MOST_TRIES,
    PAUSES,
    DeliveryState,
    Disabled,
    EndpointState,
    TryEnding,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "webhooks.md").read_text()
OPENAPI = json.loads((DOCS / "openapi.json").read_text())
LAST_WORDS = {Ends.YES: "yes", Ends.NO: "", Ends.BY_STATUS: "when `captured`"}
UNITS = {"s": 1, "min": 60, "h": 3_600}


def words(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_the_table_has_every_type_with_its_story_its_end_and_its_data() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (.+) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    common = {
        name: words(fields)
        for name, fields in re.findall(r"^- \*\*(\w+)\*\*: (.+)$", PAGE, re.MULTILINE)
    }

    assert [row[0] for row in rows] == list(EVENT_TYPES)
    for name, happened, last_word, more in rows:
        kind = EVENT_TYPES[name]
        assert happened == kind.happened
        assert last_word == LAST_WORDS[kind.ends]
        told = common[kind.object_type] | words(more)
        assert told == {*kind.always, *(f"{each}?" for each in kind.sometimes)}


def test_the_pauses_are_those_of_the_schedule() -> None:
    [row] = re.findall(r"^\| pause \| (.+) \|$", PAGE, re.MULTILINE)
    cells = [each.split() for each in row.split(" | ")]

    pauses = tuple(timedelta(seconds=int(number) * UNITS[unit]) for number, unit in cells)
    assert pauses == PAUSES
    assert MOST_TRIES == 10
    assert "ten tries in all" in PAGE
    assert f"some {sum(PAUSES, timedelta()) // timedelta(hours=1)} hours" in PAGE


def test_the_example_is_an_event_with_every_member() -> None:
    [text] = re.findall(r"^```json\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    example: dict[str, Any] = json.loads(text)

    assert set(example) == {field.alias for field in Envelope.model_fields.values()}
    data = {name for name in example["data"] if name != "…"}
    fields = DATA[example["type"]].model_fields.values()
    assert data <= {field.alias for field in fields}


def test_the_headers_are_those_of_the_document() -> None:
    document: dict[str, Any] = {"components": {"schemas": {}}}
    describe_events(document)
    post = document["webhooks"]["bill.paid"]["post"]

    for header in post["parameters"]:
        assert re.search(rf"^{header['name']}: ", PAGE, re.MULTILINE), header["name"]


def test_every_route_and_every_field_of_a_request_is_named() -> None:
    kinds = ("/v1/webhook-endpoints", "/v1/events")
    for path in (each for each in OPENAPI["paths"] if each.startswith(kinds)):
        short = path.replace("/v1/webhook-endpoints/{endpoint_id}", "…/{id}")
        short = short.replace("{event_id}", "{id}" if "/events/" in path else "{eventId}")
        for method in OPENAPI["paths"][path]:
            assert f"`{method.upper()} {short}`" in PAGE, f"{method} {path}"
    for field in EndpointBody.model_fields.values():
        assert f"`{field.alias}`" in PAGE


def test_every_state_and_every_end_of_a_try_is_named() -> None:
    for word in (*DeliveryState, *TryEnding):
        assert f"`{word}`" in PAGE
    for reason in set(Disabled) - {Disabled.BY_PARTNER}:
        assert f"(`{reason}`)" in PAGE
    assert set(EndpointState) == {"enabled", "disabled"}


def test_the_numbers_are_those_of_the_code() -> None:
    assert MOST_ENDPOINTS == 16
    assert "at most sixteen" in PAGE
    assert FAILING_AFTER == 5
    assert "last five first tries failed" in PAGE
