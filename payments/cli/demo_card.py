"""The demo's second scene: one card payment, from the card fields to the ledger."""

import secrets
from typing import Any, Final

import httpx2
from quittance import ClientToken, Payment

from payments.cli.demo_stage import Stage
from payments.domain import ids

AMOUNT: Final = "25.00"
CURRENCY: Final = "USD"
# One of the sandbox's: it succeeds, and its issuer asks for no challenge.
CARD: Final = {"number": "4242424242424242", "expMonth": 12, "expYear": 2034, "cvc": "123"}


async def pay_by_card(stage: Stage) -> None:
    reference = f"DEMO-{secrets.token_hex(4).upper()}"
    async with stage.stack.partner() as quittance:
        shown: ClientToken = await stage.told(
            "fields",
            lambda: quittance.client_tokens.create(AMOUNT, CURRENCY),
            lambda each: f"a customer may type a card until {each.expires_at:%H:%M:%S} UTC",
        )
        method = await stage.told(
            "card",
            lambda: _typed_in_a_browser(stage, shown),
            lambda each: f"the vault keeps its number and gives {each}",
        )
        payment: Payment = await stage.told(
            "pay",
            lambda: quittance.payments.create(AMOUNT, CURRENCY, method, reference),
            lambda each: f"{each.status} as {each.id}",
        )
        if payment.is_pending:
            payment = await stage.told(
                "wait", lambda: quittance.payments.wait(payment), lambda each: each.status
            )
    await stage.told("route", lambda: _routing(stage, payment.id), _told_route)
    await stage.show_engine(ids.payment(payment.id))
    await stage.show_ledger(payment.id)


async def _typed_in_a_browser(stage: Stage, shown: ClientToken) -> str:
    """What the card fields do: the number goes to the vault, and to nobody else."""
    async with httpx2.AsyncClient(base_url=stage.stack.acquirer) as browser:
        typed = {"clientToken": shown.client_token, **CARD}
        answer = await browser.post("/vault/tokens", json=typed)
        answer.raise_for_status()
        return str(answer.json()["paymentMethodToken"])


async def _routing(stage: Stage, payment_id: str) -> dict[str, Any]:
    async with httpx2.AsyncClient(base_url=stage.stack.operator) as operator:
        answer = await operator.get(f"/v1/payments/{payment_id}/routing")
        answer.raise_for_status()
        return dict(answer.json())


def _told_route(told: dict[str, Any]) -> str:
    decision = told["decision"]
    order = " → ".join(decision["providers"])
    sent = ", ".join(f"{each['provider']} {each['outcome']}" for each in told["attempts"])
    return f"rule {decision['rule']} of version {decision['version']}: {order}; {sent}"
