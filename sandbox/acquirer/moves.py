"""What somebody at the acquirer can do to a payment by hand, behind everybody's back."""

from sandbox.acquirer import verdicts
from sandbox.acquirer.desk import Desk, wrong_state
from sandbox.acquirer.entries import Decided, PaymentState, RefundState, Verdict
from sandbox.acquirer.methods import CODE
from sandbox.acquirer.payments import UNDECIDED, Payment
from sandbox.answers import Refused, invalid
from sandbox.moments import now

_MONEY = frozenset({PaymentState.AUTHORIZED, PaymentState.CAPTURED})
_OPEN = UNDECIDED | {PaymentState.AUTHORIZED}
_CLOSED = frozenset({PaymentState.DECLINED, PaymentState.VOIDED, PaymentState.EXPIRED})
# From where each state can be reached. A success after a "no" is the contradiction that happens.
MOVES = {
    PaymentState.AUTHORIZED: UNDECIDED | _CLOSED,
    PaymentState.CAPTURED: _OPEN | _CLOSED,
    PaymentState.DECLINED: _OPEN,
    PaymentState.VOIDED: _OPEN,
    PaymentState.EXPIRED: _OPEN,
}


def move(desk: Desk, payment: Payment, state: PaymentState, reason: str) -> None:
    if state not in MOVES:
        raise invalid("state", f"must be one of {', '.join(MOVES)}")
    taken = payment.captured_minor > 0
    if payment.order.method == CODE and state in _MONEY:
        raise invalid("state", "money for a code comes by itself: see receipts")
    if payment.state not in MOVES[state] or (taken and state is not PaymentState.CAPTURED):
        raise wrong_state(payment)
    if state is PaymentState.VOIDED:
        desk.void(payment, None)
        return
    desk.books.enter(Decided(now(), payment.id, _verdict(desk, payment, state, reason)))


def move_refund(desk: Desk, payment: Payment, reference: str, state: RefundState) -> None:
    """Only a pending refund is still to be decided."""
    refund = payment.refund_named(reference)
    if refund is None:
        raise Refused(404, "REFUND_NOT_FOUND")
    if state is RefundState.PENDING:
        raise invalid("state", "must be SUCCEEDED or FAILED")
    if refund.state is not RefundState.PENDING:
        raise Refused(409, "WRONG_STATE", state=refund.state)
    desk.decide_refund(payment, refund.refund_id, state)


def _verdict(desk: Desk, payment: Payment, state: PaymentState, reason: str) -> Verdict:
    payer = desk.payer_of(payment)
    match state:
        case PaymentState.DECLINED:
            return Verdict(state, payment.three_ds, payer.decline_named(reason))
        case PaymentState.EXPIRED:
            return verdicts.expired(payer)
        case _:
            return Verdict(state, payment.three_ds)
