"""What is begun again when the engine has lost it: one entry for each kind.

Each of these workflows asks the record and the other side before it moves anything, so one that is
begun a second time goes on where the first was, and sends nothing again.
"""

from collections.abc import Sequence
from functools import partial

from temporalio.client import Client

from activities.lost import Followed, LostActivities
from payments.domain import ids
from payments.domain.case import Case, CaseOrder, CaseStatus
from payments.domain.dispute import DisputeOrder
from payments.domain.payout import PayoutOrder
from payments.domain.refund import Refund as RefundRecord
from payments.domain.refund import order_of
from payments.ports.cases import CaseFilter, Cases
from payments.ports.disputes import Disputes
from payments.ports.payments import Payments, Refunds
from payments.ports.payouts import Payouts
from payments.ports.steps import Cards, DisputeSteps, PayoutSteps
from workflows import case, dispute, refund
from workflows.case import PaymentCase
from workflows.dispute import Dispute
from workflows.payout import Payout
from workflows.refund import Refund
from workflows.starting import begin_again, payout_found_by, payout_mark, payout_summary


def lost_activities(cards: Cards, payouts: PayoutSteps, disputes: DisputeSteps) -> LostActivities:
    return LostActivities(
        (
            partial(_payouts, payouts.payouts),
            partial(_refunds, cards.refunds),
            partial(_disputes, disputes.record),
            partial(_cases, cards.cases, cards.payments),
        )
    )


async def _payouts(record: Payouts, after: str | None, most: int) -> Sequence[Followed]:
    async def begin(order: PayoutOrder, client: Client, task_queue: str) -> None:
        await begin_again(
            client,
            Payout.run,
            order,
            id=ids.payout(order.payout_id),
            task_queue=task_queue,
            attributes=payout_found_by(order),
            summary=payout_summary(order),
            # Its batch knows it by this.
            memo=None if order.row is None else dict([payout_mark(order.row)]),
        )

    return [
        Followed(
            order.payout_id, ids.payout(order.payout_id), order.created_at, partial(begin, order)
        )
        for order in await record.unfinished(after, most)
    ]


async def _refunds(record: Refunds, after: str | None, most: int) -> Sequence[Followed]:
    async def begin(found: RefundRecord, client: Client, task_queue: str) -> None:
        order = order_of(found)
        await begin_again(
            client,
            Refund.run,
            order,
            id=ids.refund(order.refund_id),
            task_queue=task_queue,
            attributes=refund.attributes_of(order),
            summary=refund.summary_of(order),
        )

    return [
        Followed(each.refund_id, ids.refund(each.refund_id), each.created_at, partial(begin, each))
        for each in await record.unfinished(after, most)
    ]


async def _disputes(record: Disputes, after: str | None, most: int) -> Sequence[Followed]:
    async def begin(order: DisputeOrder, client: Client, task_queue: str) -> None:
        await begin_again(
            client,
            Dispute.run,
            order,
            id=ids.dispute(order.dispute_id),
            task_queue=task_queue,
            attributes=dispute.found_by(order),
            summary=dispute.summary_of(order),
        )

    return [
        Followed(
            each.dispute_id,
            ids.dispute(each.dispute_id),
            each.updated_at,
            partial(begin, DisputeOrder(each.dispute_id, each.provider, each.reference)),
        )
        for each in await record.unfinished(after, most)
    ]


async def _cases(
    record: Cases, payments: Payments, after: str | None, most: int
) -> Sequence[Followed]:
    async def begin(found: Case, client: Client, task_queue: str) -> None:
        attempt = await payments.attempt(found.attempt)
        assert attempt is not None, "a case came for an attempt"
        order = CaseOrder(attempt, found.receipt_id)
        await begin_again(
            client,
            PaymentCase.run,
            order,
            id=ids.case(found.provider, found.receipt_id),
            task_queue=task_queue,
            attributes=case.attributes_of(attempt),
            summary=case.summary_of(order),
        )

    wanted = CaseFilter(status=CaseStatus.OPEN, after=after, limit=most)
    return [
        Followed(
            each.case_id,
            ids.case(each.provider, each.receipt_id),
            each.opened_at,
            partial(begin, each),
        )
        for each in await record.list(None, wanted)
    ]
