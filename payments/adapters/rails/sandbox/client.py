"""The rail's API as calls: which path, which body, which patience."""

from urllib.parse import quote

import httpx2

from payments.domain.destination import Account
from payments.domain.payout import PayoutOrder
from payments.domain.rail import RailProfile
from payments.outside.wire import Api, Reply, Timeouts


class Client:
    """Each call returns a Reply, or raises NeverLeft or NoAnswer."""

    def __init__(self, http: httpx2.AsyncClient, profile: RailProfile, timeouts: Timeouts) -> None:
        root = f"{profile.base_url.rstrip('/')}/rails/{quote(profile.id, safe='')}"
        self._api = Api(http, root, {"Authorization": f"Bearer {profile.secret}"})
        self._timeouts = timeouts

    async def verify(self, account: Account, currency: str) -> Reply:
        body = {"account": _told(account), "currency": currency}
        return await self._api.ask("POST", "/verifications", self._timeouts.quick_s, json=body)

    async def send(self, order: PayoutOrder, account: Account) -> Reply:
        body = {
            "reference": order.payout_id,
            "amount": str(order.amount),
            "currency": order.amount.currency,
            "payer": order.partner_id,
            "account": _told(account),
        }
        headers = {"Idempotency-Key": order.payout_id}
        return await self._api.ask(
            "POST", "/transfers", self._timeouts.money_s, json=body, headers=headers
        )

    async def transfer(self, reference: str) -> Reply:
        path = f"/transfers/{quote(reference, safe='')}"
        return await self._api.ask("GET", path, self._timeouts.money_s)


def _told(account: Account) -> dict[str, str]:
    return {
        "kind": account.kind,
        "country": account.country,
        "number": account.number,
        "holder": account.holder,
        "bankCode": account.bank_code,
        "bic": account.bic,
    }
