"""Every path through a row of payouts that a single payout has not, and a batch that rests."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import WorkflowHandle

from payments.domain.batch_row import BatchKind
from payments.domain.codes import Code
from tests.payout_factories import make_rail
from tests.rail_fakes import PAID
from tests.workflows.batch_stage import LATER, BatchStage, make_payout_row
from tests.workflows.payout_desk import HELD, PayoutDesk
from workflows.payout_row import order_of

Story = Callable[[PayoutDesk], Awaitable[WorkflowHandle[Any, Any]]]


async def _row(desk: PayoutDesk, begin_by: datetime = LATER) -> WorkflowHandle[Any, Any]:
    """The payout of one row, whose batch is at rest."""
    stage, row = BatchStage(desk), make_payout_row(2)
    batch = await stage.create([row], kind=BatchKind.PAYOUTS)
    assert await stage.start(await stage.take(batch), begin_by) is None
    return desk.payout_of(row.object_id)


async def payout_row_paid(desk: PayoutDesk) -> WorkflowHandle[Any, Any]:
    desk.rail.answers.append(PAID)
    return await _row(desk)


async def payout_row_refused(desk: PayoutDesk) -> WorkflowHandle[Any, Any]:
    desk.record.refuses = Code.FUNDS_INSUFFICIENT
    return await _row(desk)


async def payout_row_too_late(desk: PayoutDesk) -> WorkflowHandle[Any, Any]:
    return await _row(desk, datetime.now(UTC) - timedelta(days=1))


async def payout_row_begun_before(desk: PayoutDesk) -> WorkflowHandle[Any, Any]:
    """By a run that handed it over and that the engine has lost."""
    stage, row = BatchStage(desk), make_payout_row(2)
    order = await stage.take(await stage.create([row], kind=BatchKind.PAYOUTS))
    await desk.record.begin(order_of(order, make_rail(), LATER))
    desk.rail.sent.append(row.object_id)
    desk.rail.now = PAID
    await stage.start(order)
    return desk.payout_of(row.object_id)


async def batch_at_rest(desk: PayoutDesk) -> WorkflowHandle[Any, Any]:
    """Its only row is held, and then taken back."""
    stage, row = BatchStage(desk), make_payout_row(2, limits=HELD)
    batch = await stage.create([row], kind=BatchKind.PAYOUTS)
    handle = await stage.begin(batch)
    await stage.until_tallied(batch, held=1)
    await stage.until_at_rest(handle)
    await desk.take_back(desk.payout_of(row.object_id))
    return handle


BATCH_PAYOUT_STORIES: Final[Mapping[str, Story]] = {
    "payout_row_paid": payout_row_paid,
    "payout_row_refused": payout_row_refused,
    "payout_row_too_late": payout_row_too_late,
    "payout_row_begun_before": payout_row_begun_before,
}
