"""Rows on their way: as many at once as end quickly, and each handed over until it has an end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import Final

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError

from payments.domain.batch import BatchOrder, BatchStatus, Progress
from payments.domain.batch_row import BatchKind, RefusedRow, RowOrder
from payments.domain.codes import Code
from payments.ports.batches import Batches, Left

# Starts the workflow of a row, if it has none, to begin by then. Answers why it never can be, or
# None. Raises RPCError, and NotYet.
StartRow = Callable[[Client, str, RowOrder, datetime], Awaitable[Code | None]]

# One for each kind of row.
StartRows = Mapping[BatchKind, StartRow]

# Rows at once. Every hand begins with few, and so learns anew what a row takes that waits for no
# other. The most bounds what waits at a biller that hangs.
FIRST: Final = 2
MOST: Final = 64
# So many rows at the least are looked at before the window changes.
_LOOK: Final = 4
# Of those under way, so many may be waiting for others: more rows, as long as there are fewer that
# do; fewer rows, as soon as there are more.
_WAITING_FEW: Final = 0.2
_WAITING_MANY: Final = 0.5
# Between two looks at the record: while rows end, and while none does.
BUSY_S: Final = 0.03
IDLE_S: Final = 0.5
# A row under way for so long is handed over once more: to an engine that has lost it, or never had
# it. One that has it keeps it.
OVERDUE_S: Final = 15.0
# Nothing is being done and nothing moves for so long: the workflow looks again later.
REST_S: Final = 2.0
# What an earlier hand has taken and perhaps not handed over, when the next one begins.
LEFT_S: Final = 2.0
CANCELED_AT_ONCE: Final = 2_000
# A row that no worker has looked at for so long is not begun any more.
PATIENCE: Final = timedelta(days=1)


class NotYet(Exception):
    """The bill's last workflow has just ended; the row's own can be started in a moment."""


class Window:
    """How many rows are under way at once: as many as do not have to wait for each other.

    What a row takes longer than the quickest did is taken for waiting, as TCP Vegas takes it. So a
    biller that is slow by itself gets many rows, and an engine that has enough to do gets few: who
    comes to a counter meanwhile finds it free.
    """

    def __init__(self) -> None:
        self.size = FIRST
        self._seen: list[float] = []
        self._quickest: float | None = None

    def learn(self, left: Iterable[Left]) -> None:
        self._seen += [each.after_s for each in left]
        if len(self._seen) < max(self.size, _LOOK):
            return
        typical = median_low(self._seen)
        self._seen.clear()
        self._quickest = min(typical, self._quickest or typical)
        waiting = self.size * (1 - self._quickest / typical) if typical else 0.0
        if waiting > _WAITING_MANY:
            self.size = max(1, min(self.size - 1, self.size * 3 // 4))
        elif waiting < _WAITING_FEW:
            self.size = min(MOST, self.size + 1)


class Dispatch:
    """One hand on a batch. Two at once, after a worker was taken for dead, do no harm: the record
    gives each row to one of them, and the engine has one workflow for each bill.
    """

    def __init__(
        self,
        batches: Batches,
        start_rows: StartRows,
        *,
        client: Client,
        task_queue: str,
        order: BatchOrder,
    ) -> None:
        self._batches = batches
        self._start_rows = start_rows
        self._client = client
        self._task_queue = task_queue
        self._batch_id = order.batch_id
        self._rows_left = order.rows_at_once
        self._window = Window()
        self._last_line = 0
        # Lines that were handed over and have not left as far as is known.
        self._watched: set[int] = set()

    async def run(self, ends_at: datetime) -> Progress:
        """Until the batch is done, paused with nothing under way, or at rest: nothing is being done
        and no row can be begun yet. Or until this hand's time is over.
        """
        loop = asyncio.get_running_loop()
        leaving = asyncio.create_task(activity.wait_for_worker_shutdown())
        try:
            left = await self._batches.dispatched(self._batch_id, LEFT_S)
            await self._hand_over(left)
            look_again_at, pause_s = loop.time() + OVERDUE_S, BUSY_S
            moved_at = loop.time()
            while not leaving.done():
                have_ended = await self._reap()
                progress = await self._batches.progress(self._batch_id)
                if _is_over(progress) or self._rows_left <= 0 or datetime.now(UTC) >= ends_at:
                    return progress
                is_moving = await self._go_on(progress) or have_ended
                moved_at = loop.time() if is_moving or progress.dispatched else moved_at
                if loop.time() - moved_at >= REST_S:
                    return replace(progress, is_at_rest=True)
                if loop.time() >= look_again_at:
                    overdue = await self._batches.dispatched(self._batch_id, OVERDUE_S)
                    await self._hand_over(overdue)
                    look_again_at = loop.time() + OVERDUE_S
                pause_s = BUSY_S if is_moving else min(pause_s * 1.5, IDLE_S)
                await asyncio.wait({leaving}, timeout=pause_s)
        finally:
            leaving.cancel()
        raise ApplicationError(
            "this worker leaves", type="WorkerLeaves", category=ApplicationErrorCategory.BENIGN
        )

    async def _reap(self) -> bool:
        """Whether any row has left."""
        left = await self._batches.reap(self._batch_id, sorted(self._watched))
        self._watched.difference_update(each.line for each in left)
        self._window.learn(left)
        return bool(left)

    async def _go_on(self, now: Progress) -> bool:
        """Whether any row was begun, or canceled."""
        if now.status is BatchStatus.CANCELING and now.is_waiting:
            return await self._batches.cancel_waiting(self._batch_id, CANCELED_AT_ONCE) > 0
        free = min(
            self._window.size - (now.dispatched - now.slow),
            MOST - now.dispatched,
            self._rows_left,
        )
        if not now.is_waiting or free <= 0:
            return False
        taken = await self._batches.take(self._batch_id, self._last_line, free)
        # Where there was less than could be begun, a row before may be free meanwhile.
        new = [row.ref.line for row in taken if not row.tries]
        self._last_line = max(new, default=self._last_line) if len(taken) == free else 0
        self._rows_left -= len(taken)
        await self._hand_over(taken)
        return bool(taken)

    async def _hand_over(self, rows: Sequence[RowOrder]) -> None:
        self._watched.update(row.ref.line for row in rows)
        async with asyncio.TaskGroup() as group:
            for row in rows:
                group.create_task(self._start(row))

    async def _start(self, row: RowOrder) -> None:
        """A row whose start was not heard of is handed over again when it is overdue."""
        try:
            begin_by = datetime.now(UTC) + PATIENCE
            start_row = self._start_rows[row.kind]
            code = await start_row(self._client, self._task_queue, row, begin_by)
        except (RPCError, NotYet):
            activity.logger.warning("row.not_started %s %s", row.ref.batch_id, row.ref.line)
            return
        if code is not None:
            await self._batches.refuse(RefusedRow(row.ref, code))


def _is_over(progress: Progress) -> bool:
    return progress.is_done or (progress.status is BatchStatus.PAUSED and not progress.dispatched)
