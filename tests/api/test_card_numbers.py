"""Row X3 of the catalogue of bad input: a card number anywhere in a request, however written."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.api.beside import ApiBeside
from tests.api.conftest import Untouched
from tests.api.raw_http import Question, ask, get, place
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id

CARD: Final = "4000056655665556"
SPACED: Final = "4000 0566 5566 5556"
FULL_WIDTH: Final = "".join(chr(ord("０") + int(digit)) for digit in CARD)
PERCENT: Final = "".join(f"%3{digit}" for digit in CARD)
ESCAPED: Final = "".join(f"\\u003{digit}" for digit in CARD)

INCIDENTS: Final = "SELECT kind, partner_id, place FROM incident WHERE trace = $1"
REQUEST: Final = "SELECT partner_id, endpoint, request_hash, code FROM request_log WHERE trace = $1"
DIGESTS_OF_NOTHING: Final = [
    hashlib.sha256(f"{method} *\n".encode()).hexdigest() for method in ("GET", "POST")
]
ALL_KEYS: Final = "SELECT 1 FROM idempotency WHERE trace = $1 OR key LIKE '%4000%5556%'"
NONCES: Final = "SELECT 1 FROM token_request WHERE nonce LIKE '%' || $1 || '%'"


async def is_refused(
    answer: Answer, evidence: Evidence, field: str, where: str, partner_id: str | None
) -> None:
    """Told what and where, and nothing kept of it: neither the number nor a digest of it."""
    assert (answer.http_status, answer.code) == (422, "P5014"), answer
    assert answer.data == {"field": field, "reason": "looks like a card number"}
    assert CARD not in answer.content.decode() + str(answer.headers)
    assert await evidence.rows(INCIDENTS, answer.trace) == [
        {"kind": "card_number", "partner_id": partner_id, "place": where}
    ]
    (row,) = await evidence.rows(REQUEST, answer.trace)
    assert (row["partner_id"], row["code"]) == (partner_id, "P5014")
    assert row["request_hash"] in DIGESTS_OF_NOTHING
    assert await evidence.rows(ALL_KEYS, answer.trace) == []


@pytest.mark.parametrize(
    "path",
    [
        f"/{CARD}",
        f"/bill/{CARD}",
        f"/v1/payments/{CARD}",
        f"/txn/{PERCENT}",
        f"/txn/{quote(FULL_WIDTH)}",
        f"/{CARD[:4]}/{CARD[4:8]}/{CARD[8:12]}/{CARD[12:]}",
        f"/bill/card-{CARD}.json",
    ],
)
async def test_in_a_path(partner: PartnerClient, evidence: Evidence, path: str) -> None:
    answer = await partner.get(path)

    await is_refused(answer, evidence, "path", "path", partner.key.id)


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (f"/txn/status?transactionId={CARD}", "transactionId"),
        (f"/v1/txn/status?transactionId=order-{CARD}", "transactionId"),
        (f"/txn/status?transactionId={PERCENT}", "transactionId"),
        (f"/txn/status?transactionId={PERCENT.replace('%', '%25')}", "transactionId"),
        (f"/txn/status?transactionId={quote(FULL_WIDTH)}", "transactionId"),
        (f"/txn/status?transactionId={SPACED.replace(' ', '+')}", "transactionId"),
        (f"/txn/status?transactionId=A&note={SPACED.replace(' ', '%20')}", "note"),
        (f"/txn/status?{CARD}=A", "[card number]"),
        (f"/txn/status?transactionId={CARD[:8]}&note={CARD[8:]}", "note"),
        (f"/bill/lookup?billerId={CARD}", "billerId"),
        (f"/bill/lookup?billNumber={SPACED.replace(' ', '%20')}", "billNumber"),
        (f"/nowhere?a=1&b={CARD}", "b"),
        (f"/health/live?{CARD}", "[card number]"),
    ],
)
async def test_in_a_query(
    partner: PartnerClient, evidence: Evidence, target: str, field: str
) -> None:
    answer = await partner.ask("GET", target, headers=await partner.authorised())

    await is_refused(answer, evidence, field, f"query {field}", partner.key.id)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("User-Agent", f"shop/1.0 ({CARD})"),
        ("User-Agent", SPACED),
        ("Idempotency-Key", CARD),
        ("Idempotency-Key", f"pay-{CARD}-1"),
        ("X-Request-Id", PERCENT),
        ("Cookie", f"card={CARD}"),
        ("Accept", f"application/json;card={CARD}"),
        ("If-None-Match", f'"{CARD}"'),
        ("Referer", f"https://shop.example/?pan={CARD}"),
        ("X-Forwarded-For", CARD),
        ("Quittance-Version", CARD),
    ],
)
async def test_in_a_header(
    partner: PartnerClient, evidence: Evidence, name: str, value: str
) -> None:
    answer = await partner.get("/txn/status", {name: value}, transactionId=new_id())

    await is_refused(answer, evidence, name.lower(), f"header {name.lower()}", partner.key.id)


@pytest.mark.parametrize(
    "line",
    [f"Authorization: Bearer {CARD}", f"Authorization: {SPACED}", f"X-Note: {FULL_WIDTH}"],
)
async def test_in_a_header_of_somebody_unknown(
    gateway: RunningGateway, evidence: Evidence, line: str
) -> None:
    request = get("/txn/status", f"Host: {place(gateway.api)}", line.encode().decode("latin-1"))

    answer = await ask(gateway.api, request, question=Question("GET", f"{gateway.api}/txn/status"))

    name = line.partition(":")[0].lower()
    await is_refused(answer, evidence, name, f"header {name}", None)


BODIES: Final[dict[str, tuple[str, str]]] = {
    "a free field": (f'{{"transactionId": "{CARD}"}}', "transactionId"),
    "with letters around": (f'{{"transactionId": "ORDER{CARD}X"}}', "transactionId"),
    "dashed": (f'{{"transactionId": "{SPACED.replace(" ", "-")}"}}', "transactionId"),
    "dotted": (f'{{"transactionId": "{SPACED.replace(" ", ".")}"}}', "transactionId"),
    "in full width": (f'{{"transactionId": "{FULL_WIDTH}"}}', "transactionId"),
    "escaped": (f'{{"transactionId": "{ESCAPED}"}}', "transactionId"),
    "escaped twice": (json.dumps({"transactionId": ESCAPED}), "transactionId"),
    "a number": (f'{{"transactionId": {CARD}}}', "transactionId"),
    "a negative number": (f'{{"transactionId": -{CARD}}}', "transactionId"),
    "a fraction": (f'{{"a": {CARD}.0}}', "a"),
    "a number with an exponent": ('{"a": 4.000056655665556e15}', "a"),
    "a long number": ('{"a": 4000000000000000006}', "a"),
    "a field nobody knows": (f'{{"card": {{"number": "{CARD}"}}}}', "card.number"),
    "metadata": (f'{{"metadata": {{"note": "paid with {SPACED}"}}}}', "metadata.note"),
    "deep metadata": (f'{{"metadata": {{"a": [1, {{"b": ["{CARD}"]}}]}}}}', "metadata.a.1.b.0"),
    "a name": (f'{{"metadata": {{"{CARD}": "x"}}}}', "metadata.[card number]"),
    "the first of two": (f'{{"a": "{CARD}", "a": "b"}}', "a"),
    "two fields": (f'{{"a": "{CARD[:8]}", "b": "{CARD[8:]}"}}', "b"),
    "two numbers": (f'{{"a": {CARD[:6]}, "b": {CARD[6:]}}}', "b"),
    "two of a list": (f'{{"a": ["{CARD[:8]}", "{CARD[8:]}"]}}', "a.1"),
    "another root": (f'["{CARD}"]', "0"),
    "a bare number": (CARD, "body"),
    "no JSON": (f"card={SPACED.replace(' ', '+')}", "body"),
    "half of JSON": (f'{{"transactionId": "{CARD}"', "body"),
    "too deep": ("[" * 3000 + CARD, "body"),
    "a lock token": (f'{{"lockToken": "{CARD}"}}', "lockToken"),
}


@pytest.mark.parametrize(("body", "field"), BODIES.values(), ids=BODIES)
async def test_in_a_body(partner: PartnerClient, evidence: Evidence, body: str, field: str) -> None:
    headers = {**await partner.authorised(), "Content-Type": "application/json"}

    answer = await partner.ask("POST", "/bill/pay", content=body.encode(), headers=headers)

    where = "body" if field == "body" else f"body {field}"
    await is_refused(answer, evidence, field, where, partner.key.id)


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "utf-8-sig"])
async def test_in_a_body_of_another_encoding(
    partner: PartnerClient, evidence: Evidence, charset: str
) -> None:
    headers = {**await partner.authorised(), "Content-Type": "text/plain"}
    body = json.dumps({"note": CARD}).encode(charset)

    answer = await partner.ask("POST", "/bill/pay", content=body, headers=headers)

    await is_refused(answer, evidence, "body", "body", partner.key.id)


@pytest.mark.parametrize("name", ["apiKey", "nonce", "scope"])
async def test_in_a_token_request(
    gateway: RunningGateway, stranger: PartnerClient, evidence: Evidence, name: str
) -> None:
    body = stranger.key.token_request(**{name: CARD})

    answer = await stranger.ask("POST", "/auth/token", json=body)

    await is_refused(answer, evidence, name, f"body {name}", None)
    assert await evidence.rows(NONCES, CARD) == []


async def test_a_payment_with_one_moves_nothing(
    partner: PartnerClient, evidence: Evidence, untouched: Untouched
) -> None:
    bill, key = TestBill(), new_id("KEY")
    token = await partner.locked(bill)

    refused = await partner.pay(token, CARD, key=key)
    await evidence.nothing_moved(bill)
    accepted = await partner.pay(token, transaction := new_id(), key=key)

    await is_refused(refused, evidence, "transactionId", "body transactionId", partner.key.id)
    assert accepted.code == "P0000", "the refusal was kept under its key"
    await evidence.paid_once(partner, bill, transaction)


async def test_the_endpoint_and_the_metric_tell_where_it_happens(
    partner: PartnerClient, evidence: Evidence, gateway: RunningGateway
) -> None:
    answer = await partner.status(CARD)

    (row,) = await evidence.rows(REQUEST, answer.trace)
    assert row["endpoint"] == "GET /txn/status"
    assert "card_number" in gateway.cli("incidents", "--last", "1000")
    assert CARD not in gateway.log("api")
    assert answer.trace in gateway.log("api")


async def test_it_is_refused_while_the_record_is_away(
    beside: ApiBeside, partner_beside: PartnerClient
) -> None:
    await partner_beside.authorised()
    beside.database.cut()
    try:
        answer = await partner_beside.status(CARD)
    finally:
        beside.database.lay()
        await beside.wait_ready()

    assert (answer.http_status, answer.code) == (422, "P5014")
    (line,) = (each for each in beside.log.splitlines() if "incident.unrecorded" in each)
    assert answer.trace in line
    assert CARD not in beside.log


# What has a format of its own passes, whatever its digits are.

BILLS: Final[Sequence[dict[str, str]]] = [
    {"billNumber": CARD},
    {"billNumber": SPACED.replace(" ", "-")},
    {"billNumber": "378282246310005"},
]


@pytest.mark.parametrize("changes", BILLS)
@pytest.mark.parametrize("path", ["/bill/lookup", "/v1/bill/lookup"])
async def test_a_bill_number_is_the_billers(
    partner: PartnerClient, path: str, changes: dict[str, str]
) -> None:
    found = await partner.get(path, **(TestBill().told | changes))
    locked = await partner.post(path.replace("lookup", "lock"), TestBill().told | changes)

    assert "P5014" not in (found.code, locked.code), (found, locked)


async def test_a_bill_and_its_period_are_no_halves_of_one_wherever_they_are_sent(
    partner: PartnerClient,
) -> None:
    """Where they do not belong nothing says what their formats are."""
    bill = TestBill().told | {"billNumber": "4000000004", "billingPeriod": "2026-04"}

    by_another_method = await partner.get("/bill/lock", **bill)
    in_another_body = await partner.post("/bill/pay", bill)

    assert by_another_method.code == "P5005"
    assert in_another_body.code == "P5002"


@pytest.mark.parametrize("amount", [CARD, "40000566556655.56", "5555555555554444"])
async def test_an_amount_is_an_amount(partner: PartnerClient, amount: str) -> None:
    token = await partner.locked(TestBill())

    assert (await partner.pay(token, new_id(), amount=amount)).code == "P5003"


@pytest.mark.parametrize(
    "text",
    [
        "40000566-5566-4555-86ab-400005665566",
        "4000056655665556abcdef0123456789",
        "20261121060446123",
        "1763705086123456789",
        "4000056655665557",
        "4000056655",
    ],
)
async def test_an_id_that_is_none_passes_as_key_and_as_transaction(
    partner: PartnerClient, text: str
) -> None:
    known = await partner.get("/txn/status", {"X-Request-Id": text}, transactionId=text)
    keyed = await partner.post("/bill/unlock", {"lockToken": "A" * 100}, key=text)

    assert (known.code, keyed.code) == ("P1201", "P1103")


async def test_headers_of_proxies_and_tracers_pass(partner: PartnerClient) -> None:
    headers: dict[str, Any] = {
        "X-Forwarded-For": "36.112.123.200, 2606:4700:4700::1114, 50.18.123.201",
        "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        "If-Modified-Since": "Mon, 30 Nov 2026 03:04:46 GMT",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.6778.204 Safari/537.36",
    }

    assert (await partner.get("/txn/status", headers, transactionId=new_id())).code == "P1201"
