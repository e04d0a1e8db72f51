"""A shop whose customers pay at their bank, and what they do on the sandbox's page of it."""

from collections.abc import Mapping
from typing import Any, Final

from tests.api.shop import Shop
from tests.running_gateway import Answer, new_id

BACK: Final = "http://127.0.0.1:9999/back?order=7"


def bank(name: str | None = "SUNNY", country: Any = "GB", **more: Any) -> dict[str, Any]:
    """A payment's `method`; without a name the customer chooses."""
    named = {} if name is None else {"bank": name}
    return {"type": "bank_redirect", "country": country, **named, **more}


class BankShop:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.partner = shop.partner

    def order(self, name: str | None = "SUNNY", **changes: Any) -> dict[str, Any]:
        """A payment's body; None leaves a field out."""
        order = {
            "amount": "10.00",
            "currency": "USD",
            "reference": new_id(),
            "method": bank(name),
            "returnUrl": BACK,
            **changes,
        }
        return {field: value for field, value in order.items() if value is not None}

    async def begin(self, name: str | None = "SUNNY", **changes: Any) -> Answer:
        return await self.shop.create(self.order(name, **changes))

    async def begun(self, name: str | None = "SUNNY", **changes: Any) -> dict[str, Any]:
        """A payment whose customer is on the way to the bank."""
        answer = await self.begin(name, **changes)
        assert (answer.http_status, answer.code) == (202, "P0001"), answer
        assert answer.data["status"] == "requires_action", answer
        return dict(answer.data)

    async def paid(self, name: str | None = "SUNNY", **changes: Any) -> dict[str, Any]:
        payment = await self.begun(name, **changes)
        await self.decide(payment, "approve")
        answer = await self.shop.do("confirm", payment)
        assert (answer.code, answer.data["status"]) == ("P0000", "captured"), answer
        return dict(answer.data)

    # What the customer does

    async def choose(self, payment: Mapping[str, Any], name: str) -> None:
        await self._at_the_page(payment, bank=name)

    async def decide(self, payment: Mapping[str, Any], decision: str) -> str:
        """approve, refuse or no_money. Answers where the browser is sent then."""
        return await self._at_the_page(payment, decision=decision)

    async def _at_the_page(self, payment: Mapping[str, Any], **form: str) -> str:
        answer = await self.shop.vault.post(payment["nextAction"]["url"], data=form)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])
