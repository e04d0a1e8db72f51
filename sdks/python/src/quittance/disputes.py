"""The calls for disputes, blocking. A dispute may be given as the object or as its id."""

from collections.abc import Iterator, Mapping

from quittance import dispute_operations as operations
from quittance.card_results import Payment
from quittance.dispute_results import (
    AllEvidence,
    Dispute,
    DisputeFile,
    DisputeStatus,
    Evidence,
)
from quittance.drivers import BlockingCalls


class Disputes(BlockingCalls):
    def list(
        self,
        *,
        status: DisputeStatus | str | None = None,
        payment: Payment | str | None = None,
        page_size: int = 100,
    ) -> Iterator[Dispute]:
        """Yours, newest first; each page is asked for when it is needed."""
        return self._driver.list(operations.list_disputes(status, payment, page_size))

    def get(self, dispute: Dispute | str) -> Dispute:
        """Raises DisputeUnknown."""
        return self._driver.call(operations.get_dispute(dispute))

    def evidence(self, dispute: Dispute | str) -> AllEvidence:
        """All that you have given, sent or not."""
        return self._driver.call(operations.get_evidence(dispute))

    def give_file(
        self,
        dispute: Dispute | str,
        content: bytes,
        media_type: str,
        *,
        idempotency_key: str | None = None,
    ) -> DisputeFile:
        """A PDF, PNG or JPEG of at most 4 MiB, for evidence to name. Raises EvidenceRefused."""
        operation = operations.give_file(dispute, content, media_type, idempotency_key)
        return self._driver.call(operation)

    def add_evidence(
        self,
        dispute: Dispute | str,
        texts: Mapping[str, str] | None = None,
        files: Mapping[str, DisputeFile | str] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Evidence:
        """One whole version, by what each is about: {"explanation": "…"}, {"receipt": file}.

        Nothing is sent before submit(). Raises EvidenceRefused, DisputeAnswered.
        """
        operation = operations.add_evidence(dispute, texts or {}, files or {}, idempotency_key)
        return self._driver.call(operation)

    def submit(
        self,
        dispute: Dispute | str,
        version: int | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Dispute:
        """Send a version, the newest without one. Possible once: raises DisputeAnswered.

        `is_pending` while it is on its way: wait() follows it.
        """
        return self._driver.call(operations.submit(dispute, version, idempotency_key))

    def accept(self, dispute: Dispute | str, *, idempotency_key: str | None = None) -> Dispute:
        """Let the customer have the money. It cannot be taken back."""
        return self._driver.call(operations.accept(dispute, idempotency_key))

    def wait(self, dispute: Dispute | str, timeout_s: float = 60.0) -> Dispute:
        """Until the provider has your answer. Raises StillProcessing."""
        return self._driver.wait(operations.get_dispute(dispute), timeout_s)
