"""Who takes what providers and rails tell, by what it is about."""

from collections.abc import Mapping

from temporalio.client import Client

from api.inbound.disputes import DisputeEvents
from api.inbound.payments import PaymentEvents
from api.inbound.payouts import PayoutEvents
from api.inbound.refunds import RefundEvents
from api.inbound.verdict import Owner
from payments.ports.cases import Cases
from payments.ports.disputes import Disputes
from payments.ports.payments import Payments, Refunds
from payments.ports.payouts import Payouts
from payments.ports.provider import Meaning


def owners(
    client: Client,
    task_queue: str,
    *,
    payments: Payments,
    refunds: Refunds,
    cases: Cases,
    payouts: Payouts,
    disputes: Disputes,
) -> Mapping[Meaning, Owner]:
    """`task_queue` is where the workflows run that they start."""
    return {
        Meaning.PAYMENT: PaymentEvents(client, payments, task_queue=task_queue),
        Meaning.REFUND: RefundEvents(client, refunds, payments, cases),
        Meaning.PAYOUT: PayoutEvents(client, payouts, task_queue=task_queue),
        Meaning.DISPUTE: DisputeEvents(client, disputes, task_queue=task_queue),
    }
