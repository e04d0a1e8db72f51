"""A shop whose customers dispute what they paid, and the acquirer's hand that opens and decides."""

from collections.abc import Mapping
from typing import Any, Final

from tests.api.shop import Acquirer, Shop
from tests.evidence_files import PNG
from tests.patience import until
from tests.running_gateway import Answer

SAID: Final = {"texts": {"explanation": "They wore it for a year.\nSee the receipt."}}


class DisputeShop:
    def __init__(self, shop: Shop, acquirer: Acquirer) -> None:
        self.shop = shop
        self.acquirer = acquirer

    # What happens at the acquirer

    def open(self, payment: Mapping[str, Any], **terms: Any) -> dict[str, Any]:
        """As the acquirer tells it."""
        return dict(self.shop.gateway.sandbox("POST", self._path(payment), terms))

    def decide(
        self, payment: Mapping[str, Any], there: Mapping[str, Any], state: str, **more: Any
    ) -> None:
        path = f"{self._path(payment)}/{there['id']}/state"
        self.shop.gateway.sandbox("POST", path, {"state": state, **more})

    def open_answer(self, payment: Mapping[str, Any]) -> dict[str, Any]:
        """What the acquirer was told of this payment's only dispute."""
        path = f"/control/acquirers/{self.acquirer.name}/payments"
        payments = self.shop.gateway.sandbox("GET", path)["payments"]
        mine = next(one for one in payments if one["reference"] == f"{payment['id']}-1")
        return dict(mine["disputes"][0]["answer"])

    def _path(self, payment: Mapping[str, Any]) -> str:
        return f"/control/acquirers/{self.acquirer.name}/payments/{payment['id']}-1/disputes"

    # What the shop's server does

    async def disputed(self, **terms: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """A payment, its dispute at the acquirer, and ours as soon as the webhook has told us."""
        payment = await self.shop.paid()
        there = self.open(payment, **terms)
        return payment, there, await self.known(payment)

    async def known(self, payment: Mapping[str, Any]) -> dict[str, Any]:
        async def told() -> dict[str, Any] | None:
            answer = await self.shop.partner.get("/v1/disputes", paymentId=payment["id"])
            assert answer.code == "P0000", answer
            return answer.data["disputes"][0] if answer.data["disputes"] else None

        return await until(told, 30, "nobody told us of the dispute")

    async def show(self, dispute: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self.shop.partner.get(f"/v1/disputes/{dispute['id']}")
        assert answer.code == "P0000", answer
        return dict(answer.data)

    async def until_status(self, dispute: Mapping[str, Any], status: str) -> dict[str, Any]:
        async def there() -> dict[str, Any] | None:
            found = await self.show(dispute)
            return found if found["status"] == status else None

        return await until(there, 30, f"{dispute['id']} does not become {status}")

    async def do(
        self, verb: str, dispute: Mapping[str, Any] | str, body: object = None, **options: Any
    ) -> Answer:
        dispute_id = dispute if isinstance(dispute, str) else dispute["id"]
        return await self.shop.partner.post(f"/v1/disputes/{dispute_id}/{verb}", body, **options)

    async def give(
        self, dispute: Mapping[str, Any] | str, content: bytes = PNG, kind: str = "image/png"
    ) -> Answer:
        dispute_id = dispute if isinstance(dispute, str) else dispute["id"]
        headers = {**await self.shop.partner.authorised(), "Content-Type": kind}
        path = f"/v1/disputes/{dispute_id}/files"
        return await self.shop.partner.ask("POST", path, content=content, headers=headers)

    async def answered(self, verb: str, dispute: Mapping[str, Any], body: object = None) -> Answer:
        """Asked until it is no longer on its way."""

        async def over() -> Answer | None:
            answer = await self.do(verb, dispute, body)
            return answer if answer.code != "P0001" else None

        return await until(over, 40, f"{verb} does not end")
