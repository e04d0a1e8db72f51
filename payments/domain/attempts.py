"""What a move or an answer says about the attempt behind it, for the networks' retry rules."""

from dataclasses import dataclass

from payments.domain.card import Decline, DeclineKind, kind_of
from payments.domain.charge import Answer
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import (
    Assessment,
    Attempt,
    Fact,
    PaymentOrder,
    PaymentStatus,
    Verdict,
)
from payments.domain.routing import Decision


@dataclass(frozen=True, slots=True)
class Tried:
    """How an attempt stands; without an outcome it is on its way.

    `kind` is of a decline: NEVER counts against every later payment.
    """

    outcome: OutcomeKind | None = None
    kind: DeclineKind | None = None


def tried(fact: Fact) -> Tried | None:
    """None: this move says nothing about an attempt. Number 0 is that nothing was ever sent."""
    if fact.attempt.number == 0:
        return None
    match fact.status:
        case PaymentStatus.PROCESSING:
            return Tried()
        case PaymentStatus.REQUIRES_ACTION:
            return Tried(OutcomeKind.PENDING)
        case PaymentStatus.AUTHORIZED | PaymentStatus.PARTIALLY_CAPTURED | PaymentStatus.CAPTURED:
            return Tried(OutcomeKind.ACCEPTED)
        case PaymentStatus.FAILED if fact.decline is not None:
            return declined(fact.decline, fact.attempt.order.method.brand)
        case _:
            return None


def answered(attempt: Attempt, answer: Answer) -> Tried:
    if answer.decline is not None:
        return declined(answer.decline, attempt.order.method.brand)
    return Tried(answer.kind)


def declined(decline: Decline, brand: str) -> Tried:
    return Tried(OutcomeKind.DECLINED, kind_of(decline, brand))


def first_attempt(
    order: PaymentOrder, assessment: Assessment, decision: Decision
) -> Attempt | None:
    """What is sent as soon as the payment is begun; None when a person or nobody comes next."""
    if not decision.providers or assessment.verdict not in {Verdict.PASS, Verdict.STEP_UP}:
        return None
    challenge = decision.challenge or assessment.verdict is Verdict.STEP_UP
    return Attempt(order, 1, decision.providers[0], challenge)
