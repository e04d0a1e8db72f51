"""Ordinary card payments, from the client token to money given back, with both SDKs."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from quittance import AsyncQuittance, Payment, PaymentStatus, Quittance, Refund, RefundStatus

from tests.running_gateway import RunningGateway, new_id

VISA, CHALLENGED = "4242424242424242", "4000000000003220"
BACK = "http://localhost/back"
Story = Callable[[RunningGateway, str, str], Coroutine[Any, Any, tuple[Payment, Refund]]]


class Browser:
    """What the customer does on the vault's and the issuer's pages."""

    def __init__(self, gateway: RunningGateway) -> None:
        self._vault = gateway.told["acquirer"]

    def types(self, number: str, client_token: str) -> str:
        card = {"number": number, "expMonth": 12, "expYear": 2034, "cvc": "123"}
        typed = self._post("/vault/tokens", json={"clientToken": client_token, **card})
        return str(typed.json()["paymentMethodToken"])

    def approves(self, url: str) -> None:
        self._post(url.removeprefix(self._vault), data={"decision": "approve"})

    def _post(self, path: str, **what: Any) -> httpx2.Response:
        answer = httpx2.post(self._vault + path, timeout=60, verify=False, **what)
        assert answer.status_code < 400, answer.text
        return answer


def sell(gateway: RunningGateway, order: str, number: str) -> tuple[Payment, Refund]:
    key, browser = gateway.partner(), Browser(gateway)
    with Quittance(gateway.api, key.api_key, key.secret) as quittance:
        assert quittance.bills.lookup("DESCO", "1234567800", "2026-04").currency == "BDT"
        customer = quittance.customers.create(f"C-{order}")
        shown = quittance.client_tokens.create("25.00", "USD", customer=customer)
        payment = quittance.payments.create(
            "25.00",
            "USD",
            browser.types(number, shown.client_token),
            order,
            capture=False,
            customer=customer,
            save_method=True,
            return_url=BACK,
            metadata={"basket": "7"},
        )
        if payment.next_action is not None:
            browser.approves(payment.next_action.url)
            payment = quittance.payments.confirm(payment)
        assert payment.status is PaymentStatus.AUTHORIZED
        payment = quittance.payments.capture(payment, "10.00")
        payment = quittance.payments.capture(payment, "5.00", final=True)
        refund = quittance.payments.refund(payment, f"{order}-back", "3.00", reason="small")
        refund = quittance.refunds.wait(refund)
        assert [each.id for each in quittance.refunds.list(payment)] == [refund.id]
        (saved,) = quittance.customers.methods(customer)
        again = quittance.payments.create("1.00", "USD", saved, f"{order}-2", customer=customer)
        listed = quittance.payments.list(customer=customer, page_size=1)
        assert [each.id for each in listed] == [again.id, payment.id]
        quittance.customers.delete_method(customer, saved)
        assert quittance.customers.methods(customer) == ()
        quittance.customers.delete(customer)
        return quittance.payments.get(payment), refund


async def sell_blocking(gateway: RunningGateway, order: str, number: str) -> tuple[Payment, Refund]:
    return await asyncio.to_thread(sell, gateway, order, number)


async def sell_awaiting(gateway: RunningGateway, order: str, number: str) -> tuple[Payment, Refund]:
    key, browser = gateway.partner(), Browser(gateway)
    async with AsyncQuittance(gateway.api, key.api_key, key.secret) as quittance:
        shown = await quittance.client_tokens.create("25.00", "USD")
        method = await asyncio.to_thread(browser.types, number, shown.client_token)
        payment = await quittance.payments.create(
            "25.00", "USD", method, order, capture=False, return_url=BACK
        )
        if payment.next_action is not None:
            await asyncio.to_thread(browser.approves, payment.next_action.url)
            payment = await quittance.payments.confirm(payment)
        payment = await quittance.payments.wait(payment)
        payment = await quittance.payments.capture(payment, "15.00", final=True, reference="ALL")
        refund = await quittance.payments.refund(payment, f"{order}-back", "3.00")
        refund = await quittance.refunds.wait(refund)
        listed = [each.id async for each in quittance.payments.list(reference=order)]
        assert listed == [payment.id]
        return await quittance.payments.get(payment), refund


@pytest.mark.parametrize("story", [sell_blocking, sell_awaiting])
@pytest.mark.parametrize("number", [VISA, CHALLENGED])
async def test_a_card_is_reserved_captured_and_given_back(
    gateway: RunningGateway, story: Story, number: str
) -> None:
    order = new_id()

    payment, refund = await story(gateway, order, number)

    assert (payment.status, payment.reference) == (PaymentStatus.CAPTURED, order)
    assert payment.amount_captured == Decimal("15.00")
    assert payment.amount_refunded == Decimal("3.00")
    assert payment.card_last4 == number[-4:]
    assert (refund.status, refund.payment_id) == (RefundStatus.SUCCEEDED, payment.id)
    assert booked(gateway, payment) == {
        "authorize": Decimal("25.00"),
        "capture": Decimal("15.00"),
        "void": Decimal("10.00"),
        "refund": Decimal("3.00"),
    }


def booked(gateway: RunningGateway, payment: Payment) -> Mapping[str, Decimal]:
    """The sums of what the acquirer booked, from its own journal."""
    path = f"/journal?acquirer=NORTH&reference={payment.id}-1"
    sums: dict[str, Decimal] = {}
    for effect in gateway.sandbox("GET", path)["effects"]:
        name = effect["effect"]
        sums[name] = sums.get(name, Decimal(0)) + Decimal(effect["amount"])
    return sums
