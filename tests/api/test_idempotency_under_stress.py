"""One key, one effect: with two hundred at once, over a crash, a restart and a rotation of keys.

Rows I-1 and I-4 of the catalogue of bad input.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.api.beside import ApiBeside
from tests.api.conftest import Misbehave
from tests.api.raw_http import Question, place, verified
from tests.evidence import Evidence
from tests.patience import lock_persistently, pay_persistently, until
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id

CROWD = 200


async def test_two_hundred_at_once_are_one_lock(partner: PartnerClient, evidence: Evidence) -> None:
    bill, key = TestBill(), new_id("KEY")
    await partner.authorised()

    answers = await asyncio.gather(*(partner.lock(bill, key=key) for _ in range(CROWD)))

    codes = Counter(answer.code for answer in answers)
    assert codes.keys() <= {"P0000", "P5102"}, codes
    locked = [answer for answer in answers if answer.code == "P0000"]
    assert len({answer.content for answer in locked}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in locked) == 1
    assert all("retry-after" in each.headers for each in answers if each.code == "P5102")
    history = await evidence.history(bill)
    starts = [
        e for e in history.events if e.HasField("workflow_execution_started_event_attributes")
    ]
    assert len(starts) == 1


async def test_two_hundred_at_once_are_one_payment(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, key, transaction = TestBill(), new_id("KEY"), new_id()
    token = await partner.locked(bill)

    answers = await asyncio.gather(
        *(partner.pay(token, transaction, key=key) for _ in range(CROWD))
    )

    codes = Counter(answer.code for answer in answers)
    assert codes.keys() <= {"P0000", "P5102"}, codes
    assert len({answer.content for answer in answers if answer.code == "P0000"}) == 1
    assert len(await evidence.arrivals(bill)) == 1
    await evidence.paid_once(partner, bill, transaction)


async def test_two_hundred_different_requests_under_one_key_are_one_lock(
    partner: PartnerClient, evidence: Evidence
) -> None:
    key, bills = new_id("KEY"), [TestBill() for _ in range(50)]

    answers = await asyncio.gather(*(partner.lock(bill, key=key) for bill in bills))

    codes = Counter(answer.code for answer in answers)
    assert codes == {"P0000": 1, "P5101": 49}
    for bill, answer in zip(bills[:5], answers[:5], strict=True):
        if answer.code == "P5101":
            await evidence.nothing_moved(bill)
            assert (await partner.lock(bill)).code == "P0000"


async def test_a_repeat_while_the_first_is_under_way_waits_and_then_is_told_to_come_back(
    partner: PartnerClient, misbehave: Misbehave
) -> None:
    token, transaction, key = await partner.locked(TestBill()), new_id(), new_id("KEY")
    misbehave("DESCO", "slow", delayMs=4_000, times=1, operations=["pay"])

    first, second = await asyncio.gather(
        *(partner.pay(token, transaction, key=key) for _ in range(2))
    )

    early, late = sorted((first, second), key=lambda answer: answer.code)
    assert (early.code, late.code) == ("P0000", "P5102")
    assert (late.http_status, late.headers["retry-after"]) == (409, "1")
    assert (await partner.pay(token, transaction, key=key)).content == early.content


@dataclass(frozen=True, slots=True)
class Crash:
    """What was asked before the API process died, and what the same questions got after."""

    kept: Answer
    kept_again: Answer
    locking: TestBill
    locked: Answer
    paying: TestBill
    transaction: str
    paid: Answer


@pytest.fixture(scope="module")
async def crash(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> AsyncIterator[Crash]:
    """Kill the API with a lock and a payment under way, each behind its claim."""
    keys = [new_id("KEY") for _ in range(3)]
    kept_bill, locking, paying = TestBill(), TestBill(biller_id="BAHWATER"), TestBill()
    kept = await partner.lock(kept_bill, key=keys[0])
    token, transaction = await partner.locked(paying), new_id()
    slow = {"behaviour": "slow", "delayMs": 2_300, "operations": ["hold"]}
    slower = {"behaviour": "slow", "delayMs": 4_000, "times": 1}
    gateway.sandbox("POST", "/control/billers/BAHWATER", slow)
    gateway.sandbox("POST", "/control/billers/DESCO", slower)

    asked = [asyncio.create_task(partner.pay(token, transaction, key=keys[2]))]
    await until(lambda: _claimed(evidence, keys[2:]), 5, "the payment's claim is not written")
    # The shortest comes last: nobody waits long for a hold.
    asked.append(asyncio.create_task(partner.lock(locking, key=keys[1])))
    await until(lambda: _claimed(evidence, keys[1:]), 5, "the lock's claim is not written")
    gateway.kill("api")
    lost = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, httpx2.TransportError) for each in lost), lost

    locked, paid = await asyncio.gather(
        lock_persistently(partner, locking, keys[1]),
        pay_persistently(partner, token, transaction, key=keys[2]),
    )
    yield Crash(
        kept=kept,
        kept_again=await partner.lock(kept_bill, key=keys[0]),
        locking=locking,
        locked=locked,
        paying=paying,
        transaction=transaction,
        paid=paid,
    )
    for biller in ("BAHWATER", "DESCO"):
        gateway.sandbox("DELETE", f"/control/billers/{biller}")


async def _claimed(evidence: Evidence, keys: list[str]) -> bool:
    rows = await evidence.rows("SELECT FROM idempotency WHERE key = ANY($1)", keys)
    return len(rows) == len(keys)


async def test_an_answer_survives_the_death_of_the_process_that_gave_it(crash: Crash) -> None:
    assert crash.kept.code == "P0000"
    assert crash.kept_again.content == crash.kept.content
    assert crash.kept_again.headers["signature"] == crash.kept.headers["signature"]
    assert crash.kept_again.headers["idempotent-replayed"] == "true"


async def test_a_lock_that_a_crash_left_is_found_by_its_key(
    crash: Crash, partner: PartnerClient, evidence: Evidence
) -> None:
    assert crash.locked.code == "P0000"
    assert crash.locked.data["billNumber"] == crash.locking.number
    paid = await partner.pay(crash.locked.data["lockToken"], transaction := new_id())
    assert paid.code in ("P0000", "P0001")
    await evidence.paid_once(partner, crash.locking, transaction)


async def test_a_payment_that_a_crash_left_is_found_by_its_key_and_made_once(
    crash: Crash, partner: PartnerClient, evidence: Evidence
) -> None:
    assert crash.paid.code in ("P0000", "P0001")
    await evidence.paid_once(partner, crash.paying, crash.transaction)


async def test_a_kept_answer_survives_the_rotation_of_every_key(
    gateway: RunningGateway, beside: ApiBeside, partner: PartnerClient, evidence: Evidence
) -> None:
    """The process beside signs with a new key, and still repeats and publishes the old ones."""
    bill, key = TestBill(), new_id("KEY")
    first = await partner.lock(bill, key=key)
    async with httpx2.AsyncClient(base_url=beside.url, verify=False) as http:
        again = await http.post(
            "/bill/lock",
            json=bill.told,
            headers={
                **await partner.authorised(),
                "Idempotency-Key": key,
                # As behind one name: the partner sees one host, whichever process answers.
                "Host": place(gateway.api),
            },
        )

    lines = [b"HTTP/1.1 200 OK", *(name + b": " + value for name, value in again.headers.raw)]
    told = b"\r\n".join(lines) + b"\r\n\r\n" + again.content
    question = Question("POST", f"{gateway.api}/bill/lock", {"idempotency-key": key})
    assert verified(beside.url, told, question).data == first.data
    assert again.content == first.content
    assert again.headers["signature"] == first.headers["signature"]
    assert again.headers["idempotent-replayed"] == "true"
    assert urlsplit(gateway.api).netloc != urlsplit(beside.url).netloc
