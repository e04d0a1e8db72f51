"""The calls for batches, blocking. A batch may be given as the object or as its id."""

from collections.abc import Iterator

from quittance import batch_operations as operations
from quittance.batch_results import Batch, BatchKind
from quittance.drivers import Blocking

CSV = "text/csv"
JSONL = "application/jsonl"


class Batches:
    """Those of one kind: batches of bill payments, or of payouts."""

    def __init__(self, driver: Blocking, kind: BatchKind) -> None:
        self._driver = driver
        self._kind = kind

    def create(
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
        return self._driver.call(operation)

    def get(self, batch: Batch | str) -> Batch:
        """How far it is."""
        return self._driver.call(operations.get(self._kind, batch))

    def wait(self, batch: Batch | str, timeout_s: float = 3600.0) -> Batch:
        """Ask, ever less often, until it has ended. Raises StillProcessing."""
        return self._driver.wait(operations.get(self._kind, batch), timeout_s)

    def list(self, page_size: int = 20) -> Iterator[Batch]:
        """Yours, newest first; pages are fetched as they are needed."""
        return self._driver.list(operations.list_batches(self._kind, page_size))

    def results(self, batch: Batch | str, format: str = "csv") -> bytes:  # noqa: A002
        """What became of each row, as a file: `csv` or `jsonl`."""
        return self._driver.call(operations.results(self._kind, batch, format))

    def pause(self, batch: Batch | str, *, idempotency_key: str | None = None) -> Batch:
        """Begin no more rows for now; those under way come to their end."""
        return self._driver.call(operations.move(self._kind, batch, "pause", idempotency_key))

    def resume(self, batch: Batch | str, *, idempotency_key: str | None = None) -> Batch:
        return self._driver.call(operations.move(self._kind, batch, "resume", idempotency_key))

    def cancel(self, batch: Batch | str, *, idempotency_key: str | None = None) -> Batch:
        """Begin no more rows, ever; it ends when those under way have."""
        return self._driver.call(operations.move(self._kind, batch, "cancel", idempotency_key))
