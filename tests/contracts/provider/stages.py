"""A card provider to talk to and the hand behind the scenes: the sandbox's acquirer and Stripe's
adapter, each behind a faulty proxy, and the fake of the workflows' tests.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import uuid4

import stripe
from standardwebhooks import Webhook

from payments.domain.card import Decline
from payments.domain.charge import Answer, Operation
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payment import Attempt
from payments.domain.provider import ProviderKind, ProviderProfile
from payments.ports.provider import Provider
from tests.card_factories import make_card, make_order
from tests.contracts.biller_stages import Clock
from tests.contracts.provider.faulty_proxy import SILENT, Fault, FaultyProxy
from tests.fake_provider import FakeProvider
from tests.localstripe.running_localstripe import KEY, RunningLocalstripe
from tests.provider_script import How
from tests.sandbox.running_sandbox import SECRETS, WEBHOOK_SECRETS, RunningSandbox

SETTLES_WITHIN: Final = timedelta(seconds=30)
STRIPE_HOOKS: Final = ("whsec_of_the_rotation", "whsec_of_today")
AMOUNT: Final = Money(12_345, "EUR")
EVENT: Final = "evt_of_this_test"
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
    # Whether it says how much a partial capture took.
    tells_captures: bool

    @property
    def provider(self) -> Provider: ...
    def token(self, story: Story) -> str: ...
    def spoil(self, fault: Fault, operation: Operation) -> None: ...
    async def disappear(self) -> None: ...
    def answer_challenge(self, attempt: Attempt, asked: Answer, *, approve: bool) -> None: ...
    def effects(self, attempt: Attempt, operation: Operation, key: str = "") -> int: ...


class AdapterStage(Stage, Protocol):
    """An adapter speaks of cards and hears webhooks besides."""

    proxy: FaultyProxy

    def webhook(self, attempt: Attempt, at: datetime) -> bytes: ...
    def signed(self, body: bytes, at: datetime) -> dict[str, str]: ...


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
        deadline=datetime.max.replace(tzinfo=UTC),
        return_url=RETURN_URL,
        **changes,
    )
    return Attempt(order, 1, "NORTH", challenge)


@dataclass
class BehindProxy:
    """What is spoiled the same way, whoever stands behind the proxy."""

    patient: Provider
    # For calls of which nothing will be heard.
    impatient: Provider
    proxy: FaultyProxy
    clock: Clock

    @property
    def provider(self) -> Provider:
        return self.impatient if self.proxy.next in SILENT else self.patient

    def spoil(self, fault: Fault, operation: Operation) -> None:
        self.proxy.next = fault

    async def disappear(self) -> None:
        await self.proxy.stop()


@dataclass
class SandboxStage(BehindProxy):
    sandbox: RunningSandbox
    tells_captures: bool = True

    def token(self, story: Story) -> str:
        card = {"number": SANDBOX_NUMBERS[story], "expMonth": 12, "expYear": 2034, "cvc": "123"}
        answer = self.sandbox.acquirer.post(
            "/vault/tokens", json={"clientToken": uuid4().hex, **card}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["paymentMethodToken"])

    def answer_challenge(self, attempt: Attempt, asked: Answer, *, approve: bool) -> None:
        # The page's own form, as a browser would send it.
        assert asked.challenge is not None
        decision = {"decision": "approve" if approve else "fail"}
        answer = self.sandbox.acquirer.post(asked.challenge.url, data=decision)
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

    def webhook(self, attempt: Attempt, at: datetime) -> bytes:
        headers = {"Authorization": f"Bearer {SECRETS['NORTH']}"}
        path = f"/acquirers/NORTH/payments/{attempt.reference}"
        payment = self.sandbox.acquirer.get(path, headers=headers).json()
        data = {"acquirer": "NORTH", "payment": payment}
        event = {"type": "payment.updated", "id": EVENT, "timestamp": at.isoformat(), "data": data}
        return json.dumps(event).encode()

    def signed(self, body: bytes, at: datetime) -> dict[str, str]:
        return {
            "Webhook-Id": EVENT,
            "Webhook-Timestamp": str(int(at.timestamp())),
            "Webhook-Signature": Webhook(WEBHOOK_SECRETS["NORTH"]).sign(EVENT, at, body.decode()),
        }


@dataclass
class StripeStage(BehindProxy):
    localstripe: RunningLocalstripe
    tells_captures: bool = False

    def token(self, story: Story) -> str:
        return self.localstripe.payment_method(STRIPE_NUMBERS[story])

    def answer_challenge(self, attempt: Attempt, asked: Answer, *, approve: bool) -> None:
        assert asked.reference is not None
        self.localstripe.answer_challenge(asked.reference, success=approve)

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

    def webhook(self, attempt: Attempt, at: datetime) -> bytes:
        (intent,) = self.localstripe.named("payment_intents", attempt.reference)
        event = {
            "id": EVENT,
            "object": "event",
            "type": f"payment_intent.{intent['status']}",
            "created": int(at.timestamp()),
            "data": {"object": intent},
        }
        return json.dumps(event).encode()

    def signed(self, body: bytes, at: datetime) -> dict[str, str]:
        header = stripe.WebhookSignature.generate_signature_header(
            body.decode(), STRIPE_HOOKS[1], int(at.timestamp())
        )
        return {"Stripe-Signature": header}


DECLINED: Final = Decline(Code.DO_NOT_HONOR, "05", "05")
FAKE_STORIES: Final[dict[Story, How | Decline]] = {
    Story.DECLINED: DECLINED,
    Story.CHALLENGE: How.CHALLENGE,
    Story.CHALLENGE_DECLINED: How.CHALLENGE,
}
FAKE_FAULTS: Final = {
    Fault.LOSE_REQUEST: How.LOSE_REQUEST,
    Fault.BUSY: How.TOO_BUSY,
}


@dataclass
class FakeStage:
    provider: FakeProvider
    clock: Clock
    tells_captures: bool = True
    # Its cards are a script: the story of the last token that was asked for.
    story: Story = Story.SUCCEEDS

    def token(self, story: Story) -> str:
        self.story = story
        if story in FAKE_STORIES:
            self.provider.takes(FAKE_STORIES[story])
        return f"tok_{uuid4().hex}"

    def spoil(self, fault: Fault, operation: Operation) -> None:
        self.provider.takes(FAKE_FAULTS.get(fault, How.LOSE_ANSWER), operation=operation)

    async def disappear(self) -> None:
        self.provider.unreachable = True

    def answer_challenge(self, attempt: Attempt, asked: Answer, *, approve: bool) -> None:
        if not approve:
            self.provider.decline(attempt.reference)
        elif self.story is Story.CHALLENGE_DECLINED:
            self.provider.decline(attempt.reference, DECLINED)
        else:
            self.provider.approve(attempt.reference)

    def effects(self, attempt: Attempt, operation: Operation, key: str = "") -> int:
        name = key or attempt.reference
        verbs = {Operation.AUTHORIZE: ("take", "reserve")}.get(operation, (operation.value,))
        lines = [line.split() for line in self.provider.effects]
        return sum(line[0] in verbs and line[1] == name for line in lines)
