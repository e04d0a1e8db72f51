"""How the pretend issuer or bank decides: from itself, the order and what the control door told."""

from datetime import datetime, timedelta

from sandbox.acquirer.behaviour import Behaviour, Instruction
from sandbox.acquirer.entries import Challenge, Order, PaymentState, ThreeDs, Verdict
from sandbox.acquirer.names import new_name
from sandbox.acquirer.payer import Payer
from sandbox.acquirer.payments import Payment

# What the control door says of an authorisation waits for the customer's answer with these.
_AFTER_APPROVAL = frozenset({Behaviour.PENDING, Behaviour.CONTRADICT})


def first(
    order: Order, payer: Payer, instruction: Instruction, *, moment: datetime, challenge_ms: int
) -> Verdict:
    """The verdict on a payment that has just come in."""
    if instruction.behaviour is Behaviour.DECLINE:
        return declined_by(payer, instruction)
    match payer.opening(order):
        case Verdict() as ended:
            return ended
        case ThreeDs() as three_ds:
            return authenticated(order, payer, three_ds, instruction, moment)
        case None:
            then = instruction if instruction.behaviour in _AFTER_APPROVAL else None
            expires_at = moment + timedelta(milliseconds=challenge_ms)
            challenge = Challenge(new_name("chl"), expires_at, payer.page, then)
            return Verdict(PaymentState.CHALLENGE, challenge=challenge)


def authenticated(
    order: Order, payer: Payer, three_ds: ThreeDs, instruction: Instruction, moment: datetime
) -> Verdict:
    """The verdict when nothing stands between the order and the payer any more."""
    objection = payer.objection(three_ds)
    if objection is not None:
        return Verdict(PaymentState.DECLINED, three_ds, objection)
    due_at = moment + timedelta(milliseconds=instruction.delay_ms)
    match instruction.behaviour:
        case Behaviour.SLOW | Behaviour.PENDING:
            return Verdict(PaymentState.PENDING, three_ds, due_at=due_at)
        case Behaviour.CONTRADICT:
            decline = payer.decline_named(instruction.reason)
            return Verdict(PaymentState.DECLINED, three_ds, decline, due_at=due_at)
        case _:
            return granted(order, three_ds)


def granted(order: Order, three_ds: ThreeDs) -> Verdict:
    state = PaymentState.CAPTURED if order.capture else PaymentState.AUTHORIZED
    return Verdict(state, three_ds)


def answered(
    payment: Payment, payer: Payer, answer: ThreeDs | Verdict, moment: datetime
) -> Verdict:
    """The customer has approved, or ended it."""
    if isinstance(answer, Verdict):
        return answer
    assert payment.challenge is not None, "somebody was asked"
    instruction = payment.challenge.then or payer.instruction
    return authenticated(payment.order, payer, answer, instruction, moment)


def declined_by(payer: Payer, instruction: Instruction) -> Verdict:
    return Verdict(PaymentState.DECLINED, decline=payer.decline_named(instruction.reason))


def expired(payer: Payer) -> Verdict:
    return Verdict(PaymentState.EXPIRED, payer.unanswered)
