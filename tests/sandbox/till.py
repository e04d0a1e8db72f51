"""A shop at the acquirers' doors: a card put in the vault, and the few calls about its money."""

import time
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx2

from sandbox.acquirer.codes import SCHEMES
from tests.sandbox.running_sandbox import SECRETS, RunningSandbox

VISA = "4242424242424242"
_payments = count(1)


class Till:
    def __init__(self, sandbox: RunningSandbox, acquirer: str = "NORTH") -> None:
        self.sandbox = sandbox
        self.acquirer = acquirer
        self.http = sandbox.acquirer
        self._headers = {"Authorization": f"Bearer {SECRETS[acquirer]}"}
        self._root = f"/acquirers/{acquirer}/payments"

    # Cards and payments.

    def type_card(self, number: str, **changes: Any) -> httpx2.Response:
        cvc = "1234" if number.startswith("3782") else "123"
        typed = {"clientToken": "ct_1", "number": number, "expMonth": 12, "expYear": 2034}
        return self.http.post("/vault/tokens", json=typed | {"cvc": cvc} | changes)

    def token(self, number: str = VISA) -> str:
        answer = self.type_card(number)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["paymentMethodToken"])

    def order(self, number: str = VISA, **changes: Any) -> dict[str, Any]:
        return {
            "reference": f"pay_{next(_payments)}-1",
            "amount": "10.00",
            "currency": "USD",
            "capture": False,
            "method": self.token(number),
            "payee": "partner_1",
            "threeDS": "auto",
        } | changes

    def authorize(
        self, order: dict[str, Any], *, key: str | None = None, **options: Any
    ) -> httpx2.Response:
        return self._post("", order, key or order["reference"], **options)

    def paid(self, number: str = VISA, **changes: Any) -> dict[str, Any]:
        """A new payment, as it was answered."""
        answer = self.authorize(self.order(number, **changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def sent_to_bank(self, bank: str | None = "SUNNY", **changes: Any) -> dict[str, Any]:
        """A new payment at a bank, as it was answered; without one the customer chooses."""
        answer = self.authorize(self.bank_order(bank, **changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def bank_order(self, bank: str | None = "SUNNY", **changes: Any) -> dict[str, Any]:
        order = {
            "reference": f"pay_{next(_payments)}-1",
            "amount": "10.00",
            "currency": "GBP",
            "capture": True,
            "method": "bank_redirect",
            "country": "GB",
            "payee": "partner_1",
            "returnUrl": "http://shop.example/return?order=7",
        }
        return order | ({"bank": bank} if bank else {}) | changes

    def shown(self, country: str = "BR", **changes: Any) -> dict[str, Any]:
        """A new payment by a code, as it was answered."""
        answer = self.authorize(self.code_order(country, **changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def code_order(self, country: str = "BR", **changes: Any) -> dict[str, Any]:
        return {
            "reference": f"pay_{next(_payments)}-1",
            "amount": "10.00",
            "currency": SCHEMES[country].currency,
            "capture": True,
            "method": "code",
            "country": country,
            "payee": "partner_1",
        } | changes

    def pay(self, payment: dict[str, Any], amount: str) -> httpx2.Response:
        """What the customer's app sends."""
        return self.http.post(payment["challenge"]["url"], data={"amount": amount})

    def ask(self, reference: str, **options: Any) -> httpx2.Response:
        return self.http.get(f"{self._root}/{reference}", headers=self._headers, **options)

    def state(self, reference: str) -> str:
        return str(self.ask(reference).json()["state"])

    def capture(
        self,
        payment: str,
        reference: str,
        amount: str,
        *,
        final: bool = False,
        key: str | None = None,
        **options: Any,
    ) -> httpx2.Response:
        body = {"reference": reference, "amount": amount, "final": final}
        key = key or f"{payment}:{reference}"
        return self._post(f"/{payment}/captures", body, key, **options)

    def void(self, payment: str, **options: Any) -> httpx2.Response:
        return self._post(f"/{payment}/void", {}, f"{payment}:void", **options)

    def refund(
        self,
        payment: str,
        reference: str,
        amount: str,
        *,
        key: str | None = None,
        receipt: str | None = None,
        **options: Any,
    ) -> httpx2.Response:
        body = {"reference": reference, "amount": amount} | (
            {"receipt": receipt} if receipt is not None else {}
        )
        key = key or f"{payment}:{reference}"
        return self._post(f"/{payment}/refunds", body, key, **options)

    def vault(self, token: str) -> httpx2.Response:
        return self.http.get(f"/vault/tokens/{token}", headers=self._headers)

    def books(self) -> dict[str, Any]:
        answer = self.http.get(f"/acquirers/{self.acquirer}/books", headers=self._headers)
        return dict(answer.json()["totals"])

    def decide(self, payment: dict[str, Any], decision: str) -> httpx2.Response:
        return self.http.post(payment["challenge"]["url"], data={"decision": decision})

    def choose(self, payment: dict[str, Any], bank: str) -> httpx2.Response:
        return self.http.post(payment["challenge"]["url"], data={"bank": bank})

    # Disputes.

    def dispute(self, payment: str, **body: Any) -> dict[str, Any]:
        """Opened by hand, as it was answered."""
        answer = self.sandbox.control.post(self._by_hand(payment), json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def decide_dispute(self, dispute: dict[str, Any], state: str, **body: Any) -> httpx2.Response:
        path = f"{self._by_hand(dispute['payment'])}/{dispute['id']}/state"
        return self.sandbox.control.post(path, json={"state": state, **body})

    def ask_dispute(self, dispute_id: str) -> httpx2.Response:
        path = f"/acquirers/{self.acquirer}/disputes/{dispute_id}"
        return self.http.get(path, headers=self._headers)

    def give_file(
        self, dispute_id: str, content: bytes, kind: str = "image/png", key: str = "f-1"
    ) -> httpx2.Response:
        return self.http.post(
            f"/acquirers/{self.acquirer}/disputes/{dispute_id}/files",
            content=content,
            headers=self._headers | {"Idempotency-Key": key, "Content-Type": kind},
        )

    def answer(self, dispute_id: str, verb: str, body: Any, **options: Any) -> httpx2.Response:
        path = f"/acquirers/{self.acquirer}/disputes/{dispute_id}/{verb}"
        return self.http.post(path, json=body, headers=self._headers, **options)

    def _by_hand(self, payment: str) -> str:
        return f"/control/acquirers/{self.acquirer}/payments/{payment}/disputes"

    # The hand behind the scenes.

    def tell(self, behaviour: str = "ordinary", **more: Any) -> None:
        path = f"/control/acquirers/{self.acquirer}"
        answer = self.sandbox.control.post(path, json={"behaviour": behaviour, **more})
        assert answer.status_code == 200, answer.text

    def move(self, payment: str, state: str) -> httpx2.Response:
        path = f"/control/acquirers/{self.acquirer}/payments/{payment}/state"
        return self.sandbox.control.post(path, json={"state": state})

    def effects(self, payment: str) -> list[tuple[str, str]]:
        """What was booked for a payment, as (effect, amount)."""
        return [(row["effect"], row["amount"]) for row in self.journal(payment)["effects"]]

    def arrivals(self, payment: str) -> list[dict[str, Any]]:
        return self.journal(payment)["arrivals"]

    def journal(self, payment: str) -> dict[str, list[dict[str, Any]]]:
        asked = {"acquirer": self.acquirer, "reference": payment}
        return dict(self.sandbox.control.get("/journal", params=asked).json())

    def events(self, payment: str) -> list[dict[str, Any]]:
        """The newest first."""
        asked = {"acquirer": self.acquirer, "reference": payment}
        answer = self.sandbox.control.get("/control/events", params=asked)
        return list(answer.json()["events"])

    def _post(self, path: str, body: dict[str, Any], key: str, **options: Any) -> httpx2.Response:
        headers = self._headers | {"Idempotency-Key": key}
        return self.http.post(self._root + path, json=body, headers=headers, **options)


def eventually(question: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not question():
        assert time.monotonic() < deadline, f"nothing after {timeout_s} s"
        time.sleep(0.02)


def assert_guarded(page: httpx2.Response) -> None:
    """It can not be framed, kept or scripted, and tells nobody where it was."""
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; base-uri 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text
