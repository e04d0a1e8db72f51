"""How a row of a batch of payouts is started: as a payout like any other, that nobody waits for.

Its ids are those of a single payout, so one reference names one payout through both doors.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.dispatching import NotYet
from payments.domain import ids
from payments.domain.batch_row import RowOrder
from payments.domain.codes import Code
from payments.domain.partner import Standing
from payments.domain.payout import PayoutOrder
from payments.domain.rail import RailProfile
from payments.ports.rail import Rails
from payments.temporal import ROW
from workflows.payout import Payout
from workflows.starting import payout_found_by, payout_summary

_RPC_TIMEOUT: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class PayoutRows:
    """`priority` is that of rows of any kind."""

    rails: Rails
    priority: Priority

    async def start(
        self, client: Client, task_queue: str, order: RowOrder, begin_by: datetime
    ) -> Code | None:
        """Start the row's payout. Again, it is found. Answers why it cannot be begun now.

        Raises RPCError and NotYet: ask again later.
        """
        rail = self.rails.profile(order.row.payout.rail)
        if rail is None or rail.standing is not Standing.ACTIVE:
            return Code.NO_RAIL
        payout = order_of(order, rail, begin_by)
        workflow_id, ref = ids.payout(payout.payout_id), order.ref
        row = f"{ref.batch_id} {ref.line}"
        try:
            await client.start_workflow(
                Payout.run,
                payout,
                id=workflow_id,
                task_queue=task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                # As a single payout: only a run that never began may be followed by another.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                priority=self.priority,
                # The worker that hands rows over is one that can work on them.
                request_eager_start=True,
                search_attributes=payout_found_by(payout),
                memo={ROW: row},
                static_summary=f"row {ref.line} of {ref.batch_id}: {payout_summary(payout)}",
                rpc_timeout=_RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            handle = client.get_workflow_handle(workflow_id)
            open_ = await handle.describe(rpc_timeout=_RPC_TIMEOUT)
            if await open_.memo_value(ROW, "", type_hint=str) == row:
                return None
            if open_.status is WorkflowExecutionStatus.FAILED:
                raise NotYet(workflow_id) from None
            return Code.REFERENCE_USED
        return None


def order_of(order: RowOrder, rail: RailProfile, begin_by: datetime) -> PayoutOrder:
    """As the door for single payouts would have ordered it when the row was taken."""
    row, asked = order.row, order.row.payout
    return PayoutOrder(
        payout_id=row.object_id,
        partner_id=order.partner_id,
        reference=row.reference,
        amount=row.amount,
        fee=asked.fee,
        destination_id=asked.destination_id,
        rail=rail.id,
        limits=asked.limits,
        arrives_at=rail.timetable.arrival(order.taken_at),
        trace=order.trace,
        created_at=order.taken_at,
        deadline=begin_by,
        content=asked.content,
        row=order.ref,
    )
