"""The API's side of a batch: keep it, begin it, and do to it what its partner asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from api.answers import Refusal
from api.payout_orders import PayoutRules
from api.updates import Over, Unheard, heard
from payments.domain import ids
from payments.domain.batch import Batch, BatchStatus, MoveAnswer, NewBatch
from payments.domain.bill import Agreement
from payments.domain.biller import BillerProfile
from payments.domain.codes import Code
from payments.ports.batches import Batches, ReferenceUsed
from payments.ports.partners import Partners
from payments.ports.payouts import Destinations
from workflows import batch as batching

ANSWER_TIMEOUT: Final = timedelta(seconds=6)


class Asked(StrEnum):
    """What a partner or an operator can do to a batch: the names of its workflow's doors."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


LEADS_TO: Final = {
    Asked.PAUSE: BatchStatus.PAUSED,
    Asked.RESUME: BatchStatus.RUNNING,
    Asked.CANCEL: BatchStatus.CANCELING,
}


@dataclass(frozen=True, slots=True)
class BillerTerms:
    """What rows of one biller have in common for one partner; no agreement, no row."""

    currency: str
    agreement: Agreement | None


class BatchDesk:
    """Raises Refusal for a "no"."""

    def __init__(
        self,
        client: Client,
        batches: Batches,
        *,
        partners: Partners,
        billers: Callable[[], Sequence[BillerProfile]],
        destinations: Destinations,
        payout_rules: PayoutRules,
        task_queue: str,
    ) -> None:
        self._client = client
        self.record = batches
        self._partners = partners
        self._billers = billers
        self.destinations = destinations
        self.payout_rules = payout_rules
        self._task_queue = task_queue

    def terms(self, partner_id: str, biller_id: str) -> BillerTerms | None:
        for biller in self._billers():
            if biller.id == biller_id:
                agreement = self._partners.agreement(partner_id, biller_id)
                return BillerTerms(biller.currency, agreement)
        return None

    async def accept(self, new: NewBatch) -> Batch:
        """Keep all rows and begin. Raises Refusal, and RowsTaken with nothing kept."""
        try:
            batch = await self.record.create(new)
        except ReferenceUsed:
            raise Refusal(Code.REFERENCE_USED) from None
        if batch.ended_at is None:
            try:
                await batching.begin(self._client, self._task_queue, batch)
            except RPCError as error:
                # It is kept. The same request again begins it, and so does a worker that starts.
                raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=1) from error
        return batch

    async def move(self, batch: Batch, asked: Asked) -> Batch:
        """Asked twice it is done once. BATCH_STATE when the batch has gone another way."""
        handle = self._client.get_workflow_handle(ids.batch(batch.batch_id))
        try:
            answer: MoveAnswer = await heard(
                handle.execute_update(
                    asked.value, result_type=MoveAnswer, rpc_timeout=ANSWER_TIMEOUT
                )
            )
        except Unheard as error:
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=1) from error
        except Over:
            answer = MoveAnswer(batch.status, is_moved=False)
        found = await self.record.find(batch.partner_id, batch.batch_id)
        assert found is not None, "a batch is never forgotten"
        # A canceled one was asked to be that before.
        stands = BatchStatus.CANCELING if found.status is BatchStatus.CANCELED else found.status
        if not answer.is_moved and stands is not LEADS_TO[asked]:
            raise Refusal(Code.BATCH_STATE, {"reason": f"the batch is {found.status}"})
        return found
