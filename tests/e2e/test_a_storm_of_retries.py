"""Every caller retries the same payment fifty times at once: the money moves once."""

import asyncio
from collections import Counter

from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, TestBill, new_id

AT_ONCE = 50
# Different transactions on one token are different updates of one workflow, of which the engine
# takes ten at a time.
RIVALS = 8


async def test_fifty_times_the_same_key_is_one_payment_and_one_answer(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order, key = TestBill(), new_id(), new_id("KEY")
    token = await partner.locked(bill)

    answers = await asyncio.gather(*(partner.pay(token, order, key=key) for _ in range(AT_ONCE)))

    assert {answer.code for answer in answers} <= {"P0000", "P5102"}
    given = [answer for answer in answers if answer.code == "P0000"]
    firsts = [answer for answer in given if "idempotent-replayed" not in answer.headers]
    assert len(firsts) == 1, Counter(answer.code for answer in answers)
    assert {told(answer) for answer in given} == {told(firsts[0])}
    assert told(await partner.pay(token, order, key=key)) == told(firsts[0])
    await evidence.paid_once(partner, bill, order)


async def test_fifty_times_the_same_transaction_without_a_key_is_one_payment(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order = TestBill(), new_id()
    token = await partner.locked(bill)

    answers = await asyncio.gather(*(partner.pay(token, order) for _ in range(AT_ONCE)))

    assert {answer.code for answer in answers} == {"P0000"}
    assert len({str(answer.data) for answer in answers}) == 1
    await evidence.paid_once(partner, bill, order)
    assert len(await evidence.arrivals(bill)) == 1


async def test_many_transactions_on_one_token_are_one_payment(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, orders = TestBill(), [new_id() for _ in range(RIVALS)]
    token = await partner.locked(bill)

    answers = await asyncio.gather(*(partner.pay(token, order) for order in orders))

    assert Counter(answer.code for answer in answers) == {"P0000": 1, "P1105": RIVALS - 1}
    winner = next(
        order for order, answer in zip(orders, answers, strict=True) if answer.code == "P0000"
    )
    await evidence.paid_once(partner, bill, winner)
    assert len(await evidence.arrivals(bill)) == 1


async def test_fifty_locks_with_the_same_key_are_one_lock(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, key = TestBill(), new_id("KEY")

    answers = await asyncio.gather(*(partner.lock(bill, key=key) for _ in range(AT_ONCE)))

    assert {answer.code for answer in answers} <= {"P0000", "P5102"}
    tokens = {answer.data["lockToken"] for answer in answers if answer.code == "P0000"}
    assert len(tokens) == 1
    order = new_id()
    assert (await partner.pay(tokens.pop(), order)).code == "P0000"
    await evidence.paid_once(partner, bill, order)


def told(answer: Answer) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    """All of an answer but the one header that says it was given before."""
    headers = [each for each in answer.headers.multi_items() if each[0] != "idempotent-replayed"]
    return answer.http_status, answer.content, tuple(headers)
