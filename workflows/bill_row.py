"""The workflow of a row of bill payments: the lock of its bill, with its payment."""

from datetime import datetime

from temporalio.common import WorkflowIDReusePolicy

from payments.domain import ids
from payments.domain.batch_row import RowOrder
from payments.domain.bill import LockRequest, PayAtOnce, PayOrder
from payments.domain.codes import Code
from payments.temporal import LOCK_ID
from workflows.bill_lock import BillLock, attributes_of
from workflows.row_start import RowStory


def story_of(order: RowOrder, begin_by: datetime) -> RowStory:
    request = request_of(order, begin_by)
    return RowStory(
        run=BillLock.run,
        order=request,
        id=ids.bill_lock(request.bill),
        reuse=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        mark=(LOCK_ID, request.lock_id),
        taken=Code.BILL_LOCKED,
        attributes=attributes_of(request),
        summary=f"row {order.ref.line} of {order.ref.batch_id}",
    )


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
