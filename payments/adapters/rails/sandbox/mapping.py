"""The rail's answers ↔ our values. Pure: one function for each question, tested as tables.

Whatever does not fit the question, another amount above all, is UNKNOWN: somebody has to look, and
nothing is sent again.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from payments.adapters.rails.sandbox.errors import (
    NAME_TAKEN,
    REFUSING,
    code_of,
    turned_away,
)
from payments.domain.money import Money, MoneyError
from payments.domain.outcome import OutcomeKind
from payments.domain.payout import PayoutOrder
from payments.domain.rail import TransferAnswer, TransferState, Verification
from payments.outside.wire import Reply
from payments.ports.rail import RailUnavailable

_DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
_CAME_BACK: Final = frozenset({TransferState.FAILED, TransferState.RETURNED})
_LONGEST_REASON: Final = 80


def sent(reply: Reply, order: PayoutOrder) -> TransferAnswer:
    """What became of a transfer just handed over."""
    if reply.status in _DONE:
        return _told(reply.body, order)
    if turned_away(reply.status, reply.error):
        return TransferAnswer(
            OutcomeKind.NOT_SENT, detail=str(reply), retry_after_s=reply.retry_after_s
        )
    if reply.status not in REFUSING or not reply.error or reply.error in NAME_TAKEN:
        # A 5xx, a redirect, or a page of somebody between us and the rail.
        return TransferAnswer(OutcomeKind.UNKNOWN, detail=str(reply))
    return TransferAnswer(
        OutcomeKind.DECLINED,
        code=code_of(reply.error),
        raw=reply.error[:_LONGEST_REASON],
        detail=str(reply),
    )


def inquiry(reply: Reply, order: PayoutOrder, *, settled: bool) -> TransferAnswer:
    """What became of a transfer handed over earlier. `settled`: it would be visible by now."""
    if reply.status == HTTPStatus.OK:
        return _told(reply.body, order)
    if reply.status == HTTPStatus.NOT_FOUND and reply.error == "TRANSFER_NOT_FOUND":
        if settled:
            return TransferAnswer(OutcomeKind.NOT_SENT, detail="they never had it")
        return TransferAnswer(OutcomeKind.UNKNOWN, detail="not there, too early to tell")
    return TransferAnswer(OutcomeKind.UNKNOWN, detail=str(reply))


def verification(reply: Reply) -> Verification:
    """Raises RailUnavailable for everything but a clear word."""
    body = reply.body or {}
    match (reply.status, body.get("state")):
        case (HTTPStatus.OK, "VERIFIED"):
            return Verification(verified=True)
        case (HTTPStatus.OK, "REFUSED"):
            reason = body.get("reason")
            return Verification(
                verified=False,
                reason=reason[:_LONGEST_REASON].lower() if isinstance(reason, str) else None,
            )
        case _:
            raise RailUnavailable(str(reply))


def _told(body: Mapping[str, Any] | None, order: PayoutOrder) -> TransferAnswer:
    try:
        amount = money(body or {})
        state = TransferState(text(body or {}, "state").lower())
        named, reference = text(body or {}, "reference"), text(body or {}, "id")
    except (KeyError, TypeError, ValueError) as error:
        return TransferAnswer(OutcomeKind.UNKNOWN, detail=f"unreadable: {type(error).__name__}")
    if (named, amount) != (order.payout_id, order.amount):
        return TransferAnswer(OutcomeKind.UNKNOWN, detail="of another amount, or another transfer")
    reason = (body or {}).get("reason")
    return TransferAnswer(
        OutcomeKind.ACCEPTED,
        state=state,
        reference=reference,
        amount=amount,
        code=code_of(reason) if state in _CAME_BACK else None,
        raw=reason[:_LONGEST_REASON] if isinstance(reason, str) else None,
    )


def text(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def money(body: Mapping[str, Any]) -> Money:
    """Raises KeyError, TypeError or ValueError."""
    try:
        return Money.parse(text(body, "amount"), text(body, "currency"))
    except MoneyError as error:
        raise ValueError(str(error)) from error
