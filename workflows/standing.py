"""Where a payment stands. Each move is written to the record before anybody is told of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from activities.payments import PaymentActivities
from payments.domain.card import Decline
from payments.domain.charge import Answer, ChallengeAsked
from payments.domain.codes import Code
from payments.domain.method import words
from payments.domain.money import Money
from payments.domain.payment import (
    FINAL,
    PAYMENT_MOVES,
    Attempt,
    Fact,
    NextAction,
    PaymentOrder,
    PaymentStatus,
    begun,
    nothing_sent,
)
from payments.temporal import PAY_STATE, PROVIDER
from workflows import record

_S = PaymentStatus
# Something waits, is reserved or may be stopped: there is something to cancel.
CANCELABLE = frozenset({_S.REVIEW, _S.REQUIRES_ACTION, _S.AUTHORIZED, _S.PARTIALLY_CAPTURED})
HELD = frozenset({_S.AUTHORIZED, _S.PARTIALLY_CAPTURED})


class Standing:
    def __init__(self, order: PaymentOrder) -> None:
        self._order = order
        self.payment = begun(order)
        self._attempt = nothing_sent(order)
        self._moves = 0
        # Whether there is anything to tell whoever asked for the payment.
        self.is_decided = False
        self._story: list[str] = []

    @property
    def status(self) -> PaymentStatus:
        return self.payment.status

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def may_become(self, status: PaymentStatus) -> bool:
        return status in PAYMENT_MOVES[self.status]

    def note(self, line: str) -> None:
        """One more line of the story that operators read."""
        self._story.append(line)
        workflow.set_current_details(self._details())

    async def to(
        self,
        status: PaymentStatus,
        attempt: Attempt,
        *,
        answer: Answer | None = None,
        key: str | None = None,
        captured: Money | None = None,
        decline: Decline | None = None,
        code: Code | None = None,
        next_action: NextAction | None = None,
        expires_at: datetime | None = None,
        write: record.Write = record.write,
    ) -> None:
        """`key` names the money that moves; every other move is named by its number."""
        terms, is_first = attempt.order.terms, not self.payment.captured_minor
        self._moves += 1
        fact = Fact(
            attempt=attempt,
            status=status,
            at=workflow.now(),
            key=key or f"{self._moves}-{status}",
            provider_reference=answer.reference if answer else None,
            captured=captured,
            fee=terms.fee(captured, first=is_first) if captured else None,
            decline=decline,
            code=code or (decline.code if decline else None),
            next_action=next_action,
            expires_at=expires_at,
        )
        self.payment = await write(PaymentActivities.move, fact, f"now {status}")
        self.is_decided = True
        self._attempt = attempt
        self._show()

    async def rest(self, woken: Callable[[], bool], until: datetime, summary: str) -> bool:
        """Wait for somebody's word, but not for ever. True: the time is over."""
        try:
            await workflow.wait_condition(
                woken, timeout=until - workflow.now(), timeout_summary=summary
            )
        except TimeoutError:
            return True
        return False

    async def challenged(self, attempt: Attempt, asked: ChallengeAsked, answer: Answer) -> None:
        kind = "redirect" if asked.copy_code is None else "display_code"
        action = NextAction(kind, asked.url, asked.expires_at, asked.copy_code)
        await self.to(_S.REQUIRES_ACTION, attempt, answer=answer, next_action=action)

    async def failed(
        self,
        attempt: Attempt,
        code: Code,
        *,
        decline: Decline | None = None,
        write: record.Write = record.write,
    ) -> None:
        await self.to(_S.FAILED, attempt, code=code, decline=decline, write=write)

    def _show(self) -> None:
        workflow.set_current_details(self._details())
        attributes: list[SearchAttributeUpdate[Any]] = [PAY_STATE.value_set(self.status.value)]
        if self._attempt.provider:
            attributes.append(PROVIDER.value_set(self._attempt.provider))
        if self.status is not _S.PROCESSING:
            workflow.upsert_search_attributes(attributes)

    def _details(self) -> str:
        payment = self.payment
        amount = payment.amount
        lines = [f"**{payment.status}** {amount} {amount.currency}, {words(self._order.method)}"]
        if payment.captured_minor:
            taken = Money(payment.captured_minor, amount.currency)
            lines.append(f"taken {taken} {amount.currency}")
        if payment.code:
            lines.append(f"{payment.code}: {payment.code.meaning.message}")
        if payment.expires_at:
            lines.append(f"can be taken until {payment.expires_at:%Y-%m-%d %H:%M} UTC")
        return "  \n".join([*lines, *self._story])
