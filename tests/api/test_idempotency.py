"""The same key and request get the first answer byte for byte; another request gets nothing done.

Rows I-1 to I-8 of the catalogue of bad input.
"""

import asyncio
import json
from typing import Any

import pytest

from tests.api.conftest import Misbehave, Untouched
from tests.evidence import Evidence
from tests.patience import lock_persistently
from tests.running_gateway import Answer, PartnerClient, TestBill, new_id

REPLAYED = "idempotent-replayed"


def same_bytes(first: Answer, again: Answer) -> None:
    """Status, ordered headers and body; the one addition says that it is a repeat."""
    assert again.http_status == first.http_status
    assert REPLAYED not in first.headers
    assert again.headers.raw[: len(first.headers.raw)] == first.headers.raw
    added = again.headers.raw[len(first.headers.raw) :]
    assert [(name.lower(), value) for name, value in added] == [(REPLAYED.encode(), b"true")]
    assert REPLAYED not in again.headers["signature-input"]
    assert again.content == first.content


async def test_a_repeated_lock_is_the_first_answer_byte_for_byte(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, key = TestBill(), new_id("KEY")

    first, again, third = [await partner.lock(bill, key=key) for _ in range(3)]

    assert first.code == "P0000"
    assert '"idempotency-key";req' in first.headers["signature-input"]
    same_bytes(first, again)
    same_bytes(first, third)
    history = await evidence.history(bill)
    assert len(history.events) < 15


async def test_a_repeated_payment_is_the_first_answer_and_one_effect(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, key, transaction = TestBill(), new_id("KEY"), new_id()
    token = await partner.locked(bill)

    first, again = [await partner.pay(token, transaction, key=key) for _ in range(2)]

    same_bytes(first, again)
    await evidence.paid_once(partner, bill, transaction)


async def test_a_repeated_release_is_the_first_answer(partner: PartnerClient) -> None:
    body = {"lockToken": await partner.locked(TestBill())}
    key = new_id("KEY")

    first, again = [await partner.post("/bill/unlock", body, key=key) for _ in range(2)]

    assert first.code == "P0000"
    same_bytes(first, again)


async def test_a_business_refusal_is_kept_with_its_extra_headers(
    partner: PartnerClient, evidence: Evidence
) -> None:
    """P1101, with the seconds that were left when it was first asked."""
    bill, key = TestBill(), new_id("KEY")
    token = await partner.locked(bill)

    first = await partner.lock(bill, key=key)
    await partner.post("/bill/unlock", {"lockToken": token})
    await evidence.end_of_lock(bill)
    again = await partner.lock(bill, key=key)

    assert first.code == "P1101"
    same_bytes(first, again)
    assert (await partner.lock(bill, key=new_id("KEY"))).code == "P0000"


async def test_a_decline_is_kept(
    partner: PartnerClient, misbehave: Misbehave, evidence: Evidence
) -> None:
    misbehave("DESCO", "decline", times=1)
    bill, key, transaction = TestBill(), new_id("KEY"), new_id()
    token = await partner.locked(bill)

    first, again = [await partner.pay(token, transaction, key=key) for _ in range(2)]

    assert first.code == "P2007"
    same_bytes(first, again)
    assert len(await evidence.arrivals(bill)) == 1


async def test_a_pending_answer_is_kept_and_the_status_tells_the_rest(
    partner_beside: PartnerClient, partner: PartnerClient, misbehave: Misbehave, evidence: Evidence
) -> None:
    misbehave("DESCO", "slow", delayMs=2_000)
    bill, key, transaction = TestBill(), new_id("KEY"), new_id()
    token = await partner.locked(bill)

    first = await partner_beside.pay(token, transaction, key=key)
    await evidence.paid_once(partner, bill, transaction)
    again = await partner_beside.pay(token, transaction, key=key)

    assert first.code == "P0001"
    same_bytes(first, again)


async def test_the_repeat_is_logged_under_a_name_of_its_own(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, key = TestBill(), new_id("KEY")
    first = await partner.lock(bill, key=key)
    await partner.lock(bill, key=key)

    rows = await evidence.rows(
        "SELECT trace, code, endpoint, http_status, partner_id FROM request_log"
        " WHERE replay_of = $1",
        first.trace,
    )
    assert len(rows) == 1
    assert rows[0]["trace"] != first.trace
    assert rows[0] | {"trace": ""} == {
        "trace": "",
        "code": "P0000",
        "endpoint": "POST /bill/lock",
        "http_status": 200,
        "partner_id": partner.key.id,
    }


OTHER_REQUESTS: dict[str, Any] = {
    "another bill": lambda bill: ("/bill/lock", json.dumps(TestBill().told)),
    "another order of its fields": lambda bill: (
        "/bill/lock",
        json.dumps(dict(reversed(bill.told.items()))),
    ),
    "white space": lambda bill: ("/bill/lock", json.dumps(bill.told) + " "),
    "under the other prefix": lambda bill: ("/v1/bill/lock", json.dumps(bill.told)),
}


@pytest.mark.parametrize("change", OTHER_REQUESTS.values(), ids=OTHER_REQUESTS)
async def test_the_same_key_for_another_request_is_refused_and_nothing_is_done(
    partner: PartnerClient, change: Any
) -> None:
    bill, key = TestBill(), new_id("KEY")
    known = {**await partner.authorised(), "Idempotency-Key": key}
    known["Content-Type"] = "application/json"
    body = json.dumps(bill.told)
    first = await partner.ask("POST", "/bill/lock", content=body, headers=known)

    path, other = change(bill)
    answer = await partner.ask("POST", path, content=other, headers=known)

    assert (answer.http_status, answer.code) == (422, "P5101")
    assert answer.data["field"] == "Idempotency-Key"
    same_bytes(first, await partner.ask("POST", "/bill/lock", content=body, headers=known))


async def test_a_bill_that_was_only_named_under_a_used_key_is_untouched(
    partner: PartnerClient, untouched: Untouched
) -> None:
    bill, key = TestBill(), new_id("KEY")
    await partner.lock(TestBill(), key=key)

    assert (await partner.lock(bill, key=key)).code == "P5101"
    await untouched(bill)


async def test_the_same_key_on_another_route_is_another_key(partner: PartnerClient) -> None:
    bill, key, transaction = TestBill(), new_id("KEY"), new_id()

    locked = await partner.lock(bill, key=key)
    paid = await partner.pay(locked.data["lockToken"], transaction, key=key)
    released = await partner.post("/bill/unlock", {"lockToken": locked.data["lockToken"]}, key=key)

    assert [answer.code for answer in (locked, paid, released)] == ["P0000", "P0000", "P1107"]


@pytest.mark.parametrize("key", ["1", "a", '"1"', "!", "~" * 255])
async def test_the_same_key_of_two_partners_is_two_keys(
    partner: PartnerClient, other_partner: PartnerClient, key: str
) -> None:
    """Low entropy is their own business, and nobody else's."""
    mine, theirs = TestBill(), TestBill()

    first, second = await partner.lock(mine, key=key), await other_partner.lock(theirs, key=key)

    assert (first.code, second.code) == ("P0000", "P0000")
    assert (first.data["billNumber"], second.data["billNumber"]) == (mine.number, theirs.number)
    same_bytes(second, await other_partner.lock(theirs, key=key))


MALFORMED: dict[str, list[tuple[str, str | bytes]]] = {
    "empty": [("Idempotency-Key", "")],
    "256 characters": [("Idempotency-Key", "k" * 256)],
    "a space inside": [("Idempotency-Key", "a b")],
    "a tab inside": [("Idempotency-Key", "a\tb")],
    "two headers": [("Idempotency-Key", "a"), ("Idempotency-Key", "b")],
    "two equal headers": [("Idempotency-Key", "a"), ("Idempotency-Key", "a")],
    "joined by a comma and a space": [("Idempotency-Key", "a, b")],
}


@pytest.mark.parametrize("headers", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("path", ["/bill/lock", "/bill/pay", "/bill/unlock"])
async def test_a_key_that_cannot_be_one_is_refused_on_every_route(
    partner: PartnerClient,
    evidence: Evidence,
    path: str,
    headers: list[tuple[str, str | bytes]],
) -> None:
    bill = TestBill()
    token = await partner.locked(bill)
    bodies: dict[str, dict[str, str]] = {
        "/bill/lock": TestBill().told,
        "/bill/pay": {"lockToken": token, "transactionId": new_id()},
        "/bill/unlock": {"lockToken": token},
    }
    raw = [(name, value) for name, value in (await partner.authorised()).items()]
    told = [
        (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in [*raw, *headers]
    ]

    answer = await partner.ask("POST", path, json=bodies[path], headers=told)

    assert (answer.http_status, answer.code) == (400, "P5103")
    assert answer.data["field"] == "Idempotency-Key"
    await evidence.nothing_moved(bill)
    assert (await partner.post(path, bodies[path])).code == "P0000"


@pytest.mark.parametrize("key", ["k" * 255, '"quoted"', "unquoted", "a,b", "\\", "~!@#$%^&*()"])
async def test_any_visible_ascii_is_a_key(partner: PartnerClient, key: str) -> None:
    bill, key = TestBill(), (new_id("K") + key)[-255:]

    first = await partner.lock(bill, key=key)

    assert first.code == "P0000"
    same_bytes(first, await partner.lock(bill, key=key))


async def test_a_quoted_key_and_an_unquoted_one_are_two(partner: PartnerClient) -> None:
    key = new_id("KEY")

    assert (await partner.lock(TestBill(), key=key)).code == "P0000"
    assert (await partner.lock(TestBill(), key=f'"{key}"')).code == "P0000"


NOT_KEPT: dict[str, tuple[dict[str, Any], str]] = {
    "a field refused": ({"json": {"billerId": "x"}}, "P5003"),
    "a body malformed": ({"content": b"{"}, "P5001"),
    "another type": ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, "P5006"),
}


@pytest.mark.parametrize(("request_", "code"), NOT_KEPT.values(), ids=NOT_KEPT)
async def test_a_request_that_was_no_request_uses_no_key_up(
    partner: PartnerClient, request_: dict[str, Any], code: str
) -> None:
    key = new_id("KEY")
    headers = {
        **await partner.authorised(),
        "Idempotency-Key": key,
        "Content-Type": "application/json",
        **request_.get("headers", {}),
    }
    told = {name: value for name, value in request_.items() if name != "headers"}

    refused = await partner.ask("POST", "/bill/lock", headers=headers, **told)

    assert refused.code == code
    assert (await partner.lock(TestBill(), key=key)).code == "P0000"


async def test_a_failure_of_the_biller_uses_no_key_up(
    partner: PartnerClient, misbehave: Misbehave
) -> None:
    """P1004 is a 503: the same key may be tried again, and then succeeds."""
    key, bill = new_id("KEY"), TestBill(biller_id="TOKYOGAS")
    misbehave("TOKYOGAS", "error_before_effect", operations=["hold"])
    refused = await partner.lock(bill, key=key)
    misbehave("TOKYOGAS", "ordinary")

    assert refused.code == "P1004"
    # The refused lock is P1101's for the moment in which it is still being closed.
    assert (await lock_persistently(partner, bill, key)).code == "P0000"


async def test_without_a_key_the_transaction_id_still_protects(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, transaction = TestBill(), new_id()
    token = await partner.locked(bill)

    answers = await asyncio.gather(*(partner.pay(token, transaction) for _ in range(20)))

    assert {answer.code for answer in answers} <= {"P0000", "P0001"}
    assert len({answer.data["transactionId"] for answer in answers}) == 1
    await evidence.paid_once(partner, bill, transaction)


async def test_a_key_on_a_question_changes_nothing(partner: PartnerClient) -> None:
    """Look-ups and statuses change nothing, so there is nothing to keep."""
    known = {"Idempotency-Key": new_id("KEY")}

    first = await partner.get("/bill/lookup", known, **TestBill().told)
    second = await partner.get("/bill/lookup", known, **TestBill().told)

    assert (first.code, second.code) == ("P0000", "P0000")
    assert REPLAYED not in second.headers
