"""A page where the customer answers: an issuer's, a bank's, the own app's; and the way back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.clearing import Clearing
from sandbox.acquirer.desk import Desk
from sandbox.acquirer.entries import Page, PaymentState
from sandbox.acquirer.pages import page
from sandbox.acquirer.payer import Decision
from sandbox.acquirer.payments import Payment
from sandbox.answers import Endpoint, read_content
from sandbox.journal import Journal
from sandbox.moments import written

# Where a form leads is not restricted: browsers hold every redirect behind it against that list,
# and the shop's own redirects are not ours to know.
POLICY = "frame-ancestors 'none'"
_WORDS = {
    PaymentState.DECLINED: "The payment was declined.",
    PaymentState.VOIDED: "The shop has withdrawn this payment.",
    PaymentState.EXPIRED: "The time to confirm this payment is over.",
    PaymentState.PENDING: "You have confirmed this payment. The bank is still deciding.",
}
_CONFIRMED = "You have confirmed this payment."

Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class CustomerDoor(ABC):
    desk: Desk
    journal: Journal
    clearing: Clearing

    at: ClassVar[Page]
    # Over the page.
    bank: ClassVar[str]

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        path = f"/{self.at}/{{challenge}}"
        return [("GET", path, self.show), ("POST", path, self.decide)]

    async def show(self, request: Request) -> Response:
        payment = self._payment(request)
        await self.journal.synced()
        return self._unknown() if payment is None else self._shown(payment)

    async def decide(self, request: Request) -> Response:
        payment = self._payment(request)
        if payment is None:
            return self._unknown()
        form = await form_of(request)
        try:
            self._answered(payment, form)
        except (KeyError, ValueError):
            return self._shown(payment, status=422)
        self.clearing.watch(payment)
        await self.journal.synced()
        return RedirectResponse(self._onward(payment, form) or request.url.path, 303)

    @abstractmethod
    def _asked(self, payment: Payment, *, status: int) -> Response:
        """The page while there is something to answer."""

    def _is_open(self, payment: Payment) -> bool:
        return payment.state is PaymentState.CHALLENGE

    def _answered(self, payment: Payment, form: Form) -> None:
        """Raises KeyError or ValueError for what is no answer.

        A second click, or one after the browser's back button, finds the first one's answer.
        """
        self.desk.answer_challenge(payment, Decision(form["decision"][0]))

    def _onward(self, payment: Payment, form: Form) -> str | None:  # noqa: ARG002
        """Where the answer leads; None: back to this page."""
        return way_back(payment)

    def _payment(self, request: Request) -> Payment | None:
        payment = self.desk.books.challenged(request.path_params["challenge"])
        if payment is None or payment.challenge is None or payment.challenge.page is not self.at:
            return None
        return payment

    def _shown(self, payment: Payment, *, status: int = 200) -> Response:
        if self._is_open(payment):
            return self._asked(payment, status=status)
        words = _WORDS.get(payment.state, _CONFIRMED)
        return self._told(words, status=status, markup=link_back(payment, "Back to the shop"))

    def _unknown(self) -> Response:
        return self._told("There is no such confirmation.", status=404)

    def _told(self, words: str, *, status: int, markup: str = "") -> Response:
        texts = {"words": words, "bank": self.bank}
        return page("decided.html", policy=POLICY, status=status, markup=markup, **texts)


async def form_of(request: Request) -> Form:
    return parse_qs((await read_content(request)).decode("ascii", "replace"))


def sale_texts(payment: Payment) -> dict[str, str]:
    """Who gets how much, and until when it can be answered."""
    order, challenge = payment.order, payment.challenge
    assert challenge is not None, "somebody was asked"
    return {
        "payee": order.payee,
        "amount": amount_written(order.amount_minor, order.currency),
        "currency": order.currency,
        "expires": written(challenge.expires_at),
        "expires_read": f"{challenge.expires_at:%H:%M} UTC",
    }


def way_back(payment: Payment) -> str | None:
    """The shop's page. Anybody can write this query, so the shop must not believe it."""
    if payment.order.return_url is None:
        return None
    parts = urlsplit(payment.order.return_url)
    told = urlencode({"payment": payment.order.reference, "state": payment.state})
    return urlunsplit(parts._replace(query=f"{parts.query}&{told}" if parts.query else told))


def link_back(payment: Payment, words: str) -> str:
    back = way_back(payment)
    return f'<p><a href="{escape(back)}">{escape(words)}</a></p>' if back is not None else ""
