"""A step that goes on for long: until its time is over, or its worker leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

# Then its workflow begins a new run, so that no history grows for ever.
LASTS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Shift:
    ends: datetime
    leaving: "asyncio.Task[None]"

    @property
    def goes_on(self) -> bool:
        return datetime.now(UTC) < self.ends and not self.leaving.done()

    async def pause(self, seconds: float) -> None:
        await asyncio.wait({self.leaving}, timeout=seconds)


@asynccontextmanager
async def shift() -> AsyncIterator[Shift]:
    """Raises ApplicationError at the end when there is time left: another worker takes over."""
    leaving = asyncio.create_task(activity.wait_for_worker_shutdown())
    working = Shift(datetime.now(UTC) + LASTS, leaving)
    try:
        yield working
    finally:
        leaving.cancel()
    if datetime.now(UTC) < working.ends:
        raise ApplicationError(
            "this worker leaves", type="WorkerLeaves", category=ApplicationErrorCategory.BENIGN
        )
