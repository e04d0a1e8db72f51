"""A row of a batch is a bill's lock that is started with its payment: its own few steps.

start_row -> billers.hold -> batches.pay -> ACCEPTED | DECLINED -> transactions.settle
                                         -> unknown -> as every payment (workflows/paying.py)
                          -> batches.refuse, and nothing was begun

When nothing goes wrong all of it is one workflow task: nobody waits at a counter for a row, so it
needs no update to answer, and its one call that moves money looks into the record before it sends.

It is the lock that everybody else meets under the bill's id: one payer at a time, batch or not.
"""

from dataclasses import replace

from temporalio import workflow

from activities.batches import BatchActivities
from activities.transactions import TransactionActivities
from payments.domain import ids
from payments.domain.batch_row import RefusedRow, RowPayment, RowSent
from payments.domain.bill import BillPayment, LockRequest, PayAtOnce
from payments.domain.codes import Code
from payments.domain.row import RowRef
from workflows import options, record
from workflows.paying import settle_lost


def of_this_run(request: LockRequest) -> LockRequest:
    """Should a row ever be started twice, its second run cannot use the first one's payment."""
    if request.pay_at_once is None:
        return request
    return replace(request, lock_id=ids.lock_of_run(request.lock_id, workflow.info().run_id))


async def begin(payment: BillPayment, asked: PayAtOnce | None) -> RowSent:
    """Written down as about to be sent, or why it must not be; a row's is sent with it."""
    if asked is not None:
        return await _pay(payment, asked.row)
    refused = await record.write(TransactionActivities.begin, payment, "begin in the record")
    return RowSent(refused=refused)


async def _pay(payment: BillPayment, row: RowRef) -> RowSent:
    """Begun in the record and sent. Tried again it is the same step: it asks the record first."""
    asked, bill = RowPayment(row, payment), payment.bill
    summary = f"pay {payment.amount} {payment.amount.currency} to {bill.biller_id}"
    return await record.write(
        BatchActivities.pay,
        asked,
        summary,
        at_once=options.pay_row,
        until_written=options.pay_row_until_begun,
    )


async def end_refused(row: RowRef, code: Code) -> None:
    """The row ends without a payment; unless one was begun and lost, whose end is found now."""
    lost = await record.write(BatchActivities.refuse, RefusedRow(row, code), f"refuse: {code}")
    if lost is not None:
        await settle_lost(lost)
