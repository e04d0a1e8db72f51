"""The calls for batches, awaiting. A batch may be given as the object or as its id."""

from collections.abc import AsyncIterator

from quittance import batch_operations as operations
from quittance.batch_results import Batch, BatchKind
from quittance.batches import CSV
from quittance.drivers import Awaiting


class AsyncBatches:
    """Those of one kind: batches of bill payments, or of payouts."""

    def __init__(self, driver: Awaiting, kind: BatchKind) -> None:
        self._driver = driver
        self._kind = kind

    async def create(
        self,
        content: bytes,
        reference: str,
        *,
        media_type: str = CSV,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Pay what a file asks for; `reference` is yours and names this one file for ever.

        One bad row, and nothing is begun: InvalidRequest tells each by its line, in `data`.
        """
        operation = operations.create(self._kind, content, reference, media_type, idempotency_key)
        return await self._driver.call(operation)

    async def get(self, batch: Batch | str) -> Batch:
        """How far it is."""
        return await self._driver.call(operations.get(self._kind, batch))

    async def wait(self, batch: Batch | str, timeout_s: float = 3600.0) -> Batch:
        """Ask, ever less often, until it has ended. Raises StillProcessing."""
        return await self._driver.wait(operations.get(self._kind, batch), timeout_s)

    def list(self, page_size: int = 20) -> AsyncIterator[Batch]:
        """Yours, newest first; pages are fetched as they are needed."""
        return self._driver.list(operations.list_batches(self._kind, page_size))

    async def results(self, batch: Batch | str, format: str = "csv") -> bytes:  # noqa: A002
        """What became of each row, as a file: `csv` or `jsonl`."""
        return await self._driver.call(operations.results(self._kind, batch, format))

    async def pause(self, batch: Batch | str, *, idempotency_key: str | None = None) -> Batch:
        """Begin no more rows for now; those under way come to their end."""
        return await self._driver.call(operations.move(self._kind, batch, "pause", idempotency_key))

    async def resume(self, batch: Batch | str, *, idempotency_key: str | None = None) -> Batch:
        return await self._driver.call(
            operations.move(self._kind, batch, "resume", idempotency_key)
        )

    async def cancel(self, batch: Batch | str, *, idempotency_key: str | None = None) -> Batch:
        """Begin no more rows, ever; it ends when those under way have."""
        return await self._driver.call(
            operations.move(self._kind, batch, "cancel", idempotency_key)
        )
