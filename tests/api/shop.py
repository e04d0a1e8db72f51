"""A shop that sells by card: its partner's token, the vault's door, and the acquirer's hand."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx2
from standardwebhooks import Webhook

from tests.patience import persistently, until
from tests.running_gateway import (
    ANSWER_WITHIN_S,
    Answer,
    PartnerClient,
    RunningGateway,
    new_id,
)

VISA: Final = "4242424242424242"
CHALLENGE: Final = "4000000000003220"


class Shop:
    """Every answer is verified by the partner's client."""

    def __init__(self, gateway: RunningGateway, partner: PartnerClient) -> None:
        partner.audience = "payments"
        self.partner = partner
        self.gateway = gateway
        self.vault = httpx2.AsyncClient(
            base_url=gateway.told["acquirer"], timeout=ANSWER_WITHIN_S, verify=False
        )

    # What a front end does

    async def client_token(self, amount: str = "10.00", currency: str = "USD", **more: str) -> str:
        sale = {"amount": amount, "currency": currency, **more}
        answer = await self.partner.post("/v1/client-tokens", sale)
        assert answer.code == "P0000", answer
        return str(answer.data["clientToken"])

    async def typed(self, client_token: str, number: str = VISA) -> str:
        card = {"number": number, "expMonth": 12, "expYear": 2034, "cvc": "123"}
        if number.startswith("37"):
            card["cvc"] = "1234"
        answer = await self.vault.post("/vault/tokens", json={"clientToken": client_token, **card})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["paymentMethodToken"])

    async def method(
        self, number: str = VISA, amount: str = "10.00", currency: str = "USD", **more: str
    ) -> str:
        return await self.typed(await self.client_token(amount, currency, **more), number)

    # What its server does

    async def order(self, number: str = VISA, **changes: Any) -> dict[str, Any]:
        """A payment's body with a method of its own; None leaves a field out."""
        order = {"amount": "10.00", "currency": "USD", "reference": new_id(), **changes}
        if "paymentMethodToken" not in order:
            known = {"customerId": order["customerId"]} if order.get("customerId") else {}
            order["paymentMethodToken"] = await self.method(
                number, order["amount"], order["currency"], **known
            )
        return {name: value for name, value in order.items() if value is not None}

    async def create(self, order: Mapping[str, Any], *, key: str | None = None) -> Answer:
        return await self.partner.post("/v1/payments", dict(order), key=key)

    async def pay(self, number: str = VISA, **changes: Any) -> Answer:
        return await self.create(await self.order(number, **changes))

    async def paid(self, number: str = VISA, **changes: Any) -> dict[str, Any]:
        """A payment, as its creation was answered; a busy machine may have to be asked again."""
        order = await self.order(number, **changes)
        answer = await persistently(lambda: self.create(order))
        assert answer.code == "P0000", answer
        return dict(answer.data)

    async def do(
        self, verb: str, payment: Mapping[str, Any] | str, body: object = None, **options: Any
    ) -> Answer:
        payment_id = payment if isinstance(payment, str) else payment["id"]
        return await self.partner.post(f"/v1/payments/{payment_id}/{verb}", body, **options)

    async def show(self, payment: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self.partner.get(f"/v1/payments/{payment['id']}")
        assert answer.http_status == 200, answer
        return dict(answer.data)

    async def refund(
        self, payment: Mapping[str, Any], amount: str | None = None, **more: Any
    ) -> Answer:
        body = {"reference": new_id("REFUND"), **more}
        return await self.do("refund", payment, body | ({"amount": amount} if amount else {}))

    async def customer(self) -> str:
        answer = await self.partner.post("/v1/customers", {"reference": new_id("CUSTOMER")})
        assert answer.code == "P0000", answer
        return str(answer.data["id"])

    async def until_status(self, payment: Mapping[str, Any], status: str) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            found = await self.show(payment)
            return found if found["status"] == status else None

        return await until(there, 20, f"{payment['id']} does not become {status}")

    async def until(self, question: Callable[[], Awaitable[object]], what: str) -> None:
        await until(question, 20, what)

    async def delete(self, path: str, *, key: str | None = None) -> Answer:
        keyed = {} if key is None else {"Idempotency-Key": key}
        headers = {**await self.partner.authorised(), **keyed}
        return await self.partner.ask("DELETE", path, headers=headers)

    # What the customer does

    async def decide(self, payment: Mapping[str, Any], decision: str) -> None:
        """At the issuer's page: approve, fail or cancel."""
        url = payment["nextAction"]["url"]
        answer = await self.vault.post(url, data={"decision": decision})
        assert answer.status_code < 400, answer.text

    async def close(self) -> None:
        await self.vault.aclose()
        await self.partner.close()


class Teller:
    """Who tells us something unasked: its webhook secret, among the `secrets` of its kind."""

    def __init__(self, gateway: RunningGateway, name: str, secrets: str) -> None:
        self.name = name
        self._gateway = gateway
        lines = (gateway.home / "secrets.env").read_text().splitlines()
        known = dict(line.split("=", 1) for line in lines if "=" in line)
        self.secret = dict(each.split("=", 1) for each in known[secrets].split(","))[name]

    def signed(
        self, raw: bytes, *, ago: timedelta = timedelta(), secret: str | None = None
    ) -> dict[str, str]:
        """Standard Webhooks' headers over these bytes."""
        at = datetime.now(UTC) - ago
        try:
            name = str(json.loads(raw)["id"])
        except (ValueError, KeyError, TypeError, RecursionError):
            name = "evt_unreadable"
        return {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret or self.secret).sign(name, at, raw.decode()),
        }

    async def send(
        self, partner: PartnerClient, raw: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        path = f"/v1/providers/{self.name}/webhooks"
        known = self.signed(raw) if headers is None else dict(headers)
        return await partner.ask("POST", path, content=raw, headers=known)


class Acquirer(Teller):
    """One pretend acquirer from behind: its secrets, its books, and what it says unasked."""

    def __init__(self, gateway: RunningGateway, name: str = "NORTH") -> None:
        super().__init__(gateway, name, "SANDBOX_WEBHOOK_SECRETS")

    def tell(self, behaviour: str = "ordinary", **how: Any) -> None:
        body = {"behaviour": behaviour, **how}
        self._gateway.sandbox("POST", f"/control/acquirers/{self.name}", body)

    def forget(self) -> None:
        self._gateway.sandbox("DELETE", f"/control/acquirers/{self.name}")

    def ends(self, payment: Mapping[str, Any]) -> None:
        """The time in which the customer may act is over there, now."""
        path = f"/control/acquirers/{self.name}/payments/{payment['id']}-1/state"
        self._gateway.sandbox("POST", path, {"state": "EXPIRED"})

    def effects(self, payment: Mapping[str, Any], attempt: int = 1) -> list[tuple[str, str]]:
        """What was booked, as (effect, amount)."""
        path = f"/journal?acquirer={self.name}&reference={payment['id']}-{attempt}"
        rows = self._gateway.sandbox("GET", path)["effects"]
        return [(row["effect"], row["amount"]) for row in rows]

    def event(self, payment: Mapping[str, Any], state: str = "CAPTURED", **more: Any) -> bytes:
        """An event about a payment's first attempt, as this acquirer writes it."""
        amount = more.pop("amount", payment["amount"])
        inside = {
            "reference": f"{payment['id']}-1",
            "state": state,
            "amount": amount,
            "currency": payment["currency"],
            "authorizedAmount": amount if state in ("AUTHORIZED", "CAPTURED") else "0.00",
            "capturedAmount": amount if state == "CAPTURED" else "0.00",
            "refunds": [],
            "captures": [],
        }
        event = {
            "type": "payment.updated",
            "id": f"evt_{uuid4().hex}",
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "data": {"acquirer": self.name, "payment": inside | more.pop("inside", {})},
        }
        return json.dumps(event | more).encode()
