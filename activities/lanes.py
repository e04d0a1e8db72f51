"""The first tries of all endpoints: a lane for each, and none waits for another."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from temporalio import activity

from activities.posting import Posting
from payments.domain.webhook import Delivery, DeliveryState
from payments.ports.record import RecordUnavailable
from payments.ports.webhooks import Outbox

WIDTH: Final = 8
# After so many failures in a row an endpoint gets one try at a time, and pauses that grow.
FAILING_AFTER: Final = 5
LONGEST_PAUSE_S: Final = 60.0
# Each look costs the record as much as some tries. What was looked up is sent for so long: then the
# endpoint may have another secret, or be disabled.
_LOOKED_UP: Final = 64
FRESH_S: Final = 1.0
_LONGEST_DOUBLINGS: Final = 10


class Lanes:
    """What a dead endpoint is to get stays in the record, in its order, until it is alive again."""

    def __init__(self, outbox: Outbox, posting: Posting, group: asyncio.TaskGroup) -> None:
        self._outbox = outbox
        self._posting = posting
        self._group = group
        self._open: dict[str, asyncio.Task[None]] = {}
        # By endpoint: how many first tries in a row have failed.
        self._failures: dict[str, int] = {}
        self._is_stopped = asyncio.Event()

    def open(self, endpoint_ids: Iterable[str]) -> None:
        for endpoint_id in endpoint_ids:
            if endpoint_id not in self._open:
                lane = self._group.create_task(self._keep_apart(endpoint_id), name=endpoint_id)
                self._open[endpoint_id] = lane
                lane.add_done_callback(lambda lane: self._open.pop(lane.get_name(), None))

    def stop(self) -> None:
        """What is on its way ends; nothing new begins."""
        self._is_stopped.set()

    async def _keep_apart(self, endpoint_id: str) -> None:
        """What breaks in one lane alone, such as a secret that no key opens, stops no other."""
        try:
            await self._serve(endpoint_id)
        except* RecordUnavailable:
            raise
        except* Exception:  # noqa: BLE001  # whatever it was, it is logged
            activity.logger.exception("lane.broken %s", endpoint_id)
        else:
            return
        # Out here, so that a record that is away is told of first.
        await self._pause(LONGEST_PAUSE_S)

    async def _serve(self, endpoint_id: str) -> None:
        """Until nothing waits for this endpoint any more."""
        while not self._is_stopped.is_set():
            most = 1 if self._failures.get(endpoint_id, 0) >= FAILING_AFTER else _LOOKED_UP
            deliveries = deque(await self._outbox.untried(endpoint_id, most))
            if not deliveries:
                return
            until = time.monotonic() + FRESH_S
            async with asyncio.TaskGroup() as group:
                for _ in range(min(WIDTH, len(deliveries))):
                    group.create_task(self._try(endpoint_id, deliveries, until))
            failures = self._failures[endpoint_id]
            if failures >= FAILING_AFTER:
                doublings = min(failures - FAILING_AFTER, _LONGEST_DOUBLINGS)
                await self._pause(min(2.0**doublings, LONGEST_PAUSE_S))

    async def _try(self, endpoint_id: str, deliveries: deque[Delivery], until: float) -> None:
        """One after the other, while they are fresh and succeed; the rest stays in the record."""
        while deliveries:
            made = await self._posting.attempt(deliveries.popleft())
            delivered = made.state is DeliveryState.DELIVERED
            failures = 0 if delivered else self._failures.get(endpoint_id, 0) + 1
            self._failures[endpoint_id] = failures
            if failures >= FAILING_AFTER or time.monotonic() > until or self._is_stopped.is_set():
                return

    async def _pause(self, pause_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_stopped.wait(), pause_s)
