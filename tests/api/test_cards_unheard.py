"""Half of the world is gone: no card is charged twice, no money is given back twice, and nothing is
guessed. The same request later finds what was done.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.api.beside import ApiBeside
from tests.api.shop import CHALLENGE, Acquirer, Shop
from tests.patience import ASK_AGAIN
from tests.patience import persistently as asked_again
from tests.running_gateway import Answer, new_id

CROWD = 100


async def persistently(shop: Shop, order: Mapping[str, Any], key: str | None = None) -> Answer:
    return await asked_again(lambda: shop.create(order, key=key))


def charged(acquirer: Acquirer, payment: Mapping[str, Any]) -> Counter[str]:
    return Counter(effect for effect, _ in acquirer.effects(payment))


async def test_a_payment_into_silence_is_never_a_no_and_is_made_once(
    shop: Shop, shop_beside: Shop, beside: ApiBeside, acquirer: Acquirer
) -> None:
    order, key = await shop.order(), new_id("KEY")
    beside.engine.silence()
    try:
        unknown = await shop_beside.create(order, key=key)
    finally:
        beside.engine.sound()

    assert (unknown.http_status, unknown.code, unknown.data) == (503, "P9003", None)
    assert unknown.headers["retry-after"] == "1"
    paid = await persistently(shop, order, key)
    assert (paid.code, paid.data["status"]) == ("P0000", "captured")
    assert charged(acquirer, paid.data) == {"authorize": 1, "capture": 1}


async def test_a_slow_acquirer_is_waited_for_behind_the_answer(
    shop: Shop, shop_beside: Shop, acquirer: Acquirer
) -> None:
    acquirer.tell("slow", delayMs=4_000, times=1)

    answer = await persistently(shop_beside, await shop_beside.order())

    assert (answer.http_status, answer.code) == (202, "P0001")
    assert answer.data["status"] == "processing"
    asked = await shop.partner.get(f"/v1/payments/{answer.data['id']}")
    assert asked.code == ("P0001" if asked.data["status"] == "processing" else "P0000")
    await shop.until_status(answer.data, "captured")
    assert charged(acquirer, answer.data) == {"authorize": 1, "capture": 1}


async def test_a_capture_into_silence_is_made_once(
    shop: Shop, shop_beside: Shop, beside: ApiBeside, acquirer: Acquirer
) -> None:
    payment, body = await shop.paid(capture=False), {"amount": "4.00", "reference": "part"}
    beside.engine.silence()
    try:
        unknown = await shop_beside.do("capture", payment, body)
    finally:
        beside.engine.sound()

    assert (unknown.http_status, unknown.code) == (503, "P9003")
    known = await asked_again(lambda: shop.do("capture", payment, body))
    assert (known.code, known.data["amountCaptured"]) == ("P0000", "4.00")
    assert charged(acquirer, payment) == {"authorize": 1, "capture": 1}


async def test_a_slow_capture_is_accepted_and_comes_later(
    shop: Shop, shop_beside: Shop, acquirer: Acquirer
) -> None:
    payment = await shop.paid(capture=False)
    acquirer.tell("slow", delayMs=4_000, times=1, operations=["capture"])

    body = {"reference": "whole"}
    answer = await asked_again(lambda: shop_beside.do("capture", payment, body))

    assert (answer.http_status, answer.code) == (202, "P0001")
    settled = await shop.until_status(payment, "captured")
    assert settled["amountCaptured"] == "10.00"
    assert charged(acquirer, payment) == {"authorize": 1, "capture": 1}


async def test_a_cancellation_into_silence_is_found_by_its_key(
    shop: Shop, shop_beside: Shop, beside: ApiBeside, acquirer: Acquirer
) -> None:
    payment, key = await shop.paid(capture=False), new_id("KEY")
    await shop.do("capture", payment, {"amount": "4.00", "reference": "part"})
    beside.engine.silence()
    try:
        unknown = await shop_beside.do("cancel", payment, key=key)
    finally:
        beside.engine.sound()

    assert unknown.code == "P9003"
    known = await asked_again(lambda: shop.do("cancel", payment, key=key))
    assert (known.code, known.data["amountCaptured"]) == ("P0000", "4.00")
    assert (await shop.do("cancel", payment)).code == "P2106"


async def test_a_refund_into_silence_is_given_once(
    shop: Shop, shop_beside: Shop, beside: ApiBeside, acquirer: Acquirer
) -> None:
    payment, name = await shop.paid(), new_id("REFUND")
    beside.engine.silence()
    try:
        unknown = await shop_beside.refund(payment, "4.00", reference=name)
    finally:
        beside.engine.sound()

    assert (unknown.http_status, unknown.code) == (503, "P9003")
    known = await asked_again(lambda: shop.refund(payment, "4.00", reference=name))
    assert known.data["status"] == "succeeded"
    assert charged(acquirer, payment)["refund"] == 1


async def test_without_the_record_no_card_is_charged(
    shop: Shop, shop_beside: Shop, beside: ApiBeside, acquirer: Acquirer
) -> None:
    order, key, payment = await shop.order(), new_id("KEY"), await shop.paid()
    raw = acquirer.event(payment)
    await shop_beside.partner.authorised()
    beside.database.cut()
    try:
        answers = await asyncio.gather(
            shop_beside.create(order, key=key),
            shop_beside.create(order),
            shop_beside.do("cancel", payment),
            shop_beside.refund(payment),
            shop_beside.partner.get("/v1/payments"),
            acquirer.send(shop_beside.partner, raw),
        )
    finally:
        beside.database.lay()
        await beside.wait_ready()

    assert Counter(each.code for each in answers) == {"P9004": 6}
    assert all(each.headers["retry-after"] == "1" for each in answers)
    paid = await persistently(shop, order, key)
    assert charged(acquirer, paid.data) == {"authorize": 1, "capture": 1}
    assert (await acquirer.send(shop.partner, raw)).data["state"] == "applied"


async def test_news_that_nobody_hears_is_to_be_sent_again(
    shop: Shop, shop_beside: Shop, beside: ApiBeside, acquirer: Acquirer
) -> None:
    acquirer.tell(webhooks=False)
    payment = (await shop.pay(CHALLENGE)).data
    await shop.decide(payment, "approve")
    raw = acquirer.event(payment)
    beside.engine.silence()
    try:
        unheard = await acquirer.send(shop_beside.partner, raw)
    finally:
        beside.engine.sound()

    assert (unheard.http_status, unheard.code) == (503, "P9002")
    again = await acquirer.send(shop.partner, raw)
    assert again.data["state"] == "applied"
    assert (await shop.show(payment))["status"] == "captured"
    assert charged(acquirer, payment) == {"authorize": 1, "capture": 1}


@pytest.mark.parametrize("keyed", [True, False])
async def test_a_crowd_with_one_order_is_one_payment(
    shop: Shop, acquirer: Acquirer, keyed: bool
) -> None:
    order, key = await shop.order(), new_id("KEY") if keyed else None

    answers = await asyncio.gather(*(shop.create(order, key=key) for _ in range(CROWD)))

    codes = Counter(answer.code for answer in answers)
    assert codes["P0000"] > 0
    assert codes.keys() <= {"P0000", "P0001", *ASK_AGAIN}, codes
    payment = (await persistently(shop, order)).data
    assert charged(acquirer, payment) == {"authorize": 1, "capture": 1}
