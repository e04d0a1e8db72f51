"""The step that looks again at what providers told us and nobody could take when it came."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from temporalio import activity

from activities import failures
from activities.shifts import shift
from payments.ports.inbox import Inbox, Kept

AT_ONCE: Final = 20
IDLE_S: Final = 5.0
LookAgain = Callable[[Kept], Awaitable[None]]


class InboundActivities:
    """Keys: the event's own, at every door that is knocked at for it."""

    def __init__(self, inbox: Inbox, look_again: LookAgain) -> None:
        self._inbox = inbox
        self._look_again = look_again

    @activity.defn(name="inbound.watch")
    async def watch(self) -> None:
        """Look at what is due, for an hour or until this worker leaves."""
        async with shift() as working:
            while working.goes_on:
                with failures.translated():
                    due = await self._inbox.due(AT_ONCE)
                    await asyncio.gather(*map(self._look, due))
                if len(due) < AT_ONCE:
                    await working.pause(IDLE_S)

    async def _look(self, kept: Kept) -> None:
        try:
            await self._look_again(kept)
        except Exception:  # noqa: BLE001  one that breaks us must not keep the others
            # It stays, and operators hear of it.
            activity.logger.exception("inbound.look_broke", extra={"provider": kept.provider})
