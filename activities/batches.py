"""Steps of batches: handing rows over, and writing down what the record alone decides."""

from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import activity

from activities import failures
from activities.dispatching import Dispatch, StartRow
from payments.domain.batch import (
    BatchMove,
    BatchOrder,
    MoveAnswer,
    Progress,
    RefusedRow,
    RowPayment,
)
from payments.domain.bill import BillPayment, Refused
from payments.ports.batches import Batches, MoveImpossible
from payments.ports.transactions import Transactions

# Then the workflow is told how far it is, and its history grows by a few events.
ADVANCE_FOR: Final = timedelta(minutes=1)


class BatchActivities:
    """Keys: the batch and the line; each row has one lock and one payment for ever."""

    def __init__(self, batches: Batches, transactions: Transactions, start_row: StartRow) -> None:
        self._batches = batches
        self._transactions = transactions
        self._start_row = start_row

    @activity.defn(name="batches.advance")
    async def advance(self, order: BatchOrder) -> Progress:
        """Hand rows over and see them end: for a minute, or until there is nothing to do."""
        dispatch = Dispatch(
            self._batches,
            self._start_row,
            client=activity.client(),
            task_queue=activity.info().task_queue,
            order=order,
        )
        with failures.translated():
            return await dispatch.run(datetime.now(UTC) + ADVANCE_FOR)

    @activity.defn(name="batches.move")
    async def move(self, move: BatchMove) -> MoveAnswer:
        """Change the batch's status, and tell the partner; or say that it cannot be."""
        with failures.translated():
            try:
                batch = await self._batches.move(move)
            except MoveImpossible:
                progress = await self._batches.progress(move.batch_id)
                return MoveAnswer(progress.status, is_moved=False)
        return MoveAnswer(batch.status, is_moved=True)

    @activity.defn(name="batches.begin")
    async def begin(self, asked: RowPayment) -> Refused | None:
        """Write down that a row's payment is about to be sent, or why it must not be."""
        with failures.translated():
            return await self._transactions.begin(asked.payment, asked.ref)

    @activity.defn(name="batches.refuse")
    async def refuse(self, refused: RefusedRow) -> BillPayment | None:
        """End a row of which nothing was begun. Returns what was begun for it and then lost."""
        with failures.translated():
            return await self._batches.refuse(refused)
