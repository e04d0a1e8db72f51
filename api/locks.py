"""The API's side of a bill lock: take it, pay it, give it back, and name every way that can end."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.answers import Refusal
from api.lock_tokens import HeldLock
from api.schemas import rfc3339
from api.updates import code_of, is_lost
from payments.domain import ids
from payments.domain.bill import (
    Agreement,
    BillRef,
    Lock,
    LockRequest,
    LockState,
    PayOrder,
    Transaction,
)
from payments.domain.codes import Code
from payments.domain.lock import LockAnswer
from payments.ports.transactions import Transactions
from payments.temporal import LOCK_ID, PARTNER_ID
from workflows.bill_lock import BillLock, acquire_operation

# Below the server's long poll of 20 s; the hold behind it gives up earlier.
ACQUIRE_TIMEOUT: Final = timedelta(seconds=6)
# An update that nobody waits for any more is refused by the workflow after this long. Generous,
# because it compares our clock with the engine's.
PATIENCE: Final = timedelta(seconds=30)
DESCRIBE_TIMEOUT: Final = timedelta(seconds=2)
# We did not hear. What was asked may have happened all the same.
_SILENT: Final = (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError)


class LockDesk:
    """Every method raises Refusal for a "no", and never guesses: not knowing has its own codes."""

    def __init__(
        self,
        client: Client,
        transactions: Transactions,
        *,
        task_queue: str,
        ttl: timedelta,
        pay_wait: timedelta,
    ) -> None:
        self._client = client
        self._transactions = transactions
        self._task_queue = task_queue
        self._ttl = ttl
        self._pay_wait = pay_wait

    async def take(
        self, *, partner_id: str, bill: BillRef, agreement: Agreement, key: str, trace: str
    ) -> Lock:
        """Lock a bill. `key` names the request: asked twice, it is one lock."""
        request = LockRequest(
            lock_id=ids.lock_id(partner_id, key),
            partner_id=partner_id,
            bill=bill,
            agreement=agreement,
            trace=trace,
            acquire_by=datetime.now(UTC) + PATIENCE,
            ttl=self._ttl,
        )
        start = acquire_operation(request, self._task_queue)
        try:
            answer = await self._client.execute_update_with_start_workflow(
                BillLock.acquire,
                start_workflow_operation=start,
                # A name of its own for each try: under one name Temporal would answer a retry with
                # the outcome it keeps, a silent biller's refusal of a minute ago included.
                id=f"{request.lock_id}:{trace}",
                rpc_timeout=ACQUIRE_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            return await self._held(request)
        except WorkflowUpdateFailedError as error:
            raise Refusal(code_of(error)) from error
        except _SILENT as error:
            # Perhaps the lock is ours now. The same key will find it; a guess would not.
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=1) from error
        finally:
            # Its failure is the update's; unread, it would be logged a second time.
            await asyncio.gather(start.workflow_handle(), return_exceptions=True)
        return _granted(answer)

    async def _held(self, request: LockRequest) -> Lock:
        """The bill has a lock: an earlier try of this very request, or somebody's. Say whose."""
        handle: WorkflowHandle[BillLock, LockState] = self._client.get_workflow_handle_for(
            BillLock.run, ids.bill_lock(request.bill)
        )
        try:
            # Described and not queried: a hundred losers of a race must not wake the worker.
            held = await handle.describe(rpc_timeout=DESCRIBE_TIMEOUT)
            if await held.memo_value(LOCK_ID, "", type_hint=str) == request.lock_id:
                update = f"{request.lock_id}:{request.trace}"
                return _granted(
                    await handle.execute_update(
                        BillLock.acquire, id=update, rpc_timeout=ACQUIRE_TIMEOUT
                    )
                )
        except (WorkflowUpdateFailedError, *_SILENT) as error:
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=1) from error
        expires_at = held.start_time + self._ttl
        # A lock that is being paid outlives its expiry until the outcome is known.
        wait_s = max(1, math.ceil((expires_at - datetime.now(UTC)).total_seconds()))
        by_you = held.typed_search_attributes.get(PARTNER_ID) == request.partner_id
        told = {"retryAfterS": wait_s, "heldByYou": by_you, "expiresAt": rfc3339(expires_at)}
        raise Refusal(Code.BILL_LOCKED, told, retry_after_s=wait_s)

    async def is_locked(self, bill: BillRef) -> bool:
        """Whether a lock of this bill is open, asked of the engine itself, not of its index."""
        handle = self._client.get_workflow_handle(ids.bill_lock(bill))
        try:
            description = await handle.describe(rpc_timeout=DESCRIBE_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=1) from error
        return description.status is WorkflowExecutionStatus.RUNNING

    def _handle(self, held: HeldLock) -> WorkflowHandle[BillLock, object]:
        return self._client.get_workflow_handle_for(
            BillLock.run, ids.bill_lock(held.bill), first_execution_run_id=held.run_id
        )

    async def pay(
        self, *, partner_id: str, held: HeldLock, partner_transaction_id: str, trace: str
    ) -> Transaction:
        """Pay the lock. The transaction comes back PROCESSING when the biller takes its time."""
        now = datetime.now(UTC)
        order = PayOrder(
            transaction_id=ids.transaction_id(partner_id, partner_transaction_id, now),
            partner_transaction_id=partner_transaction_id,
            trace=trace,
            deadline=now + PATIENCE,
        )
        try:
            answer = await self._handle(held).execute_update(
                BillLock.pay,
                order,
                id=ids.pay_update(order.transaction_id),
                rpc_timeout=self._pay_wait,
            )
        except WorkflowUpdateFailedError as error:
            if is_lost(error):
                return await self._recorded(partner_id, partner_transaction_id)
            raise Refusal(code_of(error)) from error
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            return await self._recorded(partner_id, partner_transaction_id)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return await self._of_closed_lock(partner_id, held, partner_transaction_id)
            return await self._recorded(partner_id, partner_transaction_id)
        if answer.transaction is None:
            assert answer.refused is not None, "an answer is a transaction or a refusal"
            raise Refusal(answer.refused.code)
        return answer.transaction

    async def _recorded(self, partner_id: str, partner_transaction_id: str) -> Transaction:
        """We did not hear the outcome. Once the record has the payment, it will be finished."""
        found = await self._transactions.find(partner_id, partner_transaction_id)
        if found is None:
            raise Refusal(Code.OUTCOME_UNKNOWN, retry_after_s=1)
        return found

    async def _of_closed_lock(
        self, partner_id: str, held: HeldLock, partner_transaction_id: str
    ) -> Transaction:
        found = await self._transactions.find(partner_id, partner_transaction_id)
        if found is not None:
            if found.lock_id != held.lock_id:
                raise Refusal(Code.TRANSACTION_ID_USED)
            return found
        raise Refusal(await self._why_closed(partner_id, held, Code.LOCK_USED))

    async def _why_closed(self, partner_id: str, held: HeldLock, used: Code) -> Code:
        if await self._transactions.of_lock(partner_id, held.lock_id) is not None:
            return used
        expired = datetime.now(UTC) >= held.expires_at
        return Code.LOCK_EXPIRED if expired else Code.LOCK_UNKNOWN

    async def give_back(self, *, partner_id: str, held: HeldLock, trace: str) -> None:
        """Release the lock early."""
        try:
            await self._handle(held).execute_update(
                BillLock.release,
                trace,
                id=f"release:{held.lock_id}",
                rpc_timeout=ACQUIRE_TIMEOUT,
            )
        except WorkflowUpdateFailedError as error:
            raise Refusal(code_of(error)) from error
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                code = await self._why_closed(partner_id, held, Code.LOCK_BEING_PAID)
                raise Refusal(code) from error
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=1) from error
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=1) from error


def _granted(answer: LockAnswer) -> Lock:
    if answer.lock is None:
        assert answer.refused is not None, "an answer is a lock or a refusal"
        raise Refusal(answer.refused.code)
    return answer.lock
