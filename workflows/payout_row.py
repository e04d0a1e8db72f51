"""The workflow of a row of payouts: a payout like any other, that nobody waits for.

Its ids are those of a single payout, so one reference names one payout through both doors.
"""

from dataclasses import dataclass
from datetime import datetime

from temporalio.common import WorkflowIDReusePolicy

from payments.domain import ids
from payments.domain.batch_row import RowOrder
from payments.domain.codes import Code
from payments.domain.partner import Standing
from payments.domain.payout import PayoutOrder
from payments.domain.rail import RailProfile
from payments.ports.rail import Rails
from workflows.payout import Payout
from workflows.row_start import RowStory
from workflows.starting import payout_found_by, payout_mark, payout_summary


@dataclass(frozen=True, slots=True)
class PayoutRows:
    rails: Rails

    def story_of(self, order: RowOrder, begin_by: datetime) -> RowStory | Code:
        rail = self.rails.profile(order.row.payout.rail)
        # What was begun is asked after also at a rail that takes nothing more.
        if rail is None or not (order.is_begun or rail.standing is Standing.ACTIVE):
            return Code.NO_RAIL
        payout = order_of(order, rail, begin_by)
        return RowStory(
            run=Payout.run,
            order=payout,
            id=ids.payout(payout.payout_id),
            # As a single payout: only a run that never began may be followed by another.
            reuse=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            mark=payout_mark(order.ref),
            taken=Code.REFERENCE_USED,
            attributes=payout_found_by(payout),
            summary=f"row {order.ref.line} of {order.ref.batch_id}: {payout_summary(payout)}",
        )


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
