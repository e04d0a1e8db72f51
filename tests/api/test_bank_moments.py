"""Payments at banks over HTTP: as they stand, at wrong moments, and asked for again."""

import asyncio
from typing import Any

import pytest

from tests.api.bank_shop import BankShop, bank
from tests.api.replays import same_bytes
from tests.api.shop import Acquirer, Shop
from tests.running_gateway import new_id


@pytest.fixture
def banks(shop: Shop) -> BankShop:
    return BankShop(shop)


async def test_it_is_told_as_it_stands(banks: BankShop, acquirer: Acquirer) -> None:
    payment = await banks.begun(metadata={"order": "7"})

    method = {"type": "bank_redirect", "country": "GB", "bank": "SUNNY"}
    assert payment["paymentMethod"] == method
    assert payment["nextAction"]["type"] == "redirect"
    assert payment["nextAction"]["expiresAt"] > payment["createdAt"]
    assert (payment["capture"], payment["amountCapturable"]) == (True, "0.00")
    assert (payment["fee"], payment["declineCode"]) == (None, None)
    await banks.decide(payment, "approve")
    paid = (await banks.shop.do("confirm", payment)).data
    assert (paid["status"], paid["amountCaptured"], paid["fee"]) == ("captured", "10.00", "0.44")
    assert (paid["nextAction"], paid["paymentMethod"]) == (None, method)
    assert acquirer.effects(payment) == [("authorize", "10.00"), ("capture", "10.00")]


@pytest.mark.parametrize("moment", ["requires_action", "captured", "canceled", "failed"])
async def test_there_is_never_anything_to_capture(banks: BankShop, moment: str) -> None:
    payment = await at(banks, moment)

    for body in ({}, {"amount": "1.00", "final": True}):
        answer = await banks.shop.do("capture", payment, body)
        assert (answer.http_status, answer.code) == (409, "P2106")
    assert await banks.shop.show(payment) == payment


async def at(banks: BankShop, status: str) -> dict[str, Any]:
    payment = await banks.begun()
    if status == "captured":
        await banks.decide(payment, "approve")
        await banks.shop.do("confirm", payment)
    elif status == "failed":
        await banks.decide(payment, "refuse")
        await banks.shop.do("confirm", payment)
    elif status == "canceled":
        await banks.shop.do("cancel", payment)
    told = await banks.shop.show(payment)
    assert told["status"] == status
    return told


@pytest.mark.parametrize(
    ("end", "http_status", "code"),
    [("captured", 200, "P0000"), ("failed", 402, "P2020"), ("canceled", 409, "P2106")],
)
async def test_a_return_after_the_end_tells_the_end(
    banks: BankShop, end: str, http_status: int, code: str
) -> None:
    payment = await at(banks, end)

    answers = [await banks.shop.do("confirm", payment) for _ in range(2)]

    assert {(each.http_status, each.code) for each in answers} == {(http_status, code)}
    assert await banks.shop.show(payment) == payment


@pytest.mark.parametrize("end", ["captured", "failed"])
async def test_what_is_over_is_not_canceled(banks: BankShop, end: str) -> None:
    payment = await at(banks, end)

    answer = await banks.shop.do("cancel", payment)

    assert (answer.http_status, answer.code) == (409, "P2106")
    assert await banks.shop.show(payment) == payment


@pytest.mark.parametrize("moment", ["requires_action", "failed", "canceled"])
async def test_nothing_is_given_back_before_it_was_taken(banks: BankShop, moment: str) -> None:
    payment = await at(banks, moment)

    answer = await banks.shop.refund(payment)

    assert (answer.http_status, answer.code) == (409, "P2109")
    assert await banks.shop.show(payment) == payment


async def test_the_same_key_gets_the_first_answer_byte_for_byte(banks: BankShop) -> None:
    order, key = banks.order(), new_id("KEY")
    first = await banks.shop.create(order, key=key)
    await banks.decide(first.data, "approve")
    confirmed = await banks.shop.do("confirm", first.data, key=(again := new_id("KEY")))

    same_bytes(first, await banks.shop.create(order, key=key))
    same_bytes(confirmed, await banks.shop.do("confirm", first.data, key=again))
    other = await banks.shop.create(order | {"method": bank("RAINY")}, key=key)

    assert confirmed.data["status"] == "captured"
    assert (other.http_status, other.code) == (422, "P5101")


async def test_a_reference_names_one_payment_whatever_the_method(
    banks: BankShop, acquirer: Acquirer
) -> None:
    order = banks.order()
    first = (await banks.shop.create(order)).data
    card = await banks.shop.method()

    changes: list[dict[str, Any]] = [
        {"method": bank("RAINY")},
        {"method": bank(None)},
        {"amount": "11.00"},
        {"returnUrl": "http://127.0.0.1/elsewhere"},
        {"method": None, "paymentMethodToken": card},
    ]
    answers = await asyncio.gather(*(banks.shop.create(order | each) for each in changes))

    assert [(each.http_status, each.code) for each in answers] == [(409, "P2102")] * len(changes)
    assert await banks.shop.show(first) == first
    spelled = await banks.shop.create(order | {"method": dict(reversed(order["method"].items()))})
    assert (spelled.code, spelled.data["id"]) == ("P0001", first["id"])
    assert acquirer.effects(first) == []
