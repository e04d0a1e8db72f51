"""HTTP itself: what the framework or the server would refuse is refused in our envelope, signed.

Rows H2, H3 and H7 of the catalogue of bad input.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.api.conftest import Untouched
from tests.api.raw_http import LIVE, Question, ask, get, live, place, say, verified
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill

ROWS = "SELECT endpoint, http_status, code FROM request_log WHERE trace = $1"


BROKEN = {
    "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\x00" * 32 + b"\r\n\r\n",
    "no HTTP at all": b"hello\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method in small letters": b"get /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method nobody knows": b"PAY /bill/pay HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in a header": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    "a bare CR in a header": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
    "bare line feeds": b"GET /health/live HTTP/1.1\nHost: x\n\n",
    "a folded header": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "a space before the colon": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX : a\r\n\r\n",
    "a raw letter in the path": b"GET /health/\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the path": b"GET /health /live HTTP/1.1\r\nHost: x\r\n\r\n",
    "a negative length": b"POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"POST /auth/token HTTP/1.1\r\nHost: x\r\n"
    b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length and chunks": b"POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk that is no number": b"POST /auth/token HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a path of 100 kB": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("told", BROKEN.values(), ids=BROKEN)
async def test_what_is_not_http_gets_a_signed_refusal_and_a_row(
    gateway: RunningGateway,
    evidence: Evidence,
    slow_body: object,
    slow_headers: object,
    told: bytes,
) -> None:
    """The slow ones begin here, and are waited for in the end."""
    answer = await ask(gateway.api, told)

    assert (answer.http_status, answer.code) == (400, "P5010")
    assert answer.headers["connection"] == "close"
    assert answer.trace.startswith("anon.")
    row = {"endpoint": "unknown", "http_status": 400, "code": "P5010"}
    assert row in await evidence.rows(ROWS, answer.trace)


async def test_broken_http_hurts_nobody_else(gateway: RunningGateway) -> None:
    told = get(LIVE, f"Host: {place(gateway.api)}")

    assert (await ask(gateway.api, told, question=live(gateway.api))).code == "P0000"


TOO_LARGE = {
    "one header of 20 kB": (LIVE, [f"X-Large: {'a' * 20_000}"], 431, "P5011"),
    "one header of 60 kB": (LIVE, [f"X-Large: {'a' * 60_000}"], 431, "P5011"),
    "500 headers": (LIVE, [f"X-{number}: {'a' * 40}" for number in range(500)], 431, "P5011"),
    "a name of 20 kB": (LIVE, [f"X-{'a' * 20_000}: 1"], 431, "P5011"),
    "a path of 16 kB": ("/" + "a" * 16_000, [], 414, "P5012"),
    "a query of 16 kB": (f"{LIVE}?{'a' * 16_000}", [], 414, "P5012"),
}


@pytest.mark.parametrize(("path", "lines", "status", "code"), TOO_LARGE.values(), ids=TOO_LARGE)
async def test_too_much_of_a_request_is_refused_with_its_limit(
    gateway: RunningGateway, path: str, lines: list[str], status: int, code: str
) -> None:
    told = get(path, f"Host: {place(gateway.api)}", *lines)

    answer = await ask(gateway.api, told, question=Question("GET", gateway.api + path))

    assert (answer.http_status, answer.code) == (status, code)
    assert answer.data["limitBytes"] == {"P5011": 16_384, "P5012": 4_096}[code]


async def test_much_is_not_too_much(gateway: RunningGateway) -> None:
    told = get(LIVE, f"Host: {place(gateway.api)}", f"X-Large: {'a' * 12_000}")

    assert (await ask(gateway.api, told, question=live(gateway.api))).code == "P0000"


async def test_a_body_that_is_too_large_is_refused_with_its_limit(
    partner: PartnerClient, untouched: Untouched
) -> None:
    bill = TestBill()
    body = json.dumps(bill.told | {"x": "a" * 70_000})
    headers = {**await partner.authorised(), "Content-Type": "application/json"}

    answer = await partner.ask("POST", "/bill/lock", content=body, headers=headers)

    assert (answer.http_status, answer.code) == (413, "P5007")
    assert answer.data["limitBytes"] == 65_536
    assert answer.headers["connection"] == "close"
    await untouched(bill)


async def test_a_body_without_an_end_is_refused_at_the_limit(gateway: RunningGateway) -> None:
    head = f"POST /auth/token HTTP/1.1\r\nHost: {place(gateway.api)}\r\n"
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    told = [f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), *[chunk] * 6]

    answer = await ask(gateway.api, *told, question=Question("POST", f"{gateway.api}/auth/token"))

    assert (answer.http_status, answer.code) == (413, "P5007")


async def test_a_body_in_chunks_is_a_body(partner: PartnerClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for letter in json.dumps(TestBill().told):
            yield letter.encode()

    headers = {**await partner.authorised(), "Content-Type": "application/json"}

    answer = await partner.ask("POST", "/bill/lock", content=chunks(), headers=headers)

    assert answer.code == "P0000"


async def test_half_a_body_is_never_taken_for_a_whole_one(
    gateway: RunningGateway, partner: PartnerClient, untouched: Untouched
) -> None:
    """A whole JSON object arrives, and less than was promised; then the client hangs up."""
    bill = TestBill()
    token = (await partner.authorised())["Authorization"]
    body = json.dumps(bill.told).encode()
    head = (
        f"POST /bill/lock HTTP/1.1\r\nHost: {place(gateway.api)}\r\nAuthorization: {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body) + 10}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(*place(gateway.api).split(":"))
    writer.write(head.encode() + body)
    writer.write_eof()

    told = await asyncio.wait_for(reader.read(), 60)

    writer.close()
    assert told == b"" or verified(gateway.api, told).code == "P5010"
    await untouched(bill)


METHODS = {
    "GET on a POST": ("GET", "/bill/lock", "POST"),
    "PUT": ("PUT", "/bill/pay", "POST"),
    "PATCH": ("PATCH", "/bill/pay", "POST"),
    "DELETE": ("DELETE", "/bill/lock", "POST"),
    "POST on a GET": ("POST", "/txn/status", "GET"),
    "OPTIONS": ("OPTIONS", "/bill/pay", "POST"),
    "TRACE": ("TRACE", "/bill/pay", "POST"),
    "under the prefix": ("PUT", "/v1/bill/pay", "POST"),
    "on the key set": ("POST", "/.well-known/jwks.json", "GET"),
    "on the code table": ("DELETE", "/v1/codes", "GET"),
    "on health": ("POST", "/health", "GET"),
}


@pytest.mark.parametrize(("method", "path", "allowed"), METHODS.values(), ids=METHODS)
async def test_a_method_that_a_route_does_not_take_is_refused_with_those_it_does(
    partner: PartnerClient, method: str, path: str, allowed: str
) -> None:
    answer = await partner.ask(method, path, headers=await partner.authorised())

    assert (answer.http_status, answer.code) == (405, "P5005")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", [LIVE, "/bill/lookup", "/nowhere"])
async def test_head_is_refused_without_content_and_signed_as_such(
    partner: PartnerClient, path: str
) -> None:
    answer = await partner.ask("HEAD", path)

    assert answer.http_status == (404 if path == "/nowhere" else 405)
    # The digest of nothing, since nothing is sent.
    assert answer.headers["content-digest"] == (
        "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    )


async def test_two_requests_on_one_connection_get_two_answers(gateway: RunningGateway) -> None:
    head = f"GET {LIVE} HTTP/1.1\r\nHost: {place(gateway.api)}\r\n"
    both = f"{head}\r\n{head}Connection: close\r\n\r\n"

    told = await say(gateway.api, both.encode())

    assert told.count(b"HTTP/1.1 200 OK") == 2
    assert told.count(b'"state":"live"') == 2


async def test_a_body_that_does_not_arrive_in_time_is_refused(
    slow_body: "asyncio.Task[Answer]",
) -> None:
    answer = await slow_body

    assert (answer.http_status, answer.code) == (408, "P5013")
    assert answer.headers["connection"] == "close"


async def test_a_connection_that_does_not_ask_in_time_is_closed(
    slow_headers: "list[asyncio.Task[bytes]]",
) -> None:
    """Nothing was asked, so nothing is answered; what was asked before has been."""
    silent, half_a_line, second_request = await asyncio.gather(*slow_headers)

    assert (silent, half_a_line) == (b"", b"")
    assert second_request.count(b"HTTP/1.1 200 OK") == 1
