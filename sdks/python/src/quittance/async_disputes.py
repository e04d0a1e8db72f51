"""The calls for disputes, awaiting. They are described in quittance.disputes."""

from collections.abc import AsyncIterator, Mapping

from quittance import dispute_operations as operations
from quittance.card_results import Payment
from quittance.dispute_results import (
    AllEvidence,
    Dispute,
    DisputeFile,
    DisputeStatus,
    Evidence,
)
from quittance.drivers import AwaitingCalls


class AsyncDisputes(AwaitingCalls):
    def list(
        self,
        *,
        status: DisputeStatus | str | None = None,
        payment: Payment | str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[Dispute]:
        return self._driver.list(operations.list_disputes(status, payment, page_size))

    async def get(self, dispute: Dispute | str) -> Dispute:
        return await self._driver.call(operations.get_dispute(dispute))

    async def evidence(self, dispute: Dispute | str) -> AllEvidence:
        return await self._driver.call(operations.get_evidence(dispute))

    async def give_file(
        self,
        dispute: Dispute | str,
        content: bytes,
        media_type: str,
        *,
        idempotency_key: str | None = None,
    ) -> DisputeFile:
        operation = operations.give_file(dispute, content, media_type, idempotency_key)
        return await self._driver.call(operation)

    async def add_evidence(
        self,
        dispute: Dispute | str,
        texts: Mapping[str, str] | None = None,
        files: Mapping[str, DisputeFile | str] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Evidence:
        operation = operations.add_evidence(dispute, texts or {}, files or {}, idempotency_key)
        return await self._driver.call(operation)

    async def submit(
        self,
        dispute: Dispute | str,
        version: int | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Dispute:
        return await self._driver.call(operations.submit(dispute, version, idempotency_key))

    async def accept(
        self, dispute: Dispute | str, *, idempotency_key: str | None = None
    ) -> Dispute:
        return await self._driver.call(operations.accept(dispute, idempotency_key))

    async def wait(self, dispute: Dispute | str, timeout_s: float = 60.0) -> Dispute:
        return await self._driver.wait(operations.get_dispute(dispute), timeout_s)
