"""Half of the world is gone: nothing is guessed, and the same request later finds what was done."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest

from tests.api.api_beside import CRASH
from tests.api.beside import ApiBeside
from tests.api.conftest import Misbehave
from tests.evidence import Evidence
from tests.patience import lock_persistently, pay_persistently
from tests.running_gateway import PartnerClient, TestBill, new_id


async def test_a_lock_into_silence_is_found_again_under_its_key(
    beside: ApiBeside, partner: PartnerClient, partner_beside: PartnerClient, evidence: Evidence
) -> None:
    bill, key = TestBill(), new_id("KEY")
    await partner_beside.authorised()
    beside.engine.silence()
    try:
        unknown = await partner_beside.lock(bill, key=key)
    finally:
        beside.engine.sound()

    assert (unknown.http_status, unknown.code) == (503, "P9002")
    assert unknown.headers["retry-after"] == "1"
    locked = await lock_persistently(partner_beside, bill, key)
    assert locked.code == "P0000"
    paid = await pay_persistently(partner_beside, locked.data["lockToken"], t := new_id())
    assert paid.code in ("P0000", "P0001")
    await evidence.paid_once(partner, bill, t)


async def test_a_payment_into_silence_is_never_a_no_and_is_made_once(
    beside: ApiBeside, partner: PartnerClient, partner_beside: PartnerClient, evidence: Evidence
) -> None:
    bill, transaction = TestBill(), new_id()
    token = await partner.locked(bill)
    await partner_beside.authorised()
    beside.engine.silence()
    try:
        unknown = await partner_beside.pay(token, transaction)
    finally:
        beside.engine.sound()

    assert (unknown.http_status, unknown.code, unknown.data) == (503, "P9003", None)
    paid = await pay_persistently(partner, token, transaction)
    assert paid.code == "P0000"
    await evidence.paid_once(partner, bill, transaction)


async def test_without_its_record_nothing_is_done_and_nobody_is_let_in_on_trust(
    beside: ApiBeside, partner: PartnerClient, partner_beside: PartnerClient, evidence: Evidence
) -> None:
    bill, other, key = TestBill(), TestBill(), new_id("KEY")
    token, transaction = await partner.locked(bill), new_id()
    await partner_beside.authorised()
    beside.database.cut()
    try:
        answers = await asyncio.gather(
            partner_beside.lock(other, key=key),
            partner_beside.pay(token, transaction, key=key),
            partner_beside.status(transaction),
            partner_beside.ask("POST", "/auth/token", json=partner.key.token_request()),
        )
    finally:
        beside.database.lay()
        await beside.wait_ready()

    assert Counter(each.code for each in answers) == {"P9004": 4}
    assert all(each.headers["retry-after"] == "1" for each in answers)
    assert (await lock_persistently(partner_beside, other, key)).code == "P0000"
    assert (await pay_persistently(partner, token, transaction)).code == "P0000"
    await evidence.paid_once(partner, bill, transaction)


async def test_a_lock_without_a_key_whose_answer_is_withheld_ends_by_itself(
    beside: ApiBeside,
    partner: PartnerClient,
    partner_beside: PartnerClient,
    evidence: Evidence,
    misbehave: Misbehave,
) -> None:
    bill = TestBill(biller_id="BAHWATER")
    misbehave("BAHWATER", "slow", delayMs=2_300, operations=["hold"])
    await asyncio.gather(partner.authorised(), partner_beside.authorised())
    asking = asyncio.create_task(partner_beside.lock(bill))
    await evidence.begun(bill)
    beside.database.cut()
    try:
        again = await partner.lock(bill)
        withheld = await asking
    finally:
        beside.database.lay()
        await beside.wait_ready()

    assert withheld.code == "P9004"
    assert (again.code, again.data["heldByYou"]) == ("P1101", True)
    await evidence.end_of_lock(bill)
    assert (await partner.lock(bill)).code == "P0000"
    await evidence.nothing_moved(bill, "bill.lock_expired")


@pytest.mark.parametrize("path", ["/health/live", "/v1/codes", "/.well-known/jwks.json"])
async def test_what_anybody_may_read_is_told_without_a_record(
    beside: ApiBeside, partner_beside: PartnerClient, path: str
) -> None:
    """It is nobody's proof of anything, and whoever verifies an answer needs the key set."""
    before = await partner_beside.fetch("GET", path)
    beside.database.cut()
    try:
        without = await partner_beside.fetch("GET", path)
        ready = await partner_beside.ask("GET", "/health")
    finally:
        beside.database.lay()
        await beside.wait_ready()

    assert (before.status_code, without.status_code) == (200, 200)
    assert _told(without) == _told(before)
    assert (ready.http_status, ready.code) == (503, "P9004")


def _told(response: httpx2.Response) -> dict[str, Any]:
    return {name: told for name, told in response.json().items() if name != "trace"}


async def test_a_crash_of_ours_is_an_envelope_and_a_line_with_its_trace(
    beside: ApiBeside, partner_beside: PartnerClient
) -> None:
    answer = await partner_beside.status(CRASH)

    assert (answer.http_status, answer.code, answer.data) == (500, "P9001", None)
    assert b"ZeroDivisionError" not in answer.content
    lines = [line for line in beside.log.splitlines() if answer.trace in line]
    (crash,) = [line for line in lines if "request.crashed" in line]
    assert "ZeroDivisionError" in crash
    assert (await partner_beside.status(new_id())).code == "P1201"
