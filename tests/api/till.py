"""A partner's till: what its cards earned, where it pays out to, and the rails from behind."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from schwifty import IBAN

from tests.api.shop import VISA, Shop, Teller
from tests.patience import persistently, until
from tests.running_gateway import Answer, PartnerClient, RunningGateway, new_id

HOLDER: Final = "Ada Canary-Holder"
WITHIN_S: Final = 30


def iban(ending: str = "00") -> str:
    """An account in the Netherlands whose end says how the rail's story goes."""
    return str(IBAN.generate("NL", bank_code="ABNA", account_code=f"041716{ending.zfill(4)}"))


class Till:
    """Every answer is verified by the partner's client. `partner` asks for payouts' tokens."""

    def __init__(self, gateway: RunningGateway, shop: Shop, partner: PartnerClient) -> None:
        partner.audience = "payouts"
        self.gateway, self.shop, self.partner = gateway, shop, partner

    async def earn(self, amount: str = "1000.00") -> dict[str, Any]:
        """In pieces that nobody looks at."""
        pieces, rest = divmod(float(amount), 4000.0)
        for _ in range(int(pieces)):
            await self.shop.paid(VISA, amount="4000.00")
        return await self.shop.paid(VISA, amount=f"{rest:.2f}") if rest else {}

    async def funds(self, currency: str = "USD") -> str:
        answer = await self.partner.get("/v1/funds", currency=currency)
        assert answer.code == "P0000", answer
        return str(answer.data["available"])

    def account(self, ending: str = "00", **changes: Any) -> dict[str, Any]:
        account = {"type": "iban", "iban": iban(ending), "holder": HOLDER}
        return {"reference": new_id("ACC"), "currency": "USD", "account": account, **changes}

    async def add(self, body: Mapping[str, Any], *, key: str | None = None) -> Answer:
        return await self.partner.post("/v1/destinations", dict(body), key=key)

    async def destination(self, ending: str = "00", **changes: Any) -> str:
        answer = await self.add(self.account(ending, **changes))
        assert answer.code == "P0000", answer
        return str(answer.data["destinationToken"])

    async def order(self, ending: str = "00", **changes: Any) -> dict[str, Any]:
        order = {"amount": "10.00", "currency": "USD", "reference": new_id("PO"), **changes}
        if not order.keys() & {"destinationToken", "customerId"}:
            order["destinationToken"] = await self.destination(ending, currency=order["currency"])
        return order

    async def create(self, order: Mapping[str, Any], *, key: str | None = None) -> Answer:
        return await self.partner.post("/v1/payouts", dict(order), key=key)

    async def pay(self, ending: str = "00", **changes: Any) -> dict[str, Any]:
        """A payout as its creation was answered: on its way, or held."""
        order = await self.order(ending, **changes)
        answer = await persistently(lambda: self.create(order))
        assert answer.code == "P0001", answer
        return dict(answer.data)

    async def show(self, payout: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self.partner.get(f"/v1/payouts/{payout['id']}")
        assert answer.http_status == 200, answer
        return dict(answer.data)

    async def becomes(self, payout: Mapping[str, Any], *statuses: str) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            found = await self.show(payout)
            return found if found["status"] in statuses else None

        return await until(there, WITHIN_S, f"{payout['id']} does not become {statuses}")

    async def cancel(self, payout: Mapping[str, Any], *, key: str | None = None) -> Answer:
        return await self.partner.post(f"/v1/payouts/{payout['id']}/cancel", {}, key=key)

    async def review(self, payout: Mapping[str, Any], by: str, *, approve: bool = True) -> str:
        """On a thread of its own: a slow body of another test must not wait for it."""
        command = ("payout", "review", payout["id"], "--approve" if approve else "--reject")

        def say() -> str:
            token = self.gateway.reviewer(by)
            return self.gateway.cli(*command, QUITTANCE_REVIEWER_TOKEN=token)

        return await asyncio.to_thread(say)


class SandboxRail(Teller):
    """One pretend rail from behind: its books, how it behaves, and what it says unasked."""

    def __init__(self, gateway: RunningGateway, name: str = "GIRO") -> None:
        super().__init__(gateway, name, "SANDBOX_RAIL_WEBHOOK_SECRETS")
        self._path = f"/control/rails/{name}"

    def tell(self, behaviour: str = "ordinary", **how: Any) -> None:
        self._gateway.sandbox("POST", self._path, {"behaviour": behaviour, **how})

    def forget(self) -> None:
        self._gateway.sandbox("DELETE", self._path)

    def transfer(self, payout: Mapping[str, Any]) -> dict[str, Any]:
        """What it has of a payout, and every request for it that arrived."""
        return dict(self._gateway.sandbox("GET", f"{self._path}/transfers/{payout['id']}"))

    def move(self, payout: Mapping[str, Any], state: str, reason: str | None = None) -> None:
        body = {"state": state, "reason": reason}
        self._gateway.sandbox("POST", f"{self._path}/transfers/{payout['id']}/state", body)

    def event(self, payout: Mapping[str, Any]) -> bytes:
        """An event about its transfer as that stands now, as this rail writes it."""
        event = {
            "type": "transfer.updated",
            "id": f"evt_{uuid4().hex}",
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "data": {"rail": self.name, "transfer": self.transfer(payout)["transfer"]},
        }
        return json.dumps(event).encode()

    def statement(self) -> dict[str, Any]:
        return dict(self._gateway.sandbox("GET", f"{self._path}/statement"))
