"""The API's side of a payment: begin it, capture, cancel, confirm, and never guess.

Not hearing is not a no. What the engine does not say in time the record may know; what neither
knows is P9003, and the same request finds it later.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateStage
from temporalio.workflow import UpdateMethodMultiParam

from api.answers import Refusal
from api.updates import Over, Unheard, heard, started
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.payment import (
    FINAL,
    CaptureOrder,
    Payment,
    PaymentAnswer,
    PaymentOrder,
    PaymentStatus,
)
from payments.ports.payments import Payments
from workflows.any_payment import AnyPayment
from workflows.beginning import begin_operation
from workflows.card_payment import CardPayment

# A payment that nobody waits for any more is not begun. Generous, because it compares our clock
# with the engine's.
PATIENCE: Final = timedelta(seconds=30)
_LOOK: Final = timedelta(seconds=2)
# An answer that is there already is not waited for.
_GLANCE: Final = timedelta(milliseconds=100)
_CHALLENGED: Final = frozenset({PaymentStatus.REQUIRES_ACTION})
_HELD: Final = frozenset({PaymentStatus.AUTHORIZED, PaymentStatus.PARTIALLY_CAPTURED})
_OPEN: Final = _HELD | _CHALLENGED | {PaymentStatus.REVIEW}

Argument = TypeVar("Argument")


@dataclass(frozen=True, slots=True)
class _Ask(Generic[Argument]):
    """One call at a door of the payment's workflow. Its id makes two tries of it one."""

    door: UpdateMethodMultiParam[[Any, Argument], PaymentAnswer]
    argument: Argument
    id: str
    # Where the record must say that the payment is, for this to be possible.
    possible_in: frozenset[PaymentStatus]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The payment as it stands. `is_known` is False while what was asked for is under way."""

    payment: Payment
    is_known: bool = True


class PaymentDesk:
    """Every method raises Refusal for a "no". A payment given to one must be the caller's own."""

    def __init__(
        self, client: Client, payments: Payments, *, task_queue: str, wait: timedelta
    ) -> None:
        self._client = client
        self._payments = payments
        self._task_queue = task_queue
        self._wait = wait

    async def create(self, order: PaymentOrder) -> Payment:
        """Begin the payment, or find it: it comes back as the first decision leaves it.

        PROCESSING when the decision takes longer than we wait.
        """
        start = begin_operation(order, self._task_queue)
        try:
            answer = await started(
                *(self._client, start, AnyPayment.decided, order.content),
                # Each request asks anew: a run that was refused keeps its answers for ever, and the
                # next run of this reference is to be heard, not that one.
                update=f"decided:{order.trace}",
                wait=self._wait,
            )
        except (Over, Unheard):
            return await self._asked_before(order, Code.OUTCOME_UNKNOWN)
        if answer.refused is Code.REFERENCE_USED:
            return await self._asked_before(order, Code.REFERENCE_USED)
        payment = _payment_of(answer)
        if payment.trace == order.trace:
            return payment
        # Another request began it, and what was decided then may have moved on.
        return await self._payments.find(order.partner_id, payment.payment_id) or payment

    async def _asked_before(self, order: PaymentOrder, otherwise: Code) -> Payment:
        """Once the record has the payment, it will be finished: show it to who asked for it."""
        found = await self._payments.by_reference(order.partner_id, order.reference)
        if found is None:
            raise Refusal(otherwise, retry_after_s=1 if otherwise is Code.OUTCOME_UNKNOWN else None)
        if found.content != order.content:
            raise Refusal(Code.REFERENCE_USED)
        return found

    async def capture(self, payment: Payment, order: CaptureOrder) -> Outcome:
        """Take all or a part. The same key with the same amount is the same capture."""
        if payment.card_brand is None:
            # Nothing else is ever reserved.
            raise not_possible_in(payment)
        amount = order.amount.minor if order.amount else "all"
        update = f"capture:{order.key}:{amount}:{order.final}".lower()
        return await self._move(payment, _Ask(CardPayment.capture, order, update, _HELD))

    async def cancel(self, payment: Payment, *, key: str, trace: str) -> Outcome:
        """Give back what is reserved. `key` names the request: asked twice, it is one."""
        if payment.status is PaymentStatus.CANCELED:
            return Outcome(payment)
        update = f"cancel:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        return await self._move(payment, _Ask(AnyPayment.cancel, trace, update, _OPEN))

    async def confirm(self, payment: Payment, *, trace: str) -> Outcome:
        """The customer's browser came back: ask the provider now, whatever the browser says."""
        if payment.status not in FINAL:
            try:
                ask = _Ask(AnyPayment.confirm, trace, f"confirm:{trace}", _CHALLENGED)
                return Outcome(await self._answer(payment, ask))
            except Unheard:
                return Outcome(await self._fresh(payment), is_known=False)
            except Over:
                payment = await self._fresh(payment)
        over = payment.status in (PaymentStatus.CANCELED, PaymentStatus.EXPIRED)
        if over or payment.next_action is None:
            raise not_possible_in(payment)
        return Outcome(payment)

    async def _move(self, payment: Payment, ask: _Ask[Argument]) -> Outcome:
        """Ask for something that moves money, and know at least whether it was accepted."""
        if payment.status in FINAL:
            return Outcome(await self._said_before(payment, ask))
        try:
            return Outcome(await self._answer(payment, ask))
        except Over:
            return Outcome(await self._said_before(payment, ask))
        except Unheard:
            return await self._what_became_of(payment, ask)

    async def _answer(self, payment: Payment, ask: _Ask[Argument]) -> Payment:
        handle = self._handle(payment)
        try:
            answer = await heard(
                handle.execute_update(ask.door, ask.argument, id=ask.id, rpc_timeout=self._wait)
            )
        except Refusal as refused:
            await self._must_not_be_behind(payment, ask, refused)
            raise
        return _payment_of(answer)

    async def _must_not_be_behind(
        self, payment: Payment, ask: _Ask[Argument], refused: Refusal
    ) -> None:
        """The record is written a moment before its workflow goes on. When a worker dies in between
        it takes a while, in which the workflow refuses what the partner was told is possible.
        """
        if refused.code is not Code.PAYMENT_STATE:
            return
        if (await self._fresh(payment)).status in ask.possible_in:
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=1) from refused

    async def _what_became_of(self, payment: Payment, ask: _Ask[Argument]) -> Outcome:
        """To send an update again under its id does nothing but tell that it arrived.

        One that the workflow refuses has arrived as well: it is the answer that says so.
        """
        accepted = WorkflowUpdateStage.ACCEPTED
        try:
            sent = await heard(
                self._handle(payment).start_update(
                    ask.door, ask.argument, id=ask.id, wait_for_stage=accepted, rpc_timeout=_LOOK
                )
            )
        except (Over, Unheard) as error:
            raise Refusal(Code.OUTCOME_UNKNOWN, retry_after_s=1) from error
        try:
            return Outcome(_payment_of(await heard(sent.result(rpc_timeout=_GLANCE))))
        except Refusal as refused:
            await self._must_not_be_behind(payment, ask, refused)
            raise
        except (Over, Unheard):
            return Outcome(await self._fresh(payment), is_known=False)

    async def _said_before(self, payment: Payment, ask: _Ask[Argument]) -> Payment:
        """The payment is over. If an earlier try of this very request ended it, say so again."""
        earlier = self._handle(payment).get_update_handle_for(ask.door, ask.id)
        try:
            return _payment_of(await heard(earlier.result(rpc_timeout=_LOOK)))
        except Over as error:
            raise not_possible_in(await self._fresh(payment)) from error
        except Unheard as error:
            raise Refusal(Code.OUTCOME_UNKNOWN, retry_after_s=1) from error

    def _handle(self, payment: Payment) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(ids.payment(payment.payment_id))

    async def _fresh(self, payment: Payment) -> Payment:
        return await self._payments.find(payment.partner_id, payment.payment_id) or payment


def _payment_of(answer: PaymentAnswer) -> Payment:
    if answer.payment is None:
        assert answer.refused is not None, "an answer is a payment or a refusal"
        raise Refusal(answer.refused)
    return answer.payment


def not_possible_in(payment: Payment) -> Refusal:
    return Refusal(Code.PAYMENT_STATE, {"reason": f"the payment is {payment.status}"})
