"""Refunds over HTTP: whole, in parts, never more than was captured. Rows M6 and L2."""

import asyncio

import pytest

from tests.api.shop import Acquirer, Shop
from tests.patience import ASK_AGAIN
from tests.running_gateway import new_id


async def test_captured_money_is_given_back(shop: Shop, acquirer: Acquirer) -> None:
    payment = await shop.paid()

    answer = await shop.refund(payment, reason="returned")

    assert (answer.http_status, answer.code, answer.data["status"]) == (200, "P0000", "succeeded")
    assert (answer.data["amount"], answer.data["reason"]) == ("10.00", "returned")
    assert (await shop.show(payment))["amountRefunded"] == "10.00"
    assert ("refund", "10.00") in acquirer.effects(payment)
    shown = await shop.partner.get(f"/v1/refunds/{answer.data['id']}")
    assert shown.data == answer.data
    listed = await shop.partner.get(f"/v1/payments/{payment['id']}/refunds")
    assert listed.data["refunds"] == [answer.data]


async def test_parts_until_nothing_is_left(shop: Shop) -> None:
    payment = await shop.paid()
    first = await shop.refund(payment, "4.00")
    rest = await shop.refund(payment)
    more = await shop.refund(payment, "0.01")
    nothing = await shop.refund(payment)

    assert [first.data["amount"], rest.data["amount"]] == ["4.00", "6.00"]
    assert [(more.http_status, more.code), nothing.code] == [(422, "P2108"), "P2108"]


async def test_a_reference_names_one_refund_for_ever(shop: Shop) -> None:
    payment, other, name = await shop.paid(), await shop.paid(), new_id("REFUND")
    first = await shop.refund(payment, "4.00", reference=name)

    again = await shop.refund(payment, "4.00", reference=name)
    whole = await shop.refund(payment, reference=name)
    changed = await shop.refund(payment, "5.00", reference=name)
    elsewhere = await shop.refund(other, "4.00", reference=name)

    assert again.data == whole.data == first.data
    assert [changed.code, elsewhere.code] == ["P2102", "P2102"]
    assert (await shop.show(payment))["amountRefunded"] == "4.00"


async def test_a_reference_that_was_refused_is_free(shop: Shop) -> None:
    """Refused by its workflow, because the request alone does not tell what others took."""
    payment, name = await shop.paid(), new_id("REFUND")
    await shop.refund(payment, "6.00")
    refused = await shop.refund(payment, "5.00", reference=name)

    answer = await shop.refund(payment, "4.00", reference=name)

    assert (refused.code, answer.code) == ("P2108", "P0000")


async def test_the_same_refused_refund_is_looked_at_anew(shop: Shop) -> None:
    payment, name = await shop.paid(capture=False), new_id("REFUND")
    too_early = await shop.refund(payment, "10.00", reference=name)
    await shop.do("capture", payment, {})

    answer = await shop.refund(payment, "10.00", reference=name)

    assert (too_early.code, answer.code) == ("P2109", "P0000")


async def test_a_hundred_and_one_refunds_of_a_hundredth_at_once(shop: Shop) -> None:
    payment = await shop.paid()

    async def hundredth() -> str:
        name = new_id("REFUND")
        while True:
            answer = await shop.refund(payment, "0.10", reference=name)
            if answer.code not in ASK_AGAIN:
                return answer.code

    codes = await asyncio.gather(*(hundredth() for _ in range(101)))

    assert set(codes) <= {"P0000", "P0001", "P2108"}
    assert codes.count("P2108") == 1

    async def all_gone() -> bool:
        return bool((await shop.show(payment))["amountRefunded"] == "10.00")

    await shop.until(all_gone, "a hundred refunds do not end")


@pytest.mark.parametrize("amount", ["0", "-1.00", "1.001", "1e1", "", " 1.00", "10.01"])
async def test_an_impossible_amount_gives_nothing_back(shop: Shop, amount: str) -> None:
    payment = await shop.paid()

    answer = await shop.do("refund", payment, {"amount": amount, "reference": new_id("REFUND")})

    assert answer.http_status in (400, 422)
    assert answer.data["field"] == "amount"
    assert (await shop.show(payment))["amountRefunded"] == "0.00"


async def test_another_currency_cannot_be_named(shop: Shop) -> None:
    payment = await shop.paid()

    answer = await shop.refund(payment, "1.00", currency="EUR")

    assert (answer.code, answer.data["field"]) == ("P5002", "currency")


async def test_nothing_captured_is_nothing_to_give_back(shop: Shop) -> None:
    reserved = await shop.paid(capture=False)
    declined = (await shop.pay("4000000000000002")).data

    for payment in (reserved, declined):
        answer = await shop.refund(payment, "1.00")
        assert (answer.http_status, answer.code) == (409, "P2109")


async def test_a_refund_cannot_be_refunded(shop: Shop) -> None:
    payment = await shop.paid()
    refund = (await shop.refund(payment)).data

    answer = await shop.do("refund", refund["id"], {"reference": new_id("REFUND")})

    assert (answer.http_status, answer.code) == (404, "P2101")


async def test_a_refund_that_fails_later_gives_its_reservation_back(shop: Shop) -> None:
    payment = await shop.paid("4000000000000408")

    answer = await shop.refund(payment, "4.00")

    assert answer.code in ("P0001", "P2111"), answer

    async def over() -> bool:
        shown = await shop.partner.get(f"/v1/refunds/{answer.data['id']}")
        return bool(shown.data["status"] == "failed" and shown.data["declineCode"])

    await shop.until(over, "the refund does not fail")
    assert (await shop.show(payment))["amountRefunded"] == "0.00"
