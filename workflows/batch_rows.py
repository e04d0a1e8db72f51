"""A row of a batch is a bill's lock that is started with its payment: its own few steps.

start_row -> billers.hold -> batches.begin -> billers.pay [-> ...] -> settle
                          -> batches.refuse, and nothing was begun

It is the lock that everybody else meets under the bill's id: one payer at a time, batch or not.
"""

from dataclasses import replace

from temporalio import workflow

from activities.batches import BatchActivities
from activities.transactions import TransactionActivities
from payments.domain import ids
from payments.domain.batch import RefusedRow, RowPayment
from payments.domain.bill import BillPayment, LockRequest, PayAtOnce, Refused
from payments.domain.codes import Code
from payments.domain.row import RowRef
from workflows import record
from workflows.paying import settle_lost


def of_this_run(request: LockRequest) -> LockRequest:
    """Should a row ever be started twice, its second run cannot use the first one's payment."""
    if request.pay_at_once is None:
        return request
    return replace(request, lock_id=ids.lock_of_run(request.lock_id, workflow.info().run_id))


async def begin(payment: BillPayment, asked: PayAtOnce | None) -> Refused | None:
    """In the record: the payment is about to be sent, or why it must not be."""
    summary = "begin in the record"
    if asked is None:
        return await record.write(TransactionActivities.begin, payment, summary)
    return await record.write(BatchActivities.begin, RowPayment(asked.row, payment), summary)


async def end_refused(row: RowRef, code: Code) -> None:
    """The row ends without a payment; unless one was begun and lost, whose end is found now."""
    lost = await record.write(BatchActivities.refuse, RefusedRow(row, code), f"refuse: {code}")
    if lost is not None:
        await settle_lost(lost)
