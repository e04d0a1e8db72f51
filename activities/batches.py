"""Steps of batches: handing rows over, and writing down what the record alone decides."""

from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import activity

from activities import failures
from activities.billers import known
from activities.dispatching import Dispatch, StartRows
from payments.domain.batch import BatchMove, BatchOrder, MoveAnswer, Progress
from payments.domain.batch_row import RefusedRow, RowPayment, RowSent
from payments.domain.bill import Begun, BillPayment, Refused
from payments.domain.outcome import Outcome, OutcomeKind
from payments.ports.batches import Batches, MoveImpossible
from payments.ports.biller import Billers
from payments.ports.transactions import Transactions

# Then the workflow is told how far it is, and its history grows by a few events.
ADVANCE_FOR: Final = timedelta(minutes=1)


class BatchActivities:
    """Keys: the batch and the line; each row has one payment or payout for ever."""

    def __init__(
        self,
        batches: Batches,
        transactions: Transactions,
        billers: Billers,
        start_rows: StartRows,
    ) -> None:
        self._batches = batches
        self._transactions = transactions
        self._billers = billers
        self._start_rows = start_rows

    @activity.defn(name="batches.advance")
    async def advance(self, order: BatchOrder) -> Progress:
        """Hand rows over and see them end: for a minute, or until there is nothing to do."""
        dispatch = Dispatch(
            self._batches,
            self._start_rows,
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

    @activity.defn(name="batches.pay")
    async def pay(self, asked: RowPayment) -> RowSent:
        """Begin a row's payment in the record, and send it. Key: the transaction id.

        Safe to do again after any failure: only who has begun it just now sends it. What was begun
        before may have been sent, which is UNKNOWN.
        """
        payment = asked.payment
        with failures.translated():
            biller = known(self._billers, payment.bill.biller_id)
            begun = await self._transactions.begin(payment, asked.ref)
        if isinstance(begun, Refused):
            return RowSent(refused=begun)
        if begun is Begun.BEFORE:
            return RowSent(Outcome(OutcomeKind.UNKNOWN, detail="begun before, perhaps sent"))
        return RowSent(await biller.pay(payment))

    @activity.defn(name="batches.refuse")
    async def refuse(self, refused: RefusedRow) -> BillPayment | None:
        """End a row of which nothing was begun. Returns what was begun for it and then lost."""
        with failures.translated():
            return await self._batches.refuse(refused)
