"""Pay a partner's money out to an account or a card.

POST /v1/payouts, or a row of a batch (workflows/payout_row.py), of which nobody hears `begun`:
                 -> begun -> payouts.begin [-> on hold: review by two operators | cancel]
                 -> rails.send [-> unknown, or begun before: payouts.suspend -> rails.ask]
                 -> payouts.move SENT -> told, or time -> rails.look -> PAID | FAILED | RETURNED
By legs:         -> payouts.move SENT -> a Refund or Payout for each -> payouts.conclude

What comes back after it was paid is the story of PayoutReturn.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.exceptions import ApplicationError

from activities.payouts import PayoutActivities
from payments.domain import ids, payout
from payments.domain.codes import Code
from payments.domain.operators import is_operator
from payments.domain.outcome import OutcomeKind
from payments.domain.payout import (
    Leg,
    PayoutAnswer,
    PayoutFact,
    PayoutOrder,
    PayoutReview,
    PayoutStatus,
    Reviewed,
)
from payments.domain.rail import TransferAnswer, TransferState
from payments.temporal import PAY_STATE
from workflows import payout_legs, record, transferring
from workflows.asking import Bell, known_at, look_at
from workflows.door import door, refusal
from workflows.starting import operation, payout_found_by, payout_summary
from workflows.transferring import RAILS
from workflows.uncancelled import to_its_end

# Longer, and the money is the partner's again.
HOLD_LASTS: Final = timedelta(days=7)
# Between the tries of what surely does not leave; meanwhile it can be canceled.
_PAUSES: Final = tuple(timedelta(seconds=each) for each in (5, 15, 60, 300, 900))
# Of a payout that a run had sent which the engine has lost.
_NO_NEWS: Final = TransferAnswer(OutcomeKind.UNKNOWN)
_ENDS: Final = {
    TransferState.PAID: PayoutStatus.PAID,
    TransferState.FAILED: PayoutStatus.FAILED,
    TransferState.RETURNED: PayoutStatus.RETURNED,
}


def payout_operation(
    order: PayoutOrder, task_queue: str
) -> WithStartWorkflowOperation["Payout", PayoutStatus]:
    """How a payout is started, by everybody: together with its first update, `begun`.

    A reference names one payout for ever; only a run that never began may be followed by another.
    """
    return operation(
        Payout.run,
        order,
        id=ids.payout(order.payout_id),
        task_queue=task_queue,
        attributes=payout_found_by(order),
        summary=payout_summary(order),
        details=f"trace `{order.trace}`  \nto `{order.destination_id or order.customer_id}`",
    )


@workflow.defn(name="Payout")
class Payout:
    @workflow.init
    def __init__(self, order: PayoutOrder) -> None:
        self._order = order
        self._bell = Bell()
        # Whoever moves the payout holds it, so that a cancel and a sending never pass each other.
        self._moving = asyncio.Lock()
        self._may_be_out = False
        # By a run that the engine has lost, or a worker that died as it wrote this one down.
        self._may_have_been_sent = False
        self._is_over = False
        self._refused: Code | None = None
        self._payout: payout.Payout | None = None

    @workflow.run
    async def run(self, order: PayoutOrder) -> PayoutStatus:  # noqa: ARG002 read by __init__
        await to_its_end(self._story())
        # Nobody hears the bell any more, so whoever rings it now must not wait for that.
        self._is_over = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._refused is not None:
            # The record knows nothing of it, so the reference is free for another try.
            raise refusal(self._refused)
        workflow.upsert_search_attributes([PAY_STATE.value_set(self._status.value)])
        return self._status

    async def _story(self) -> None:
        answer = await record.write(PayoutActivities.begin, self._order, "set aside")
        self._payout, self._refused = answer.payout, answer.refused
        if self._payout is None:
            return
        self._may_have_been_sent = answer.was_begun and self._status is PayoutStatus.QUEUED
        self._show()
        await self._wait_for_people()
        if answer.legs:
            await self._pay_by_legs(answer.legs)
            return
        answer_of_rail = (
            await self._hand_over() if self._status is not PayoutStatus.SENT else _NO_NEWS
        )
        if answer_of_rail is not None:
            await self._follow(answer_of_rail)

    async def _wait_for_people(self) -> None:
        if self._status is not PayoutStatus.ON_HOLD:
            return
        try:
            await workflow.wait_condition(
                lambda: self._status is not PayoutStatus.ON_HOLD,
                timeout=HOLD_LASTS,
                timeout_summary="two operators approve, or one rejects",
            )
        except TimeoutError:
            async with self._moving:
                if self._status is PayoutStatus.ON_HOLD:
                    await self._move(PayoutStatus.CANCELED, code=Code.HOLD_REJECTED)

    async def _pay_by_legs(self, legs: Sequence[Leg]) -> None:
        async with self._moving:
            # After a worker's death the record may know already that they have begun.
            if self._status is PayoutStatus.CANCELED:
                return
            await self._move(PayoutStatus.SENT)
        await payout_legs.paid(self._order, legs, Payout.run)
        concluded = await record.write(
            PayoutActivities.conclude, self._order, "as its legs have ended"
        )
        self._payout = concluded
        self._show()
        if concluded.status is PayoutStatus.SENT:
            # Its money is still set aside, or in suspense: people have to look.
            raise ApplicationError("a leg was ended by hand", type="LegOpen", non_retryable=True)

    async def _hand_over(self) -> TransferAnswer | None:
        """The rail's word once it has the transfer; None when it never will."""
        tries = 0
        while await self._may_leave():
            answer = await self._sent()
            if answer.kind is OutcomeKind.ACCEPTED:
                await self._move(PayoutStatus.SENT, answer)
                return answer
            if answer.kind is OutcomeKind.DECLINED:
                await self._move(PayoutStatus.FAILED, answer)
                return None
            # The rail surely never had it: the same transfer is handed over again, later.
            self._may_be_out = False
            await self._pause(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1
        return None

    async def _may_leave(self) -> bool:
        """From here on it cannot be canceled, unless the rail surely never had it."""
        async with self._moving:
            self._may_be_out = self._status is PayoutStatus.QUEUED
            return self._may_be_out

    async def _sent(self) -> TransferAnswer:
        if not self._may_have_been_sent:
            answer = await transferring.send(self._order)
            if answer.is_known:
                return answer
        self._may_have_been_sent = False
        await record.write(PayoutActivities.suspend, self._order, "into suspense")
        return await known_at(RAILS, transferring.asked_after(self._order), self._bell)

    async def _pause(self, pause: timedelta) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._status is not PayoutStatus.QUEUED,
                timeout=pause,
                timeout_summary=f"{self._order.rail} did not take it; again then",
            )

    async def _follow(self, answer: TransferAnswer) -> None:
        """Until the rail has said its last word: when somebody rings, and now and then."""
        looks = 0
        while not answer.is_over:
            rung = await self._wait_for_news(looks)
            answer = await look_at(RAILS, transferring.asked_after(self._order))
            if answer.is_over:
                break
            await self._bell.hear(rung)
            looks += 1
        state = answer.state or TransferState.FAILED
        await self._move(_ENDS[state], answer)

    async def _wait_for_news(self, looks: int) -> int:
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._bell.is_rung,
                timeout=transferring.pause_before_look(looks),
                timeout_summary=f"news of {self._order.rail}, or ask",
            )
        return self._bell.rung

    async def _move(
        self,
        status: PayoutStatus,
        answer: TransferAnswer | None = None,
        code: Code | None = None,
        write: record.Write = record.write,
    ) -> None:
        fact = PayoutFact(self._order, status, workflow.now(), code)
        if answer is not None:
            fact = PayoutFact(
                self._order,
                status,
                workflow.now(),
                # A payout that is on its way has no reason why it failed.
                code=None if status in (PayoutStatus.SENT, PayoutStatus.PAID) else _why(answer),
                raw_code=answer.raw,
                rail_reference=answer.reference,
                arrives_at=answer.arrives_at,
            )
        self._payout = await write(PayoutActivities.move, fact, f"now {status}")
        self._show()

    def _show(self) -> None:
        rail = self._order.rail
        way = "back by refunds" if rail is None else f"over {rail}"
        workflow.set_current_details(f"**{self._status}** {way}")

    @property
    def _status(self) -> PayoutStatus:
        assert self._payout is not None, "a payout that was begun"
        return self._payout.status

    # Doors

    @door("begun", "The payout as it begins, or why it does not")
    async def begun(self) -> PayoutAnswer:
        await workflow.wait_condition(lambda: (self._payout or self._refused) is not None)
        return PayoutAnswer(self._payout, self._refused)

    @door("cancel", "The partner wants it back, before it leaves")
    async def cancel(self, trace: str) -> PayoutAnswer:  # noqa: ARG002 for history's readers
        async with self._moving:
            if self._cannot_be_canceled():
                return PayoutAnswer(refused=Code.PAYOUT_STATE)
            await self._move(PayoutStatus.CANCELED, write=record.write_asked)
        return PayoutAnswer(self._payout)

    @cancel.validator
    def _not_out_yet(self, trace: str) -> None:  # noqa: ARG002 a validator takes what its door does
        if self._cannot_be_canceled():
            raise refusal(Code.PAYOUT_STATE)

    def _cannot_be_canceled(self) -> bool:
        if self._payout is None or self._may_be_out:
            return True
        return self._status not in (PayoutStatus.QUEUED, PayoutStatus.ON_HOLD)

    @door("review", "An operator approves or rejects; it takes two to let it go")
    async def review(self, review: PayoutReview) -> PayoutAnswer:
        async with self._moving:
            if self._status is PayoutStatus.ON_HOLD:
                self._payout = await record.write_asked(
                    PayoutActivities.review,
                    Reviewed(self._order, review),
                    f"{'yes' if review.approved else 'no'} from {review.by}",
                )
                self._show()
        return PayoutAnswer(self._payout)

    @review.validator
    def _is_held(self, review: PayoutReview) -> None:
        if not is_operator(review.by):
            raise refusal(Code.FIELD_REFUSED)
        if self._payout is None or self._status is not PayoutStatus.ON_HOLD:
            raise refusal(Code.PAYOUT_STATE)

    @door("told", "A rail's webhook came: ask the rail now")
    async def told(self, event_id: str) -> PayoutAnswer:  # noqa: ARG002 for history's readers
        """As it stands when the rail was asked, or when nothing more can come of it."""
        before, rung = self._payout, self._bell.ring()
        await workflow.wait_condition(
            lambda: self._is_over or self._payout is not before or self._bell.heard >= rung
        )
        return PayoutAnswer(self._payout, self._refused)


def _why(answer: TransferAnswer) -> Code:
    return answer.code or Code.PAYOUT_REJECTED
