"""Which question an answer belongs to: headers about hosts, proxies and methods change nothing.

Row H6 of the catalogue of bad input, and the parts of H3 that are headers.
"""

import json

import pytest

from tests.api.conftest import Untouched
from tests.api.raw_http import LIVE, Question, ask, get, live, place
from tests.running_gateway import PartnerClient, RunningGateway, TestBill


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_a_header_does_not_change_the_method(
    partner: PartnerClient, untouched: Untouched, name: str
) -> None:
    bill = TestBill()

    found = await partner.get("/bill/lookup", {name: "POST"}, **bill.told)
    refused = await partner.get("/bill/lock", {name: "POST"}, **bill.told)

    assert (found.code, refused.code) == ("P0000", "P5005")
    await untouched(bill)


HOSTS = ["evil.example", "evil.example:443", "127.0.0.1", "[::1]", "localhost:1"]


@pytest.mark.parametrize("host", HOSTS)
async def test_a_host_that_is_not_ours_changes_nothing(gateway: RunningGateway, host: str) -> None:
    """The signature says what was asked, host included, so nobody can pass it off as another's."""
    question = Question("GET", f"http://{host}{LIVE}")

    answer = await ask(gateway.api, get(LIVE, f"Host: {host}"), question=question)

    assert answer.code == "P0000"
    assert host not in answer.content.decode()
    assert "location" not in answer.headers


NO_HOSTS = {
    "empty": ["Host: "],
    "none": [],
    "two": ["Host: a", "Host: b"],
    "two equal ones": ["Host: a", "Host: a"],
    "a list": ["Host: a, b"],
    "a space": ["Host: a b"],
    "half of an IPv6 address": ["Host: [::1"],
    "a name before it": ["Host: x@y"],
    "a port that is none": ["Host: a:b"],
    "a scheme": ["Host: http://evil.example"],
    "a path": ["Host: evil.example/bill"],
    "a query": ["Host: evil.example?x="],
    # What stands behind a fragment's sign is no part of a URL: the answer to this request would
    # be signed as the answer to the other one.
    "another question": ["Host: pay.example/txn/status?transactionId=ORDER-1#"],
    "a fragment": ["Host: pay.example#"],
    "an escape": ["Host: pay%2Eexample"],
    "another alphabet": ["Host: pày.example"],
}


@pytest.mark.parametrize("lines", NO_HOSTS.values(), ids=NO_HOSTS)
async def test_a_request_names_one_host_or_gets_nothing(
    gateway: RunningGateway, lines: list[str]
) -> None:
    answer = await ask(gateway.api, get(LIVE, *lines))

    assert (answer.http_status, answer.code) == (400, "P5010")
    assert "@target-uri" not in answer.headers["signature-input"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X-Forwarded-Prefix": "/admin"},
        {"X-Original-URL": "/bill/pay"},
        {"X-Rewrite-URL": "/bill/pay"},
    ],
)
async def test_headers_of_a_proxy_that_is_not_ours_change_nothing(
    partner: PartnerClient, headers: dict[str, str]
) -> None:
    """The client verifies that the answer is signed for the URL that it asked."""
    answer = await partner.ask("GET", LIVE, headers=headers)

    assert answer.code == "P0000"


async def test_an_absolute_url_is_the_path_in_it(gateway: RunningGateway) -> None:
    told = get(f"http://evil.example{LIVE}", f"Host: {place(gateway.api)}")

    assert (await ask(gateway.api, told, question=live(gateway.api))).data == {"state": "live"}


QUESTION_MARKS = ["?", "?%3F", "??", "?=&"]


@pytest.mark.parametrize("prefix", ["", "http://evil.example"])
@pytest.mark.parametrize("query", QUESTION_MARKS)
async def test_a_question_mark_is_a_part_of_the_question(
    gateway: RunningGateway, prefix: str, query: str
) -> None:
    """Whoever sends a query without anything in it has a URL that ends in its sign."""
    told = get(prefix + LIVE + query, f"Host: {place(gateway.api)}")

    answer = await ask(gateway.api, told, question=Question("GET", gateway.api + LIVE + query))

    assert answer.code == ("P0000" if query == "?" else "P5002")


async def test_a_fragment_is_no_part_of_the_question(gateway: RunningGateway) -> None:
    told = get(f"{LIVE}#?", f"Host: {place(gateway.api)}")

    assert (await ask(gateway.api, told, question=live(gateway.api))).code == "P0000"


@pytest.mark.parametrize("path", ["/health%2Flive", "/health%2flive", "/v1%2Fcodes"])
async def test_an_encoded_slash_is_no_slash(gateway: RunningGateway, path: str) -> None:
    told = get(path, f"Host: {place(gateway.api)}")

    answer = await ask(gateway.api, told, question=Question("GET", gateway.api + path))

    assert (answer.http_status, answer.code) == (404, "P5004")


async def test_a_lock_behind_an_encoded_slash_is_none(
    partner: PartnerClient, untouched: Untouched
) -> None:
    bill = TestBill()

    assert (await partner.post("/bill%2Flock", bill.told)).code == "P5004"
    await untouched(bill)


BENT = {
    "HTTP/1.0": (b"GET /health/live HTTP/1.0\r\n\r\n", ""),
    "an upgrade": (get(LIVE, "Host: x", "Upgrade: h2c"), "http://x"),
    "a broken percent escape": (get("/bill/%zz", "Host: x"), None),
    "a key that is not ASCII": (get(LIVE, "Host: x", "Idempotency-Key: é"), None),
}


@pytest.mark.parametrize(("told", "origin"), BENT.values(), ids=BENT)
async def test_a_question_that_is_bent_but_readable_gets_a_signed_answer(
    gateway: RunningGateway, told: bytes, origin: str | None
) -> None:
    """Bound to the question wherever RFC 9421 can write the question down."""
    question = None if origin is None else Question("GET", (origin or gateway.api) + LIVE)

    assert (await ask(gateway.api, told, question=question)).code in ("P0000", "P5004")


async def test_a_key_that_is_not_ascii_locks_nothing(
    gateway: RunningGateway, partner: PartnerClient, untouched: Untouched
) -> None:
    bill = TestBill()
    body = json.dumps(bill.told).encode()
    lines = [f"Host: {place(gateway.api)}", "Idempotency-Key: é", "Connection: close"]
    lines += [f"Authorization: {(await partner.authorised())['Authorization']}"]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    head = "\r\n".join(["POST /bill/lock HTTP/1.1", *lines]).encode("latin-1")

    assert (await ask(gateway.api, head + body)).code == "P5103"
    await untouched(bill)
