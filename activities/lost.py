"""The step that looks for what the engine has lost, and begins it again from the record."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import failures
from activities.shifts import Shift, shift

# So many are asked after at once, and then there is a pause: a record full of what is open costs
# the engine no more than these questions.
AT_ONCE: Final = 50
PAUSE_S: Final = 1.0
# Between two looks at all of it.
EVERY_S: Final = 600.0
# What is younger is left alone: most of it ends by itself before.
QUIET: Final = timedelta(minutes=1)
_RPC_TIMEOUT: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Followed:
    """Something that has no end in the record, and the workflow that has to be at work on it.

    `begin` starts that workflow on a task queue under that id, with what the record knows.
    """

    name: str
    workflow_id: str
    since: datetime
    begin: Callable[[Client, str, str], Awaitable[None]]


# The next ones of a kind, at most so many, behind the one of this name.
Page = Callable[[str | None, int], Awaitable[Sequence[Followed]]]


class LostActivities:
    """Key: the workflow's id. One that the engine has, at work or ended, is left as it is."""

    def __init__(self, kinds: Sequence[Page]) -> None:
        self._kinds = kinds

    @activity.defn(name="lost.watch")
    async def watch(self) -> None:
        """Look through all that is open, now and then, for an hour or until this worker leaves."""
        async with shift() as working:
            while working.goes_on:
                for kind in self._kinds:
                    await self._look_through(kind, working)
                await working.pause(EVERY_S)

    async def _look_through(self, kind: Page, working: Shift) -> None:
        after: str | None = None
        while working.goes_on:
            with failures.translated():
                page = await kind(after, AT_ONCE)
            await asyncio.gather(*map(self._look, page))
            if len(page) < AT_ONCE:
                return
            after = page[-1].name
            await working.pause(PAUSE_S)

    async def _look(self, followed: Followed) -> None:
        if datetime.now(UTC) - followed.since < QUIET:
            return
        try:
            if await self._is_lost(followed.workflow_id):
                task_queue = activity.info().task_queue
                await followed.begin(activity.client(), task_queue, followed.workflow_id)
                activity.logger.warning("lost.begun_again %s", followed.workflow_id)
        except Exception:  # noqa: BLE001  one that breaks us must not keep the others
            # It is looked at again with the next look, and operators hear of it.
            activity.logger.exception("lost.look_broke %s", followed.workflow_id)

    async def _is_lost(self, workflow_id: str) -> bool:
        """Only what the engine has never heard of. What was ended by hand stays ended."""
        try:
            await (
                activity.client()
                .get_workflow_handle(workflow_id)
                .describe(rpc_timeout=_RPC_TIMEOUT)
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return True
            raise
        return False
