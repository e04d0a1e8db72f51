"""A card provider to talk to and the hand behind the scenes: the sandbox's acquirer, and Stripe's
adapter before localstripe. A faulty proxy stands before both.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import uuid4

import stripe
from standardwebhooks import Webhook

from payments.domain.charge import Operation
from payments.domain.money import Money
from payments.domain.payment import Attempt
from payments.domain.provider import ProviderKind, ProviderProfile
from payments.ports.provider import Provider
from tests.card_factories import make_card, make_order
from tests.contracts.biller_stages import Clock
from tests.contracts.faulty_proxy import FaultyProxy
from tests.localstripe.running_localstripe import KEY, RunningLocalstripe
from tests.sandbox.running_sandbox import SECRETS, WEBHOOK_SECRETS, RunningSandbox

SETTLES_WITHIN: Final = timedelta(seconds=30)
STRIPE_HOOKS: Final = ("whsec_of_the_rotation", "whsec_of_today")
AMOUNT: Final = Money(12_345, "EUR")
RETURN_URL: Final = "https://shop.example/back"


class Story(StrEnum):
    """Cards that every provider has, by what becomes of a payment with them."""

    SUCCEEDS = "succeeds"
    DECLINED = "declined"
    CHALLENGE = "challenge, then succeeds"
    CHALLENGE_DECLINED = "challenge, then declined"


SANDBOX_NUMBERS: Final = {
    Story.SUCCEEDS: "4242424242424242",
    Story.DECLINED: "4000000000000002",
    Story.CHALLENGE: "4000000000003220",
    Story.CHALLENGE_DECLINED: "4000008400001629",
}
# localstripe declines others only while a card is kept for a customer.
STRIPE_NUMBERS: Final = SANDBOX_NUMBERS | {Story.DECLINED: "4000000000000341"}


class Stage(Protocol):
    """A provider to talk to, and the hand behind the scenes that makes it misbehave."""

    clock: Clock
    proxy: FaultyProxy
    # It is silent about how much was captured in a partial capture.
    tells_captures: bool

    @property
    def provider(self) -> Provider: ...
    def token(self, story: Story) -> str: ...
    def answer_challenge(self, reference: str, url: str, *, approve: bool) -> None: ...
    def effects(self, attempt: Attempt, operation: Operation, key: str = "") -> int: ...
    def webhook(self, attempt: Attempt, at: datetime) -> tuple[bytes, dict[str, str]]: ...


def profile(kind: ProviderKind, base_url: str, **changes: Any) -> ProviderProfile:
    sandbox = kind is ProviderKind.SANDBOX
    described = ProviderProfile(
        id="NORTH" if sandbox else "STRIPE",
        kind=kind,
        base_url=base_url,
        secret=SECRETS["NORTH"] if sandbox else KEY,
        webhook_secrets=(WEBHOOK_SECRETS["SOUTH"], WEBHOOK_SECRETS["NORTH"])
        if sandbox
        else STRIPE_HOOKS,
        settles_within=SETTLES_WITHIN,
        authorization_lasts=timedelta(days=7),
        # localstripe books every repeat again, whatever its key.
        honours_idempotency_keys=sandbox,
    )
    return replace(described, **changes)


def new_attempt(stage: Stage, story: Story = Story.SUCCEEDS, **changes: Any) -> Attempt:
    """A first attempt of a fresh payment with the card of this story."""
    now = datetime.now(UTC)
    challenge = changes.pop("challenge", False)
    token = stage.token(story)
    aliases = {"sandbox": token, "stripe": token}
    order = make_order(
        amount=AMOUNT,
        card=make_card(token=token, aliases=aliases),
        created_at=now,
        deadline=now + timedelta(minutes=1),
        return_url=RETURN_URL,
        **changes,
    )
    return Attempt(order, 1, "NORTH", challenge)


@dataclass
class SandboxStage:
    sandbox: RunningSandbox
    provider: Provider
    proxy: FaultyProxy
    clock: Clock
    tells_captures: bool = True

    def token(self, story: Story) -> str:
        card = {"number": SANDBOX_NUMBERS[story], "expMonth": 12, "expYear": 2034, "cvc": "123"}
        answer = self.sandbox.acquirer.post(
            "/vault/tokens", json={"clientToken": uuid4().hex, **card}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["paymentMethodToken"])

    def answer_challenge(self, reference: str, url: str, *, approve: bool) -> None:
        # The page's own form, as a browser would send it.
        decision = "approve" if approve else "fail"
        answer = self.sandbox.acquirer.post(url, data={"decision": decision})
        assert answer.status_code == 303, answer.text

    def effects(self, attempt: Attempt, operation: Operation, key: str = "") -> int:
        """From the journal: what the acquirer wrote down before it answered."""
        lines = [json.loads(line) for line in self.sandbox.journal_path.read_text().splitlines()]
        mine = {
            line["id"]
            for line in lines
            if line["kind"] == "opened" and line["order"]["reference"] == attempt.reference
        }
        if operation is Operation.AUTHORIZE:
            return len(mine)
        kind = {"capture": "captured", "void": "voided", "refund": "refunded"}[operation]
        return sum(
            line["kind"] == kind
            and line["id"] in mine
            and (operation is Operation.VOID or line["reference"] == key)
            for line in lines
        )

    def webhook(self, attempt: Attempt, at: datetime) -> tuple[bytes, dict[str, str]]:
        headers = {"Authorization": f"Bearer {SECRETS['NORTH']}"}
        path = f"/acquirers/NORTH/payments/{attempt.reference}"
        payment = self.sandbox.acquirer.get(path, headers=headers).json()
        event_id = f"evt_{uuid4().hex}"
        data = {"acquirer": "NORTH", "payment": payment}
        body = json.dumps(
            {"type": "payment.updated", "id": event_id, "timestamp": at.isoformat(), "data": data}
        )
        signature = Webhook(WEBHOOK_SECRETS["NORTH"]).sign(event_id, at, body)
        return body.encode(), {
            "Webhook-Id": event_id,
            "Webhook-Timestamp": str(int(at.timestamp())),
            "Webhook-Signature": signature,
        }


@dataclass
class StripeStage:
    localstripe: RunningLocalstripe
    provider: Provider
    proxy: FaultyProxy
    clock: Clock
    tells_captures: bool = False

    def token(self, story: Story) -> str:
        return self.localstripe.payment_method(STRIPE_NUMBERS[story])

    def answer_challenge(self, reference: str, url: str, *, approve: bool) -> None:
        self.localstripe.answer_challenge(reference, success=approve)

    def effects(self, attempt: Attempt, operation: Operation, key: str = "") -> int:
        if operation is Operation.REFUND:
            return len(self.localstripe.named("refunds", key))
        states = [
            row["status"] for row in self.localstripe.named("payment_intents", attempt.reference)
        ]
        match operation:
            case Operation.CAPTURE:
                return states.count("succeeded")
            case Operation.VOID:
                return states.count("canceled")
            case Operation.AUTHORIZE:
                return len(states)

    def webhook(self, attempt: Attempt, at: datetime) -> tuple[bytes, dict[str, str]]:
        (intent,) = self.localstripe.named("payment_intents", attempt.reference)
        event = {
            "id": f"evt_{uuid4().hex}",
            "object": "event",
            "type": f"payment_intent.{intent['status']}",
            "created": int(at.timestamp()),
            "data": {"object": intent},
        }
        body = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(
            body, STRIPE_HOOKS[1], int(at.timestamp())
        )
        return body.encode(), {"Stripe-Signature": signature}
