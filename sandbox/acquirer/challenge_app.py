"""The issuer's 3DS page: the customer approves, fails or gives up, and is sent back to the shop."""

from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.clearing import Clearing
from sandbox.acquirer.desk import Decision, Desk
from sandbox.acquirer.entries import PaymentState
from sandbox.acquirer.pages import asset, page
from sandbox.acquirer.payments import Payment
from sandbox.answers import Endpoint, read_content
from sandbox.journal import Journal
from sandbox.moments import written

# Where a form leads is not restricted: browsers hold every redirect behind it against that list,
# and the shop's own redirects are not ours to know.
_POLICY = "frame-ancestors 'none'"
_WORDS = {
    PaymentState.DECLINED: "The payment was declined.",
    PaymentState.VOIDED: "The shop has withdrawn this payment.",
    PaymentState.EXPIRED: "The time to confirm this payment is over.",
    PaymentState.PENDING: "You have confirmed this payment. The bank is still deciding.",
}
_CONFIRMED = "You have confirmed this payment."


@dataclass(frozen=True, slots=True)
class ChallengeDoor:
    desk: Desk
    journal: Journal
    clearing: Clearing

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        return [
            ("GET", "/challenge/{challenge}", self.show),
            ("POST", "/challenge/{challenge}", self.decide),
            asset("challenge.css"),
        ]

    async def show(self, request: Request) -> Response:
        payment = self._payment(request)
        await self.journal.synced()
        return _unknown() if payment is None else _shown(payment)

    async def decide(self, request: Request) -> Response:
        payment = self._payment(request)
        if payment is None:
            return _unknown()
        chosen = parse_qs((await read_content(request)).decode("ascii", "replace"))
        try:
            decision = Decision(chosen["decision"][0])
        except (KeyError, ValueError):
            return _shown(payment, status=422)
        # A second click, or one after the browser's back button, finds the first one's answer.
        self.desk.answer_challenge(payment, decision)
        self.clearing.watch(payment)
        await self.journal.synced()
        return RedirectResponse(way_back(payment) or request.url.path, 303)

    def _payment(self, request: Request) -> Payment | None:
        return self.desk.books.challenged(request.path_params["challenge"])


def way_back(payment: Payment) -> str | None:
    """The shop's page. Anybody can write this query, so the shop must not believe it."""
    if payment.order.return_url is None:
        return None
    parts = urlsplit(payment.order.return_url)
    told = urlencode({"payment": payment.order.reference, "state": payment.state})
    return urlunsplit(parts._replace(query=f"{parts.query}&{told}" if parts.query else told))


def _shown(payment: Payment, *, status: int = 200) -> Response:
    order, challenge = payment.order, payment.challenge
    assert challenge is not None
    if payment.state is PaymentState.CHALLENGE:
        return page(
            "challenge.html",
            policy=_POLICY,
            status=status,
            payee=order.payee,
            amount=amount_written(order.amount_minor, order.currency),
            currency=order.currency,
            expires=written(challenge.expires_at),
            expires_read=f"{challenge.expires_at:%H:%M} UTC",
        )
    back = way_back(payment)
    link = f'<p><a href="{escape(back)}">Back to the shop</a></p>' if back is not None else ""
    words = _WORDS.get(payment.state, _CONFIRMED)
    return page("decided.html", policy=_POLICY, status=status, markup=link, words=words)


def _unknown() -> Response:
    return page("decided.html", policy=_POLICY, status=404, words="There is no such confirmation.")
