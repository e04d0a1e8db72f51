"""The same key and request get the first answer byte for byte; another request gets nothing done.

Rows I-1 and I-6 of the catalogue of bad input.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Misbehave
from tests.api.replays import REPLAYED, same_bytes
from tests.evidence import Evidence
from tests.patience import lock_persistently, pay_persistently
from tests.running_gateway import PartnerClient, TestBill, new_id


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
    await partner.unlock(token)
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
    misbehave("DESCO", "slow", delayMs=4_000)
    bill, key, transaction = TestBill(), new_id("KEY"), new_id()
    token = await partner.locked(bill)

    first = await pay_persistently(partner_beside, token, transaction, key=key)
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


async def test_after_a_day_a_key_is_forgotten_and_the_transaction_id_still_protects(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, key, transaction = TestBill(), new_id("KEY"), new_id()
    token = await partner.locked(bill)
    first = await partner.pay(token, transaction, key=key)
    a_day = await evidence.rows(
        "SELECT expires_at - claimed_at AS kept FROM idempotency WHERE key = $1", key
    )

    await evidence.rows("UPDATE idempotency SET expires_at = now() WHERE key = $1", key)
    again = await partner.pay(token, transaction, key=key)

    assert a_day == [{"kept": timedelta(hours=24)}]
    assert REPLAYED not in again.headers
    assert (again.code, again.data) == (first.code, first.data)
    assert again.trace != first.trace
    await evidence.paid_once(partner, bill, transaction)


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
