"""How the pretend issuer decides: from the card, the order and what the control door told."""

from datetime import datetime, timedelta

from sandbox.acquirer.behaviour import Behaviour, Instruction
from sandbox.acquirer.cards import (
    AUTHENTICATION_CANCELED,
    AUTHENTICATION_FAILED,
    AUTHENTICATION_UNAVAILABLE,
    Card,
    ThreeDsProfile,
    decline_for,
)
from sandbox.acquirer.entries import (
    NOT_AUTHENTICATED,
    Challenge,
    Decline,
    Order,
    PaymentState,
    ThreeDs,
    Verdict,
)
from sandbox.acquirer.names import new_name

VERSION = "2.2.0"
FAILED = ThreeDs("failed", VERSION)


def first(
    order: Order, card: Card, instruction: Instruction, *, moment: datetime, challenge_ms: int
) -> Verdict:
    """The verdict on a payment that has just come in."""
    if instruction.behaviour is Behaviour.DECLINE:
        return _declined(decline_for(instruction.reason))
    if card.three_ds is ThreeDsProfile.UNAVAILABLE:
        return _declined(AUTHENTICATION_UNAVAILABLE, FAILED)
    if card.three_ds is ThreeDsProfile.FRICTIONLESS:
        return authenticated(order, card, _passed("frictionless", card), instruction, moment)
    if card.three_ds is ThreeDsProfile.ALWAYS or order.three_ds == "required":
        expires_at = moment + timedelta(milliseconds=challenge_ms)
        challenge = Challenge(new_name("chl"), expires_at)
        return Verdict(PaymentState.CHALLENGE, challenge=challenge)
    return authenticated(order, card, NOT_AUTHENTICATED, instruction, moment)


def authenticated(
    order: Order, card: Card, three_ds: ThreeDs, instruction: Instruction, moment: datetime
) -> Verdict:
    """The verdict when nothing stands between the order and the issuer any more."""
    if card.decline is not None and not (card.soft and three_ds.result == "challenged"):
        return _declined(card.decline, three_ds)
    due_at = moment + timedelta(milliseconds=instruction.delay_ms)
    match instruction.behaviour:
        case Behaviour.SLOW | Behaviour.PENDING:
            return Verdict(PaymentState.PENDING, three_ds, due_at=due_at)
        case Behaviour.CONTRADICT:
            decline = decline_for(instruction.reason)
            return Verdict(PaymentState.DECLINED, three_ds, decline, due_at=due_at)
        case _:
            return granted(order, three_ds)


def granted(order: Order, three_ds: ThreeDs) -> Verdict:
    state = PaymentState.CAPTURED if order.capture else PaymentState.AUTHORIZED
    return Verdict(state, three_ds)


def approved(order: Order, card: Card, moment: datetime) -> Verdict:
    """The customer has passed the challenge."""
    return authenticated(order, card, _passed("challenged", card), card.instruction, moment)


def failed() -> Verdict:
    return _declined(AUTHENTICATION_FAILED, FAILED)


def canceled() -> Verdict:
    return _declined(AUTHENTICATION_CANCELED, FAILED)


def expired() -> Verdict:
    return Verdict(PaymentState.EXPIRED, FAILED)


def _passed(result: str, card: Card) -> ThreeDs:
    eci = "02" if card.brand == "mastercard" else "05"
    return ThreeDs("frictionless" if result == "frictionless" else "challenged", VERSION, eci)


def _declined(decline: Decline, three_ds: ThreeDs = NOT_AUTHENTICATED) -> Verdict:
    return Verdict(PaymentState.DECLINED, three_ds, decline)
