"""Every call to somebody else leaves one row in the call log, however it ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

import structlog

from payments.outside.exchange import CURRENT, Exchange
from payments.ports.journal import CallLog, CallRow
from payments.ports.record import RecordUnavailable

# The row is evidence, the call is the business: a slow database delays it by no more than this.
_PATIENCE_S: Final = 1.0

log = structlog.get_logger()
Answer = TypeVar("Answer")


class Recorder:
    """`unavailable` is what their port raises when a call that moves no money got no answer."""

    def __init__(self, whom: str, calls: CallLog, unavailable: type[Exception]) -> None:
        self._whom = whom
        self._calls = calls
        self._unavailable = unavailable

    async def recorded(
        self,
        operation: str,
        reference: str,
        call: Callable[[], Awaitable[Answer]],
        word: Callable[[Answer], str],
        *,
        secret: str = "",
    ) -> Answer:
        """Make the call and write it down, but for `secret`; `word` says how it ended."""
        exchange = Exchange()
        token = CURRENT.set(exchange)
        started_at, began = datetime.now(UTC), time.perf_counter()
        outcome = "broken"
        try:
            answer = await call()
            outcome = word(answer)
        except self._unavailable:
            outcome = "unavailable"
            raise
        except asyncio.CancelledError:
            outcome = "abandoned"
            raise
        finally:
            CURRENT.reset(token)
            latency_us = int((time.perf_counter() - began) * 1_000_000)
            await self._keep(
                CallRow(
                    provider=self._whom,
                    operation=operation,
                    reference=reference,
                    phase=exchange.phase,
                    outcome=outcome,
                    latency_us=latency_us,
                    started_at=started_at,
                    raw=exchange.raw(secret),
                )
            )
        return answer

    async def _keep(self, row: CallRow) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._calls.record(row)
        except (RecordUnavailable, TimeoutError):
            # An outcome must not be lost because its evidence could not be written down.
            log.warning(
                "provider_call.unrecorded",
                provider=row.provider,
                operation=row.operation,
                reference=row.reference,
                outcome=row.outcome,
            )
