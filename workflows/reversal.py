"""Send back what moved after we had said that it would not, or in another amount than we asked for.

webhook, or the payment itself -> seen -> payments.unwanted -> providers.ask
    reserved -> providers.void -----------------------------> payments.late, payments.reversed
    captured -> payments.late -> providers.refund, until known -> payments.reversed
    nothing, or the payment wants it -> nothing

It can be started whenever there is a doubt: it asks the record and the provider before it moves
anything, and each of its steps has one key for ever.
"""

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import TypedSearchAttributes
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from activities.payments import PaymentActivities
from payments.domain import ids
from payments.domain.card_steps import GiveBack, LateMoney
from payments.domain.charge import Answer, Operation, Question
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from workflows import asking, charging, record
from workflows.asking import Bell
from workflows.door import door
from workflows.starting import found_by, operation
from workflows.uncancelled import to_its_end


def reversal_operation(
    attempt: Attempt, task_queue: str
) -> WithStartWorkflowOperation["Reversal", bool]:
    """How a reversal is started from outside: together with its first update, `seen`.

    Start it whenever a provider may hold money that its payment does not want.
    """
    return operation(
        Reversal.run,
        attempt,
        id=ids.reversal(attempt.reference),
        task_queue=task_queue,
        attributes=_attributes(attempt),
        summary=_summary(attempt),
        can_run_again=True,
    )


async def send_back(attempt: Attempt) -> None:
    """How a payment starts one of its own: it goes on when the payment has ended."""
    try:
        await workflow.start_child_workflow(
            Reversal.run,
            attempt,
            id=ids.reversal(attempt.reference),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            search_attributes=_attributes(attempt),
            static_summary=_summary(attempt),
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("reversal.already_running")


@workflow.defn(name="Reversal")
class Reversal:
    @workflow.init
    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._bell = Bell()
        self._found: bool | None = None

    @workflow.run
    async def run(self, attempt: Attempt) -> bool:  # noqa: ARG002 read by __init__
        """Whether there was anything to send back."""
        await to_its_end(self._story())
        self._found = self._found or False
        workflow.set_current_details("sent back" if self._found else "nothing to send back")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._found

    async def _story(self) -> None:
        if await record.write(PaymentActivities.unwanted, self._attempt, "is it unwanted"):
            await self._send_back()

    async def _send_back(self) -> None:
        held = await self._held()
        if held is not None and not held.captured:
            voided = await charging.void(self._attempt)
            if voided.kind is OutcomeKind.ACCEPTED:
                await self._write_late(held)
                await self._write_reversed(held)
                return
            # It was captured in this very moment.
            held = await self._held()
        if held is not None:
            await self._write_late(held)
            await self._refund(held)
            await self._write_reversed(held)

    async def _held(self) -> LateMoney | None:
        """What the provider has of this attempt. A decision that is still open is waited for."""
        answer = await asking.until_known(charging.asked_after(self._attempt), self._bell)
        if answer.challenge is not None:
            # Nobody will come back from it any more.
            await charging.void(self._attempt)
            answer = await asking.until_known(charging.asked_after(self._attempt), self._bell)
        if answer.kind is not OutcomeKind.ACCEPTED:
            return None
        amount = answer.amount or self._attempt.order.amount
        return LateMoney(self._attempt, amount, answer.captured)

    async def _refund(self, held: LateMoney) -> None:
        key = ids.reversal_refund(self._attempt.reference)
        if (await self._sent_before(key, held.amount)).kind is OutcomeKind.ACCEPTED:
            return
        back = GiveBack(self._attempt, key, held.amount)
        answer = await charging.refund(back, self._bell)
        if answer.kind is not OutcomeKind.ACCEPTED:
            raise ApplicationError(
                f"{self._attempt.provider} does not take {held.amount} back: {answer.detail}",
                type=Code.REFUND_FAILED.value,
                non_retryable=True,
            )

    async def _sent_before(self, key: str, amount: Money) -> Answer:
        """A reversal can be run again, and some providers would refund twice."""
        question = Question(
            self._attempt, Operation.REFUND, self._attempt.order.created_at, key=key, amount=amount
        )
        return await asking.until_known(question, self._bell)

    async def _write_late(self, held: LateMoney) -> None:
        await record.write(PaymentActivities.late, held, "late success")
        self._found = True

    async def _write_reversed(self, held: LateMoney) -> None:
        await record.write(PaymentActivities.reversed, held, "late success went back")

    @door("seen", "Whether late money was found, as soon as it is in the ledger")
    async def seen(self) -> bool:
        self._bell.ring()
        await workflow.wait_condition(lambda: self._found is not None)
        assert self._found is not None
        return self._found


def _attributes(attempt: Attempt) -> TypedSearchAttributes:
    order = attempt.order
    return found_by(order.partner_id, order.amount, provider=attempt.provider)


def _summary(attempt: Attempt) -> str:
    amount = attempt.order.amount
    return f"{amount} {amount.currency} back from {attempt.provider}, if it is there"
