"""What a key is, whose it is, and for what: one request of one partner on one route.

Rows I-3, I-5 and I-8 of the catalogue of bad input.
"""

import json
from typing import Any

import pytest

from tests.api.conftest import Untouched
from tests.api.replays import same_bytes
from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, TestBill, new_id

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
    released = await partner.unlock(locked.data["lockToken"], key=key)

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
