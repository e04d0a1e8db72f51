"""The acquirer's API as calls: which path, which body, which patience."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from payments.domain.evidence import Enclosure
from payments.domain.money import Money
from payments.domain.payment import Attempt
from payments.domain.provider import ProviderProfile
from payments.outside.wire import Api, Reply, Timeouts


class Client:
    """Each call returns a Reply, or raises NeverLeft or NoAnswer."""

    def __init__(
        self, http: httpx2.AsyncClient, profile: ProviderProfile, timeouts: Timeouts
    ) -> None:
        headers = {"Authorization": f"Bearer {profile.secret}"}
        self._api = Api(http, profile.base_url.rstrip("/"), headers)
        self._payments = f"/acquirers/{_quoted(profile.id)}/payments"
        self._disputes = f"/acquirers/{_quoted(profile.id)}/disputes"
        self._banks = f"/acquirers/{_quoted(profile.id)}/banks"
        self._timeouts = timeouts

    async def authorize(self, attempt: Attempt, method: Mapping[str, str]) -> Reply:
        order = attempt.order
        body = {
            "reference": attempt.reference,
            "amount": str(order.amount),
            "currency": order.amount.currency,
            "capture": order.capture,
            **method,
            "payee": order.partner_id,
            "threeDS": "required" if attempt.challenge else "auto",
        }
        if order.return_url is not None:
            body["returnUrl"] = order.return_url
        return await self._money(self._payments, body, key=attempt.reference)

    async def capture(self, payment: str, *, key: str, amount: Money, final: bool) -> Reply:
        body = {"reference": key, "amount": str(amount), "final": final}
        # One payment's captures are named beside each other; the key is for all payments.
        path = f"{self._payment(payment)}/captures"
        return await self._money(path, body, key=f"{payment}:{key}")

    async def void(self, payment: str) -> Reply:
        return await self._money(f"{self._payment(payment)}/void", {}, key=f"{payment}:void")

    async def refund(
        self, payment: str, *, key: str, amount: Money, receipt: str | None = None
    ) -> Reply:
        body = {"reference": key, "amount": str(amount)}
        if receipt is not None:
            body["receipt"] = receipt
        return await self._money(f"{self._payment(payment)}/refunds", body, key=key)

    async def payment(self, reference: str) -> Reply:
        return await self._api.ask("GET", self._payment(reference), self._timeouts.money_s)

    async def token(self, token: str) -> Reply:
        return await self._api.ask("GET", f"/vault/tokens/{_quoted(token)}", self._timeouts.quick_s)

    async def banks(self) -> Reply:
        return await self._api.ask("GET", self._banks, self._timeouts.quick_s)

    async def dispute(self, reference: str) -> Reply:
        return await self._api.ask("GET", self._dispute(reference), self._timeouts.money_s)

    async def give_file(self, dispute: str, file: Enclosure, *, key: str) -> Reply:
        headers = {"Idempotency-Key": key, "Content-Type": file.media_type.value}
        path = f"{self._dispute(dispute)}/files"
        return await self._api.ask(
            "POST", path, self._timeouts.money_s, headers=headers, content=file.content
        )

    async def submit(
        self, dispute: str, *, key: str, texts: Mapping[str, str], files: Mapping[str, str]
    ) -> Reply:
        body = {"reference": key, "texts": dict(texts), "files": dict(files)}
        return await self._money(f"{self._dispute(dispute)}/evidence", body, key=key)

    async def accept(self, dispute: str, *, key: str) -> Reply:
        return await self._money(f"{self._dispute(dispute)}/accept", {"reference": key}, key=key)

    def _dispute(self, reference: str) -> str:
        return f"{self._disputes}/{_quoted(reference)}"

    def _payment(self, reference: str) -> str:
        return f"{self._payments}/{_quoted(reference)}"

    async def _money(self, path: str, body: dict[str, Any], *, key: str) -> Reply:
        headers = {"Idempotency-Key": key}
        return await self._api.ask("POST", path, self._timeouts.money_s, json=body, headers=headers)


def _quoted(text: str) -> str:
    return quote(text, safe="")
