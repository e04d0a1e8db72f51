"""Money from banks, taken and given back, with both SDKs; four books that agree to the cent."""

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from quittance import AsyncQuittance, BankRedirect, Payment, PaymentStatus, Quittance, RefundStatus

from tests.api.bank_shop import BACK, BankShop
from tests.api.shop import Shop
from tests.card_audit import CardAudit
from tests.running_gateway import RunningGateway, new_id

Story = Callable[[RunningGateway, str], Coroutine[Any, Any, Payment]]


@pytest.fixture
def banks(shop: Shop) -> BankShop:
    return BankShop(shop)


def approves(url: str) -> None:
    """What the customer does on the bank's page."""
    answer = httpx2.post(url, data={"decision": "approve"}, timeout=60, verify=False)
    assert answer.status_code == 303, answer.text


def sell(gateway: RunningGateway, order: str) -> Payment:
    key = gateway.partner()
    with Quittance(gateway.api, key.api_key, key.secret) as quittance:
        asked = BankRedirect("GB", "SUNNY")
        payment = quittance.payments.create("25.00", "GBP", asked, order, return_url=BACK)
        assert payment.next_action is not None
        assert (payment.bank_country, payment.bank, payment.card_last4) == ("GB", "SUNNY", None)
        approves(payment.next_action.url)
        payment = quittance.payments.confirm(payment)
        refund = quittance.payments.refund(payment, f"{order}-back", "3.00")
        assert quittance.refunds.wait(refund).status is RefundStatus.SUCCEEDED
        return quittance.payments.get(payment)


async def sell_blocking(gateway: RunningGateway, order: str) -> Payment:
    return await asyncio.to_thread(sell, gateway, order)


async def sell_awaiting(gateway: RunningGateway, order: str) -> Payment:
    key = gateway.partner()
    async with AsyncQuittance(gateway.api, key.api_key, key.secret) as quittance:
        asked = BankRedirect("GB", "SUNNY")
        payment = await quittance.payments.create("25.00", "GBP", asked, order, return_url=BACK)
        assert payment.next_action is not None
        await asyncio.to_thread(approves, payment.next_action.url)
        payment = await quittance.payments.confirm(payment)
        refund = await quittance.payments.refund(payment, f"{order}-back", "3.00")
        assert (await quittance.refunds.wait(refund)).status is RefundStatus.SUCCEEDED
        (listed,) = [each async for each in quittance.payments.list(reference=order)]
        assert listed.bank == "SUNNY"
        return await quittance.payments.get(payment)


@pytest.mark.parametrize("story", [sell_blocking, sell_awaiting])
async def test_money_is_taken_at_a_bank_and_given_back(
    gateway: RunningGateway, audit: CardAudit, story: Story
) -> None:
    payment = await story(gateway, new_id())

    assert payment.status is PaymentStatus.CAPTURED
    assert (payment.amount_captured, payment.amount_refunded) == (Decimal(25), Decimal(3))
    case = await audit.fits({"id": payment.id})
    assert [each.kind for each in case.effects] == ["authorize", "capture", "refund"]


async def test_money_goes_back_in_parts_and_never_more(banks: BankShop, audit: CardAudit) -> None:
    payment, whole = await banks.paid(), await banks.paid()

    parts = [await banks.shop.refund(payment, amount) for amount in ("3.33", "0.01", "6.66")]
    over = await banks.shop.refund(payment, "0.01")
    all_of_it = await banks.shop.refund(whole)

    assert [each.code for each in (*parts, over)] == ["P0000"] * 3 + ["P2108"]
    assert (all_of_it.code, all_of_it.data["amount"]) == ("P0000", "10.00")
    for each in (payment, whole):
        case = await audit.fits(each)
        assert case.booked("refund") == 1000


async def test_a_refund_that_a_bank_sends_back_is_owed_again(
    banks: BankShop, audit: CardAudit
) -> None:
    payment = await banks.paid("CLINGY")

    answer = await banks.shop.refund(payment, "4.00")

    assert answer.code in ("P0001", "P2111")
    case = await audit.ends(payment, "captured")
    assert [each["status"] for each in case.refunds] == ["failed"]
    assert (await banks.shop.refund(payment)).data["amount"] == "10.00"
