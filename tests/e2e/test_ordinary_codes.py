"""Payments by a code without a browser: each of their ends, and what can come between."""

import asyncio

import pytest

from tests.api.code_shop import CodeShop
from tests.api.shop import Acquirer, Shop
from tests.card_audit import CardAudit

TAKEN = ["authorize", "capture"]


@pytest.fixture
def codes(shop: Shop) -> CodeShop:
    return CodeShop(shop)


async def test_the_webhook_alone_captures(codes: CodeShop, audit: CardAudit) -> None:
    payment = await codes.paid()

    case = await audit.fits(payment)

    assert [each.kind for each in case.effects] == TAKEN
    assert (payment["amountCaptured"], payment["nextAction"]) == ("10.00", None)


async def test_a_partner_who_asks_need_not_wait_for_a_webhook(
    codes: CodeShop, north: Acquirer, audit: CardAudit
) -> None:
    north.tell(webhooks=False)
    payment = await codes.shown()
    waiting = await codes.shop.do("confirm", payment)
    await codes.pay(payment)

    confirmed = await codes.shop.do("confirm", payment)

    assert (waiting.code, waiting.data["status"]) == ("P0001", "requires_action")
    assert confirmed.code in ("P0000", "P0001")
    await audit.ends(payment, "captured")


async def test_a_customer_who_never_pays_lets_it_expire(
    codes: CodeShop, north: Acquirer, audit: CardAudit
) -> None:
    north.tell(challengeLifeMs=1_500)
    payment = (await codes.begin()).data

    await audit.ends(payment, "expired")

    seen = await codes.shop.show(payment)
    assert (seen["declineCode"], seen["reason"]) == ("P2019", "action_expired")
    assert seen["nextAction"] is None


async def test_a_payment_that_nobody_tells_of_is_found_at_the_end_of_its_time(
    codes: CodeShop, north: Acquirer, audit: CardAudit
) -> None:
    north.tell(webhooks=False, challengeLifeMs=4_000)
    payment = await codes.shown()

    await codes.pay(payment)

    await audit.ends(payment, "captured")


async def test_a_partner_who_cancels_takes_the_code_back(codes: CodeShop, audit: CardAudit) -> None:
    payment = await codes.shown()

    canceled = await codes.shop.do("cancel", payment)

    assert (canceled.code, canceled.data["status"]) == ("P0000", "canceled")
    case = await audit.fits(payment)
    assert (case.booked("authorize"), case.booked("capture")) == (0, 0)


async def test_a_lost_answer_is_asked_for_and_no_second_code_is_made(
    codes: CodeShop, north: Acquirer, audit: CardAudit
) -> None:
    north.tell("reset_after_effect", times=1)
    begun = await codes.begin()
    assert begun.code == "P0001"
    payment = await codes.shop.until_status(begun.data, "requires_action")

    await codes.pay(payment)

    case = await audit.ends(payment, "captured")
    assert [each.kind for each in case.effects] == TAKEN
    assert len(case.attempts) == 1


@pytest.mark.parametrize("lie", ["lying_code", "broken_code", "lying_amount", "lying_payee"])
async def test_a_code_over_anything_else_is_shown_to_nobody(
    codes: CodeShop, north: Acquirer, audit: CardAudit, lie: str
) -> None:
    north.tell(lie, operations=["authorize"])

    begun = await codes.begin()

    north.forget()
    payment = await codes.shop.until_status(begun.data, "failed")
    assert (payment["declineCode"], payment["nextAction"]) == ("P2016", None)
    case = await audit.ends(payment, "failed")
    assert "payment.requires_action" not in [kind for _, kind in case.events[case.id]]
    await codes.shop.until(lambda: _is_voided(audit, payment), "the code is not taken back")


async def _is_voided(audit: CardAudit, payment: dict[str, object]) -> bool:
    case = await audit.case(payment)
    return [each.kind for each in case.effects] == ["void"]


async def test_the_same_order_sent_by_many_at_once_is_one_code(
    codes: CodeShop, audit: CardAudit
) -> None:
    order = codes.order()

    answers = await asyncio.gather(*(codes.shop.create(order) for _ in range(8)))

    assert len({answer.data["id"] for answer in answers}) == 1
    payment = await codes.shop.until_status(answers[0].data, "requires_action")
    await codes.pay(payment)
    case = await audit.ends(payment, "captured")
    assert [each.kind for each in case.effects] == TAKEN


async def test_money_is_given_back_in_parts(codes: CodeShop, audit: CardAudit) -> None:
    payment = await codes.paid()

    parts = [await codes.shop.refund(payment, amount) for amount in ("3.33", "6.67")]
    over = await codes.shop.refund(payment, "0.01")

    assert [each.code for each in (*parts, over)] == ["P0000", "P0000", "P2108"]
    assert (await audit.fits(payment)).booked("refund") == 1000
