"""What a provider's event means for us: pure judgement, before anybody is asked anything.

An event is a reason to ask, never the truth. What the record already says needs no asking; what
contradicts us without a way out needs a person.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from payments.domain.money import Money
from payments.domain.payment import (
    FINAL,
    Payment,
    PaymentStatus,
)
from payments.domain.refund import Refund, RefundStatus
from payments.ports.inbox import InboundState
from payments.ports.payments import Named
from payments.ports.provider import Says, Told


class Next(StrEnum):
    """KEEP it as judged · ASK the workflow that owns it · REVERSE money that nobody wants."""

    KEEP = "keep"
    ASK = "ask"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and how the event stands afterwards."""

    next: Next
    state: InboundState
    note: str


_AGREED: Final = Verdict(Next.KEEP, InboundState.APPLIED, "the record already says so")
_ASK: Final = Verdict(Next.ASK, InboundState.APPLIED, "the provider was asked")
_REVERSE: Final = Verdict(Next.REVERSE, InboundState.APPLIED, "money that nobody wanted")
_MONEY: Final = frozenset({Says.AUTHORIZED, Says.CAPTURED})
_S, _P = Says, PaymentStatus
_BEFORE: Final = frozenset({_S.NOTHING, _S.PENDING, _S.CHALLENGE})
_NO_MONEY: Final = _BEFORE | {_S.DECLINED, _S.VOIDED, _S.EXPIRED}

# What an event may say that is no news in each status: the same, or something older.
_NO_NEWS: Final[dict[PaymentStatus, frozenset[Says]]] = {
    _P.PROCESSING: frozenset({_S.PENDING}),
    _P.REVIEW: frozenset(),
    _P.REQUIRES_ACTION: frozenset({_S.PENDING, _S.CHALLENGE}),
    _P.AUTHORIZED: _BEFORE | {_S.AUTHORIZED},
    _P.PARTIALLY_CAPTURED: _BEFORE | _MONEY,
    _P.CAPTURED: _BEFORE | _MONEY,
    _P.CANCELED: _NO_MONEY,
    _P.EXPIRED: _NO_MONEY,
    _P.FAILED: _NO_MONEY,
}


def parked(note: str) -> Verdict:
    return Verdict(Next.KEEP, InboundState.PARKED, note)


def quarantined(note: str) -> Verdict:
    return Verdict(Next.KEEP, InboundState.QUARANTINED, note)


def on_payment(told: Told, provider_id: str, named: Named | None) -> Verdict:
    if named is None:
        return parked("no such payment")
    payment, attempt = named.payment, named.attempt
    if attempt is None:
        # Perhaps it is being sent at this moment, by a workflow that is still at it.
        return parked("no such attempt") if payment.status in FINAL else _ASK
    if attempt.provider != provider_id:
        return quarantined("an attempt at another provider")
    if not _fits(told, attempt.order.amount, in_parts=not attempt.order.capture):
        return quarantined("another amount or currency than ours")
    if not named.is_latest:
        return _REVERSE if told.says in _MONEY else _AGREED
    return _on_latest(told, payment)


def _on_latest(told: Told, payment: Payment) -> Verdict:
    captures_more = (
        told.says is Says.CAPTURED
        and told.amount is not None
        and told.amount.minor > payment.captured_minor
    )
    if told.says in _NO_NEWS[payment.status] and not (captures_more and payment.captured_minor):
        return _AGREED
    if payment.status not in FINAL:
        return _ASK
    if payment.status is not PaymentStatus.CAPTURED:
        return _REVERSE
    gave_rest_back = payment.captured_minor < payment.amount.minor
    if told.says in (Says.VOIDED, Says.EXPIRED) and gave_rest_back:
        return _AGREED
    return quarantined(f"it says {told.says}, we say captured")


def on_refund(told: Told, refund: Refund | None) -> Verdict:
    if refund is None:
        return parked("no such refund")
    if told.amount is not None and told.amount != refund.amount:
        return quarantined("another amount or currency than ours")
    if refund.status is RefundStatus.PENDING:
        return _AGREED if told.says is Says.REFUND_PENDING else _ASK
    opposite = (
        Says.REFUND_FAILED if refund.status is RefundStatus.SUCCEEDED else Says.REFUND_SUCCEEDED
    )
    if told.says is opposite:
        return quarantined(f"it says {told.says}, we say {refund.status}")
    return _AGREED


def on_way_back(told: Told, named: Named | None) -> Verdict:
    """A refund of our own making, of money that came late. Its workflow asks until it is known."""
    if named is None or named.attempt is None:
        return parked("no such attempt")
    if told.says is Says.REFUND_FAILED:
        return quarantined("late money did not go back")
    return _AGREED


def after_asking(verdict: Verdict) -> Verdict:
    """What the same judgement is worth once the provider was asked: it goes on by itself."""
    return replace(verdict, next=Next.KEEP) if verdict.next is Next.ASK else verdict


def _fits(told: Told, ordered: Money, *, in_parts: bool) -> bool:
    """A capture may be a part of what was ordered; anything else is all of it."""
    if told.amount is None or told.says not in _MONEY:
        return True
    if told.amount.currency != ordered.currency:
        return False
    part = in_parts and told.says is Says.CAPTURED
    return told.amount.minor <= ordered.minor if part else told.amount == ordered
