"""A shop whose customers pay by a code, and what they send with the app of theirs."""

from collections.abc import Mapping
from typing import Any

from tests.api.shop import Shop
from tests.running_gateway import Answer, new_id


def code(country: Any = "BR", **more: Any) -> dict[str, Any]:
    """A payment's `method`."""
    return {"type": "code", "country": country, **more}


class CodeShop:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.partner = shop.partner

    def order(self, **changes: Any) -> dict[str, Any]:
        """A payment's body; None leaves a field out."""
        order = {
            "amount": "10.00",
            "currency": "BRL",
            "reference": new_id(),
            "method": code(),
            **changes,
        }
        return {field: value for field, value in order.items() if value is not None}

    async def begin(self, **changes: Any) -> Answer:
        return await self.shop.create(self.order(**changes))

    async def shown(self, **changes: Any) -> dict[str, Any]:
        """A payment whose customer sees the code. A busy machine may answer before there is one."""
        answer = await self.begin(**changes)
        assert (answer.http_status, answer.code) == (202, "P0001"), answer
        return await self.shop.until_status(answer.data, "requires_action")

    async def paid(self, **changes: Any) -> dict[str, Any]:
        payment = await self.shown(**changes)
        await self.pay(payment)
        return await self.shop.until_status(payment, "captured")

    # What the customer does

    async def pay(self, payment: Mapping[str, Any], amount: str | None = None) -> None:
        """At the page of the app that the code leads to; as often and as late as one likes."""
        form = {"amount": amount or payment["amount"]}
        answer = await self.shop.vault.post(payment["nextAction"]["deeplink"], data=form)
        assert answer.status_code == 303, answer.text
