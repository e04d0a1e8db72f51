"""How a row of a batch is started: that of a bill as the lock of its bill, with its payment."""

from datetime import datetime, timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.dispatching import NotYet, StartRows
from payments.domain import ids
from payments.domain.batch_row import BatchKind, RowOrder
from payments.domain.bill import LockRequest, PayAtOnce, PayOrder
from payments.domain.codes import Code
from payments.ports.rail import Rails
from payments.temporal import LOCK_ID
from workflows.bill_lock import BillLock, attributes_of
from workflows.payout_row import PayoutRows

# Behind those who wait at a counter (3), where the engine has to choose.
LATER: Final = Priority(priority_key=5)
_RPC_TIMEOUT: Final = timedelta(seconds=5)


def start_rows(rails: Rails) -> StartRows:
    """Every kind of row, and what starts it."""
    return {
        BatchKind.BILL_PAYMENTS: start_row,
        BatchKind.PAYOUTS: PayoutRows(rails, LATER).start,
    }


async def start_row(
    client: Client, task_queue: str, order: RowOrder, begin_by: datetime
) -> Code | None:
    """Start the row's lock. Again, it is found. Answers why it cannot be: somebody else's is open.

    Raises RPCError and NotYet: ask again later.
    """
    request = request_of(order, begin_by)
    workflow_id = ids.bill_lock(request.bill)
    try:
        await client.start_workflow(
            BillLock.run,
            request,
            id=workflow_id,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            priority=LATER,
            # The worker that hands rows over is one that can work on them.
            request_eager_start=True,
            search_attributes=attributes_of(request),
            memo={LOCK_ID: request.lock_id},
            static_summary=f"row {order.ref.line} of {order.ref.batch_id}",
            rpc_timeout=_RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        handle = client.get_workflow_handle(workflow_id)
        open_ = await handle.describe(rpc_timeout=_RPC_TIMEOUT)
        if open_.status is not WorkflowExecutionStatus.RUNNING:
            raise NotYet(workflow_id) from None
        is_ours = await open_.memo_value(LOCK_ID, "", type_hint=str) == request.lock_id
        return None if is_ours else Code.BILL_LOCKED
    return None


def request_of(order: RowOrder, begin_by: datetime) -> LockRequest:
    row = order.row
    return LockRequest(
        lock_id=ids.lock_of_row(order.partner_id, order.ref.batch_id, order.ref.line),
        partner_id=order.partner_id,
        bill=row.bill.ref,
        agreement=row.bill.agreement,
        trace=order.trace,
        acquire_by=begin_by,
        pay_at_once=PayAtOnce(
            order.ref, PayOrder(row.object_id, row.reference, order.trace, begin_by), row.amount
        ),
    )
