"""What comes before what: each step out of its order has a code of its own, and moves nothing.

Row L1 of the catalogue of bad input, and the states that a transaction can be in.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.beside import LOCK_TTL_S
from tests.api.conftest import Misbehave
from tests.evidence import Evidence
from tests.patience import lock_persistently, pay_persistently, persistently, until
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id


async def past(moment: str) -> None:
    """Wait for a point in time that we were told; there is nothing else to wait for."""
    left = datetime.fromisoformat(moment) - datetime.now(UTC)
    await asyncio.sleep(max(0.0, left.total_seconds()) + 0.02)


async def unlock(partner: PartnerClient, token: str) -> Answer:
    return await partner.unlock(token)


async def test_a_bill_cannot_be_paid_without_a_lock(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill = TestBill()

    answer = await partner.post("/bill/pay", bill.told | {"transactionId": new_id()})

    assert (answer.code, answer.data["field"]) == ("P5002", "lockToken")
    await evidence.nothing_moved(bill)


async def test_a_locked_bill_is_locked_for_everybody_and_says_how_long(
    partner: PartnerClient, other_partner: PartnerClient
) -> None:
    bill = TestBill()
    locked = (await partner.lock(bill)).data

    mine, theirs = await partner.lock(bill), await other_partner.lock(bill)

    for answer, by_you in ((mine, True), (theirs, False)):
        assert (answer.http_status, answer.code) == (409, "P1101")
        assert answer.data["heldByYou"] is by_you
        assert answer.data["expiresAt"] == locked["expiresAt"]
        assert 280 <= answer.data["retryAfterS"] <= 300
        assert answer.headers["retry-after"] == str(answer.data["retryAfterS"])


async def test_after_its_expiry_a_lock_pays_nothing_and_the_bill_is_free(
    partner: PartnerClient, partner_beside: PartnerClient, evidence: Evidence
) -> None:
    bill, transaction = TestBill(), new_id()
    locked = (await lock_persistently(partner_beside, bill, new_id("KEY"))).data
    held_s = [datetime.fromisoformat(locked[name]) for name in ("expiresAt", "lockedAt")]
    assert (held_s[0] - held_s[1]).total_seconds() == LOCK_TTL_S

    await past(locked["expiresAt"])
    # The engine, too, has to notice that the time is over.
    paid = await pay_persistently(partner_beside, locked["lockToken"], transaction)
    released = await persistently(lambda: partner_beside.unlock(locked["lockToken"]))

    assert (paid.http_status, paid.code) == (409, "P1102")
    assert released.code == "P1102"
    assert (await partner.status(transaction)).code == "P1201"
    assert await evidence.end_of_lock(bill) == "EXPIRED"
    await evidence.nothing_moved(bill, "bill.lock_expired")
    assert (await partner.pay(await partner.locked(bill), transaction)).code == "P0000"


async def test_a_later_lock_is_not_opened_by_an_earlier_ones_token(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, transaction = TestBill(), new_id()
    earlier = await partner.locked(bill)
    await partner.unlock(earlier)
    await evidence.end_of_lock(bill)
    later = await partner.locked(bill)

    assert (await partner.pay(earlier, transaction)).code == "P1103"
    assert (await partner.unlock(earlier)).code == "P1103"
    assert (await partner.pay(later, transaction)).code == "P0000"


async def test_paying_the_same_again_is_the_same_payment(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, transaction = TestBill(), new_id()
    token = await partner.locked(bill)

    answers = [await partner.pay(token, transaction) for _ in range(3)]

    assert [answer.code for answer in answers] == ["P0000"] * 3
    assert all(answer.data == answers[0].data for answer in answers)
    await evidence.paid_once(partner, bill, transaction)


async def test_a_lock_pays_one_transaction_only(partner: PartnerClient, evidence: Evidence) -> None:
    bill, transaction, second = TestBill(), new_id(), new_id()
    token = await partner.locked(bill)
    await partner.pay(token, transaction)

    answer = await partner.pay(token, second)

    assert (answer.http_status, answer.code) == (409, "P1105")
    assert (await partner.status(second)).code == "P1201"
    await evidence.paid_once(partner, bill, transaction)


async def test_a_transaction_id_names_one_payment_for_ever(
    partner: PartnerClient, evidence: Evidence
) -> None:
    first, second, transaction = TestBill(), TestBill(), new_id()
    await partner.pay(await partner.locked(first), transaction)
    token = await partner.locked(second)

    answer = await partner.pay(token, transaction)

    assert (answer.http_status, answer.code) == (409, "P1106")
    await evidence.nothing_moved(second)
    assert (await partner.pay(token, new_id())).code == "P0000"


async def test_a_paid_bill_cannot_be_locked_again(partner: PartnerClient) -> None:
    bill = TestBill()
    await partner.pay(await partner.locked(bill), new_id())

    answer = await partner.lock(bill)

    assert (answer.http_status, answer.code) == (409, "P1002")


async def test_a_bill_paid_at_another_counter_cannot_be_locked(
    partner: PartnerClient, gateway: RunningGateway
) -> None:
    bill = TestBill()
    path = f"/control/billers/DESCO/bills/{bill.number}/pay-elsewhere"
    gateway.sandbox("POST", path, {"period": bill.billing_period})

    assert (await partner.lock(bill)).code == "P1002"


async def test_a_paid_lock_cannot_be_given_back(partner: PartnerClient) -> None:
    token = await partner.locked(TestBill())
    await partner.pay(token, new_id())

    answer = await partner.unlock(token)

    assert (answer.http_status, answer.code) == (409, "P1107")


async def test_a_lock_given_back_twice_gets_the_same_answer(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill = TestBill()
    token = await partner.locked(bill)

    first = await partner.unlock(token)
    await evidence.end_of_lock(bill)
    second = await partner.unlock(token)

    assert (first.code, second.code) == ("P0000", "P0000")
    assert first.data == second.data


SILENT: dict[str, tuple[str, list[str]]] = {
    "lookup": ("P1004", ["lookup"]),
    "lock": ("P1004", ["hold"]),
}


@pytest.mark.parametrize(("code", "operations"), SILENT.values(), ids=SILENT)
async def test_a_biller_that_fails_before_any_money_is_told_as_such(
    partner: PartnerClient, misbehave: Misbehave, code: str, operations: list[str]
) -> None:
    misbehave("TOKYOGAS", "error_before_effect", operations=operations)
    bill = TestBill(biller_id="TOKYOGAS")

    ask: dict[str, Any] = {
        "lookup": lambda: partner.get("/bill/lookup", **bill.told),
        "hold": lambda: partner.lock(bill),
    }
    answer = await ask[operations[0]]()

    assert (answer.http_status, answer.code) == (503, code)
    assert answer.data is None
    misbehave("TOKYOGAS", "ordinary")
    freed = await until(lambda: _lock(partner, bill), 10, "the bill is not free")
    assert freed.code == "P0000"


async def _lock(partner: PartnerClient, bill: TestBill) -> Answer | None:
    answer = await partner.lock(bill)
    return None if answer.code in ("P1101", "P1004") else answer


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"billNumber": "1234567899"}, "P1001"),
        ({"billNumber": "12345"}, "P1001"),
        ({"billerId": "NOBODY"}, "P1003"),
    ],
)
async def test_what_the_biller_does_not_know_is_neither_shown_nor_locked(
    partner: PartnerClient, told: dict[str, str], code: str
) -> None:
    asked = TestBill().told | told

    found = await partner.get("/bill/lookup", **asked)
    locked = await partner.post("/bill/lock", asked)

    assert [(answer.http_status, answer.code) for answer in (found, locked)] == [(404, code)] * 2
