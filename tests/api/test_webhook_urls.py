"""Where a webhook may lead, and what else an endpoint is made of. Rows U1, U2, U7, M, X, K and C.

The process beside keeps to the public internet, as in production; the gateway itself lets partners
of the sandbox listen on this machine, but never where it listens.
"""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.hooks import PATH, Hooks, new_url
from tests.api.test_json import NOT_ONE_OBJECT
from tests.api.test_objects import MASS
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, RunningGateway

GOOD = "https://hooks.example.com/in?shop=7"


@pytest.fixture
async def strict(partner_beside: PartnerClient, evidence: Evidence) -> Hooks:
    return Hooks(partner_beside, evidence)


async def refused(hooks: Hooks, **body: Any) -> Answer:
    """Nothing was added."""
    before = (await hooks.partner.get(PATH)).data
    answer = await hooks.add(**body)
    assert (await hooks.partner.get(PATH)).data == before
    return answer


U1 = ["http://hooks.example.com/", "ftp://hooks.example.com/", "file:///etc/passwd"]
U1 += ["gopher://hooks.example.com/_x", "javascript:alert(1)", "data:text/html,x", "ws://x.example"]
U2 = [
    "127.0.0.1",
    "localhost",
    "0.0.0.0",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
]
U2 += ["[::1]", "[::ffff:127.0.0.1]", "[::]", "169.254.169.254", "metadata.google.internal"]
U2 += ["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "[fc00::1]", "[fe80::1]"]
U2 += ["224.0.0.1", "[64:ff9b::7f00:1]", "LOCALHOST", "localhost.", "api.localhost", "192.0.2.1"]
FORMS = ["", "https://", "https:///x", "//hooks.example.com/", "hooks.example.com", "https://a b/"]
FORMS += ["https://user:pass@hooks.example.com/", "https://hooks.example.com/#x", "https://x\\@y/"]
FORMS += ["https://hooks.example.com:0/", "https://hooks.example.com:65536/", " " + GOOD]
FORMS += ["https://hooks.example.com/\r\nHost: x", "https://hooks.example.com/ä", GOOD + "\x00"]
FORMS += [
    "https://hooks.example.com/" + "a" * 2_048,
    "https://ｈｏｏｋｓ.example.com/",
]


@pytest.mark.parametrize("url", [*U1, *(f"https://{host}/x" for host in U2), *FORMS])
async def test_a_webhook_leads_to_the_public_internet_by_https(strict: Hooks, url: str) -> None:
    answer = await refused(strict, url=url)

    assert (answer.http_status, answer.code, answer.data["field"]) == (422, "P5003", "url")


async def test_a_public_url_is_kept_as_it_is_written(strict: Hooks) -> None:
    made = await strict.added(url=GOOD)

    assert made["url"] == GOOD
    for url in (U1[0], "https://127.0.0.1/", "https://[::1]/"):
        answer = await strict.ask("PATCH", made, {"url": url})
        assert (answer.http_status, answer.code, answer.data["field"]) == (422, "P5003", "url")
    assert (await strict.shown(made))["url"] == GOOD
    await strict.ask("DELETE", made)


@pytest.mark.parametrize("part", ["api", "database", "temporal"])
async def test_not_even_the_sandbox_sends_webhooks_to_itself(
    gateway: RunningGateway, hooks: Hooks, part: str
) -> None:
    known = gateway.environment
    places = {
        "api": gateway.api,
        "database": known["QUITTANCE_DATABASE_URL"],
        "temporal": f"//{known['TEMPORAL_ADDRESS']}",
    }
    port = urlsplit(places[part]).port

    answer = await refused(hooks, url=f"http://127.0.0.1:{port}/v1/providers/NORTH/webhooks")

    assert (answer.http_status, answer.code, answer.data["field"]) == (422, "P5003", "url")
    assert "itself" in answer.data["reason"]


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no URL": ({"url": None}, "P5002", "url"),
    "a URL that is a number": ({"url": 7}, "P5002", "url"),
    "a list of URLs": ({"url": [GOOD]}, "P5002", "url"),
    "types that are text": ({"types": "bill.paid"}, "P5002", "types"),
    "a type that is a number": ({"types": [1]}, "P5002", "types.0"),
    "types that are an object": ({"types": {"0": "bill.paid"}}, "P5002", "types"),
    "an unknown type": ({"types": ["bill.paid", "bill.eaten"]}, "P5003", "types"),
    "a type in capitals": ({"types": ["BILL.PAID"]}, "P5003", "types"),
    "every type by a star": ({"types": ["*"]}, "P5003", "types"),
    "a family of types": ({"types": ["payment.*"]}, "P5003", "types"),
    "a type twice": ({"types": ["bill.paid", "bill.paid"]}, "P5003", "types"),
    "a type with a space": ({"types": ["bill.paid "]}, "P5003", "types"),
    "an empty type": ({"types": [""]}, "P5003", "types"),
    "another payload": ({"payload": "fat"}, "P5003", "payload"),
    "a payload in capitals": ({"payload": "THIN"}, "P5003", "payload"),
    "a payload that is true": ({"payload": True}, "P5002", "payload"),
    "a description that is a number": ({"description": 1}, "P5002", "description"),
    "a description without end": ({"description": "a" * 201}, "P5003", "description"),
    "a description of two lines": ({"description": "a\nb"}, "P5003", "description"),
    "an escape": ({"description": "\x1b[2J"}, "P5003", "description"),
    "right to left": ({"description": "a\u202eb"}, "P5003", "description"),
    "a NUL": ({"description": "a\x00"}, "P5003", "description"),
}


@pytest.mark.parametrize(("body", "code", "field"), WRONG.values(), ids=WRONG)
async def test_a_wrong_field_is_refused_by_name(
    hooks: Hooks, body: dict[str, Any], code: str, field: str
) -> None:
    answer = await refused(hooks, **body)

    assert (answer.code, answer.data["field"]) == (code, field)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        *((each, code, field) for each, code, field in WRONG.values() if each != {"url": None}),
        ({"version": "2026-11-20"}, "P5003", "version"),
        ({"version": ""}, "P5003", "version"),
        ({"version": 20261121}, "P5002", "version"),
        ({"state": "disabled"}, "P5002", "state"),
        ({"secret": "whsec_x"}, "P5002", "secret"),
    ],
)
async def test_a_wrong_change_changes_nothing(
    hooks: Hooks, body: dict[str, Any], code: str, field: str
) -> None:
    made = await hooks.added()
    del made["secret"]

    answer = await hooks.ask("PATCH", made, {"url": new_url()} | body)

    assert (answer.code, answer.data["field"]) == (code, field)
    assert await hooks.shown(made) == made


TRICKS = ["'; DROP TABLE webhook_endpoint;--", "$1 %s {{7*7}} ${jndi:ldap://x} {0.__class__}"]
TRICKS += ["<script>alert(1)</script>", "../../etc/passwd", "👩‍👩‍👧", "null"]


@pytest.mark.parametrize("text", TRICKS)
async def test_a_description_is_kept_as_it_is_written(hooks: Hooks, text: str) -> None:
    made = await hooks.added(description=text)

    assert (await hooks.shown(made))["description"] == text


@pytest.mark.parametrize("field", [*MASS, "secret", "version", "id", "endpointId"])
async def test_a_field_too_many_is_refused_by_name(hooks: Hooks, field: str) -> None:
    answer = await refused(hooks, **{field: "x"})

    assert (answer.http_status, answer.code, answer.data["field"]) == (400, "P5002", field)


@pytest.mark.parametrize("verb", ["disable", "enable", "test", "DELETE"])
async def test_what_takes_nothing_takes_nothing(hooks: Hooks, verb: str) -> None:
    made = await hooks.added()
    del made["secret"]

    body = {"state": "disabled"}
    told = await (hooks.ask(verb, made, body) if verb.isupper() else hooks.do(verb, made, body))

    assert (told.http_status, told.code, told.data["field"]) == (400, "P5002", "state")
    assert await hooks.shown(made) == made


@pytest.mark.parametrize("change", NOT_ONE_OBJECT.values(), ids=NOT_ONE_OBJECT)
async def test_a_body_is_exactly_one_object(hooks: Hooks, change: object) -> None:
    assert callable(change)
    headers = {**await hooks.partner.authorised(), "Content-Type": "application/json"}
    body = change(json.dumps({"billerId": "DESCO", "url": new_url()})).encode()

    answer = await hooks.partner.ask("POST", PATH, content=body, headers=headers)

    assert (answer.http_status, answer.code) == (400, "P5001")
    assert (await hooks.partner.get(PATH)).data == {"endpoints": []}


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://hooks.example.com/4111111111111111"},
        {"url": "https://hooks.example.com/?card=4111-1111-1111-1111"},
        {"description": "4111 1111 1111 1111"},
        {"types": ["4111111111111111"]},
    ],
)
async def test_a_card_number_comes_into_no_endpoint(hooks: Hooks, body: dict[str, Any]) -> None:
    answer = await refused(hooks, **body)

    assert (answer.http_status, answer.code) == (422, "P5014")
    assert "4111" not in str(answer)


async def test_many_at_once_are_sixteen(hooks: Hooks) -> None:
    await hooks.partner.authorised()

    answers = await asyncio.gather(*(hooks.add() for _ in range(24)))

    codes = [answer.code for answer in answers]
    assert (codes.count("P0000"), codes.count("P2120")) == (16, 8)
    assert len((await hooks.partner.get(PATH)).data["endpoints"]) == 16


async def test_a_method_that_a_route_has_not_is_refused(hooks: Hooks) -> None:
    made = await hooks.added()

    answer = await hooks.ask("PUT", made, {})

    assert (answer.http_status, answer.code) == (405, "P5005")
    assert answer.headers["allow"] == "DELETE, GET, PATCH"
