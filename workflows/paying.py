"""Paying a bill at the biller until the outcome is known. Unknown is not no.

billers.pay -> ACCEPTED | DECLINED
            -> unknown -> transactions.suspend -> billers.confirm -> ACCEPTED | DECLINED
                                                                  -> never had it -> billers.pay
"""

from temporalio import workflow
from temporalio.exceptions import FailureError

from activities.billers import BillerActivities
from activities.transactions import TransactionActivities
from payments.domain.bill import BillPayment
from payments.domain.codes import Code
from payments.domain.lock import Inquiry, Settlement
from payments.domain.outcome import Outcome, OutcomeKind
from workflows import options, record


async def pay_until_known(payment: BillPayment, first: Outcome | None = None) -> Outcome:
    """ACCEPTED or DECLINED, however long it takes. Each sending has the same key.

    `first` is what was said to a sending before this one.
    """
    suspended = False
    outcome = first or await _send(payment)
    while outcome.kind not in (OutcomeKind.ACCEPTED, OutcomeKind.DECLINED):
        if outcome.kind is OutcomeKind.NOT_SENT:
            outcome = await _send(payment)
        else:
            if not suspended:
                await record.write(TransactionActivities.suspend, payment, "into suspense")
                suspended = True
            outcome = await _ask(payment)
    return outcome


async def settle_lost(payment: BillPayment) -> None:
    """End a payment that the record began but whose update we never kept; it was not sent by us."""
    outcome = await _ask(payment)
    if outcome.kind is OutcomeKind.NOT_SENT:
        outcome = Outcome(OutcomeKind.DECLINED, Code.LOCK_EXPIRED, detail="begun, never sent")
    await record.write(
        TransactionActivities.settle, Settlement(payment, outcome), "settle what was lost"
    )


async def _send(payment: BillPayment) -> Outcome:
    try:
        return await workflow.execute_activity_method(
            BillerActivities.pay,
            payment,
            **options.provider(
                f"pay {payment.amount} {payment.amount.currency} to {payment.bill.biller_id}"
            ),
        )
    except FailureError as error:
        # The attempt was lost with its worker, or broke. It may have been sent.
        return Outcome(OutcomeKind.UNKNOWN, detail=f"attempt lost: {error.cause}")


async def _ask(payment: BillPayment) -> Outcome:
    return await workflow.execute_activity_method(
        BillerActivities.confirm,
        Inquiry(payment, sent_by=workflow.now()),
        **options.until_known(
            f"ask {payment.bill.biller_id} what became of {payment.transaction_id}"
        ),
    )
