"""The issuer's 3DS page: the customer approves, fails or gives up, and is sent back to the shop."""

from typing import ClassVar

from starlette.responses import Response

from sandbox.acquirer.customer_app import POLICY, CustomerDoor, sale_texts
from sandbox.acquirer.entries import Page
from sandbox.acquirer.pages import asset, page
from sandbox.acquirer.payments import Payment
from sandbox.answers import Endpoint


class ChallengeDoor(CustomerDoor):
    at: ClassVar[Page] = Page.CHALLENGE
    bank: ClassVar[str] = "Pretend Bank · 3-D Secure"

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        return [*super().routes(), asset("challenge.css")]

    def _asked(self, payment: Payment, *, status: int) -> Response:
        texts = sale_texts(payment)
        return page("challenge.html", policy=POLICY, status=status, **texts)
