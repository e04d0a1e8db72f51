"""Calls that the contracts of providers make again and again."""

from datetime import UTC, datetime

from payments.domain.charge import Answer, Operation, Question
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from tests.contracts.provider.stages import Stage, new_attempt

PART = Money(5_000, "EUR")


def question(stage: Stage, attempt: Attempt, operation: Operation, key: str = "") -> Question:
    return Question(attempt, operation, sent_by=datetime.now(UTC), key=key, amount=PART)


async def ask(
    stage: Stage, attempt: Attempt, operation: Operation = Operation.AUTHORIZE, key: str = ""
) -> Answer:
    return await stage.provider.inquire(question(stage, attempt, operation, key))


async def authorized(stage: Stage, *, capture: bool) -> Attempt:
    attempt = new_attempt(stage, capture=capture)
    answer = await stage.provider.authorize(attempt)
    assert answer.kind is OutcomeKind.ACCEPTED, answer
    return attempt


async def send(stage: Stage, attempt: Attempt, operation: Operation) -> Answer:
    match operation:
        case Operation.AUTHORIZE:
            return await stage.provider.authorize(attempt)
        case Operation.CAPTURE:
            return await stage.provider.capture(attempt, key="cap_1", amount=PART, final=True)
        case Operation.VOID:
            return await stage.provider.void(attempt)
        case Operation.REFUND:
            key = refund_key(attempt)
            return await stage.provider.refund(attempt, key=key, amount=PART)


async def prepared(stage: Stage, operation: Operation) -> tuple[Attempt, str]:
    """An attempt on which this operation is possible, and the operation's key."""
    if operation is Operation.AUTHORIZE:
        return new_attempt(stage), ""
    attempt = await authorized(stage, capture=operation is Operation.REFUND)
    keys = {Operation.CAPTURE: "cap_1", Operation.VOID: "", Operation.REFUND: refund_key(attempt)}
    return attempt, keys[operation]


def refund_key(attempt: Attempt) -> str:
    return f"re_{attempt.order.payment_id.removeprefix('pay_')}"
