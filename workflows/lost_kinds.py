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
from payments.domain.dispute import Dispute as DisputeRecord
from payments.domain.dispute import DisputeOrder
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
    return [
        Followed(
            order.payout_id,
            ids.payout(order.payout_id),
            order.created_at,
            partial(
                begin_again,
                story=Payout.run,
                order=order,
                attributes=payout_found_by(order),
                summary=payout_summary(order),
                # Its batch knows it by this.
                memo=None if order.row is None else dict([payout_mark(order.row)]),
            ),
        )
        for order in await record.unfinished(after, most)
    ]


async def _refunds(record: Refunds, after: str | None, most: int) -> Sequence[Followed]:
    return [
        Followed(
            order.refund_id,
            ids.refund(order.refund_id),
            order.created_at,
            partial(
                begin_again,
                story=Refund.run,
                order=order,
                attributes=refund.attributes_of(order),
                summary=refund.summary_of(order),
            ),
        )
        for order in map(order_of, await record.unfinished(after, most))
    ]


async def _disputes(record: Disputes, after: str | None, most: int) -> Sequence[Followed]:
    def followed(found: DisputeRecord) -> Followed:
        order = DisputeOrder(found.dispute_id, found.provider, found.reference)
        begin = partial(
            begin_again,
            story=Dispute.run,
            order=order,
            attributes=dispute.found_by(order),
            summary=dispute.summary_of(order),
        )
        return Followed(found.dispute_id, ids.dispute(found.dispute_id), found.updated_at, begin)

    return [followed(each) for each in await record.unfinished(after, most)]


async def _cases(
    record: Cases, payments: Payments, after: str | None, most: int
) -> Sequence[Followed]:
    async def begin(found: Case, client: Client, task_queue: str, workflow_id: str) -> None:
        attempt = await payments.attempt(found.attempt)
        assert attempt is not None, "a case came for an attempt"
        order = CaseOrder(attempt, found.receipt_id)
        await begin_again(
            client,
            task_queue,
            workflow_id,
            story=PaymentCase.run,
            order=order,
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
