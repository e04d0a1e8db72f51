"""Take back what came back after it was paid.

webhook -> seen -> rails.ask -> returned: payouts.move RETURNED [-> its payout: payouts.conclude]
                             -> anything else: nothing

It can be started whenever there is a doubt: it asks the rail before it moves anything.
"""

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation

from activities.payouts import PayoutActivities
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.payout import PayoutFact, PayoutOrder, PayoutStatus
from payments.domain.rail import TransferState
from workflows import record, transferring
from workflows.asking import Bell, known_at
from workflows.door import door
from workflows.starting import found_by, operation
from workflows.transferring import RAILS
from workflows.uncancelled import to_its_end


def payout_return_operation(
    order: PayoutOrder, task_queue: str
) -> WithStartWorkflowOperation["PayoutReturn", bool]:
    """How it is started: together with its first update, `seen`."""
    amount = order.amount
    return operation(
        PayoutReturn.run,
        order,
        id=ids.payout_return(order.payout_id),
        task_queue=task_queue,
        attributes=found_by(order.partner_id, amount, provider=order.rail),
        summary=f"{amount} {amount.currency} back over {order.rail}, if it came back",
        can_run_again=True,
    )


@workflow.defn(name="PayoutReturn")
class PayoutReturn:
    @workflow.init
    def __init__(self, order: PayoutOrder) -> None:
        self._order = order
        self._bell = Bell()
        self._found: bool | None = None

    @workflow.run
    async def run(self, order: PayoutOrder) -> bool:  # noqa: ARG002 read by __init__
        """Whether it had come back."""
        await to_its_end(self._story())
        workflow.set_current_details("came back" if self._found else "nothing came back")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return bool(self._found)

    async def _story(self) -> None:
        answer = await known_at(RAILS, transferring.asked_after(self._order), self._bell)
        came_back = answer.state is TransferState.RETURNED
        if came_back:
            fact = PayoutFact(
                self._order,
                PayoutStatus.RETURNED,
                workflow.now(),
                code=answer.code or Code.BENEFICIARY_REFUSED,
                raw_code=answer.raw,
                rail_reference=answer.reference,
            )
            await record.write(PayoutActivities.move, fact, "now returned")
            if self._order.part_of is not None:
                await record.write(PayoutActivities.conclude, self._order, "as its legs stand now")
        self._found = came_back

    @door("seen", "Whether it came back, as soon as that is in the ledger")
    async def seen(self) -> bool:
        await workflow.wait_condition(lambda: self._found is not None)
        return bool(self._found)
