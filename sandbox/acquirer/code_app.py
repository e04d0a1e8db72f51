"""The customer's own app: paste a code or open its link, and pay it; as often and as late as liked.

Like a real one it sends whatever was typed: whether that pays for anything is not its business.
"""

from html import escape
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.codes import challenge_of
from sandbox.acquirer.customer_app import (
    POLICY,
    CustomerDoor,
    Form,
    form_of,
    link_back,
    sale_texts,
)
from sandbox.acquirer.desk import amount_of
from sandbox.acquirer.entries import Page, PaymentState
from sandbox.acquirer.pages import page
from sandbox.acquirer.payments import Payment
from sandbox.answers import Endpoint, Refused
from sandbox.moments import written

_WORDS = {
    PaymentState.CHALLENGE: "Not paid yet.",
    PaymentState.CAPTURED: "This is paid. Whatever you send now is too much.",
    PaymentState.VOIDED: "The shop has withdrawn this. Whatever you send now is too late.",
    PaymentState.EXPIRED: "The time for this is over. Whatever you send now is too late.",
}


class CodeDoor(CustomerDoor):
    at: ClassVar[Page] = Page.CODE
    bank: ClassVar[str] = "A pretend app"

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        return [*super().routes(), ("GET", "/app", self.ask), ("POST", "/app", self.find)]

    async def ask(self, _: Request) -> Response:
        return self._asks("")

    async def find(self, request: Request) -> Response:
        """Where the pasted code leads."""
        code = (await form_of(request)).get("code", [""])[0].strip()
        name = challenge_of(code)
        if name is None or self.desk.books.challenged(name) is None:
            return self._asks("This is no code that can be paid here.", status=422)
        return RedirectResponse(f"/{self.at}/{name}", 303)

    def _asks(self, words: str, *, status: int = 200) -> Response:
        return page("app.html", policy=POLICY, status=status, words=words)

    def _asked(self, payment: Payment, *, status: int) -> Response:
        order = payment.order
        came = "".join(
            f"<li>{escape(amount_written(one.amount_minor, order.currency))} {order.currency},"
            f" <time>{written(one.at)}</time> <code>{one.receipt_id}</code></li>"
            for one in payment.receipts
        )
        return page(
            "code.html",
            policy=POLICY,
            status=status,
            markup=link_back(payment, "Back to the shop"),
            more_markup=came,
            words=_WORDS.get(payment.state, "This cannot be paid."),
            **sale_texts(payment),
        )

    def _is_open(self, payment: Payment) -> bool:  # noqa: ARG002
        return True

    def _answered(self, payment: Payment, form: Form) -> None:
        try:
            self.desk.receive(payment, amount_of(form["amount"][0].strip(), payment.order.currency))
        except Refused as error:
            raise ValueError(error.error) from error

    def _onward(self, payment: Payment, form: Form) -> str | None:  # noqa: ARG002
        """An app stays where it is."""
        return None
