"""A biller whose every call leaves one row in the call log."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

import structlog

from payments.adapters.billers.exchange import CURRENT, Exchange
from payments.domain.bill import Bill, BillPayment, BillRef, Refused
from payments.domain.outcome import Outcome, OutcomeKind
from payments.ports.biller import Biller, BillerUnavailable, Capabilities
from payments.ports.journal import CallLog, CallRow
from payments.ports.record import RecordUnavailable

# The row is evidence, the call is the business: a slow database delays it by no more than this.
_PATIENCE_S: Final = 1.0

log = structlog.get_logger()
Answer = TypeVar("Answer")


class RecordedBiller:
    def __init__(self, biller_id: str, biller: Biller, calls: CallLog) -> None:
        self._biller_id = biller_id
        self._biller = biller
        self._calls = calls

    @property
    def capabilities(self) -> Capabilities:
        return self._biller.capabilities

    async def lookup(self, bill: BillRef) -> Bill | Refused:
        return await self._recorded(
            "lookup", _name(bill), lambda: self._biller.lookup(bill), _word_of_read
        )

    async def hold(self, bill: BillRef, *, hold_id: str) -> Bill | Refused:
        return await self._recorded(
            "hold", hold_id, lambda: self._biller.hold(bill, hold_id=hold_id), _word_of_read
        )

    async def release(self, bill: BillRef, *, hold_id: str) -> None:
        await self._recorded(
            "release",
            hold_id,
            lambda: self._biller.release(bill, hold_id=hold_id),
            lambda _: "released",
        )

    async def pay(self, payment: BillPayment) -> Outcome:
        return await self._recorded(
            "pay", payment.transaction_id, lambda: self._biller.pay(payment), _word_of_money
        )

    async def confirm(self, payment: BillPayment, *, sent_by: datetime) -> Outcome:
        return await self._recorded(
            "confirm",
            payment.transaction_id,
            lambda: self._biller.confirm(payment, sent_by=sent_by),
            _word_of_money,
        )

    async def _recorded(
        self,
        operation: str,
        reference: str,
        call: Callable[[], Awaitable[Answer]],
        word: Callable[[Answer], str],
    ) -> Answer:
        exchange = Exchange()
        token = CURRENT.set(exchange)
        started_at, began = datetime.now(UTC), time.perf_counter()
        outcome = "broken"
        try:
            answer = await call()
            outcome = word(answer)
        except BillerUnavailable:
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
                    provider=self._biller_id,
                    operation=operation,
                    reference=reference,
                    phase=_phase(exchange),
                    outcome=outcome,
                    latency_us=latency_us,
                    started_at=started_at,
                    raw=exchange.raw(),
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


def _phase(exchange: Exchange) -> str:
    if exchange.status is not None:
        return "answered"
    return "sent_unknown" if exchange.left else "not_sent"


def _name(bill: BillRef) -> str:
    return f"{bill.biller_id}:{bill.bill_number}:{bill.billing_period}"


def _word_of_read(answer: Bill | Refused) -> str:
    return answer.code.meaning.reason if isinstance(answer, Refused) else "found"


def _word_of_money(outcome: Outcome) -> str:
    code = outcome.code
    if outcome.kind is OutcomeKind.DECLINED and code is not None:
        return f"declined {code.meaning.reason}"
    return outcome.kind.value
