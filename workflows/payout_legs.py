"""The legs of a payout: each a workflow of its own, which sends once, asks, and writes its end.

Refund for what goes back to a payment · Payout for what goes over a rail

What became of each the record knows, whoever was told: a leg may be refused, or ended by hand.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.workflow import ParentClosePolicy

from payments.domain import ids, payout_legs
from payments.domain.payout import ON_ITS_WAY, Leg, LegKind, PayoutOrder, PayoutStatus
from payments.domain.refund import RefundStatus
from workflows.refund import Refund
from workflows.starting import found_by, payout_found_by

# The run of the workflow that follows a transfer.
Transfer = Callable[[Any, PayoutOrder], Awaitable[PayoutStatus]]


async def paid(order: PayoutOrder, legs: Sequence[Leg], transfer: Transfer) -> None:
    """Begin all that have no end, the oldest source first, and wait until each has one somehow."""
    stories = (
        _refunded(order, leg) if leg.kind is LegKind.REFUND else _sent(order, leg, transfer)
        for leg in legs
        if leg.status in ON_ITS_WAY
    )
    for story in await asyncio.gather(*stories, return_exceptions=True):
        if isinstance(story, BaseException):
            workflow.logger.info("payout.leg_ended_by_itself")


async def _refunded(order: PayoutOrder, leg: Leg) -> RefundStatus:
    refund = payout_legs.refund_of(order, leg)
    return await workflow.execute_child_workflow(
        Refund.run,
        refund,
        id=ids.refund(refund.refund_id),
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        parent_close_policy=ParentClosePolicy.ABANDON,
        search_attributes=found_by(order.partner_id, leg.amount, state=RefundStatus.PENDING),
        static_summary=f"{leg.amount} {leg.amount.currency} back: leg {leg.number}",
    )


async def _sent(order: PayoutOrder, leg: Leg, transfer: Transfer) -> PayoutStatus:
    part = payout_legs.transfer_of(order, leg)
    return await workflow.execute_child_workflow(
        transfer,
        part,
        id=ids.payout(part.payout_id),
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        parent_close_policy=ParentClosePolicy.ABANDON,
        search_attributes=payout_found_by(part),
        static_summary=f"{leg.amount} {leg.amount.currency} out: leg {leg.number}",
    )
