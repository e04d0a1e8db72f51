"""The ledger legs of payouts: where the money of a payout stands, and what each move does to it.

Queued, it is set aside from what we owe the partner. While nobody knows whether the rail has it, it
waits in suspense. Sent, we owe it to the rail, and have earned the fee. A payout that fails takes
all of that back; one that is returned leaves us the fee, because the transfer was made.

A payout that goes by legs sets all of it aside at once. Each leg moves its own part of that
(payments.domain.card_ledger for refunds, this for a transfer); the fee is what the payout itself
moves.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from payments.domain.ledger import Account, AccountKind, Entry, Posting
from payments.domain.money import Money
from payments.domain.payout import PayoutOrder, PayoutStatus

_Line = tuple[Account, int]
_SET_ASIDE: Final = frozenset({PayoutStatus.QUEUED, PayoutStatus.ON_HOLD})


def reserved(order: PayoutOrder) -> Posting:
    """The payout is queued: the partner cannot spend this any more."""
    total = order.total.minor
    lines = ((_payable(order), total), (_reserved(order), -total))
    return _sure(order, "queued", "payout queued: its money is set aside", lines)


def suspended(order: PayoutOrder) -> Posting:
    """Nobody knows whether the rail has it."""
    total = order.total.minor
    lines = ((_reserved(order), total), (_suspense(order), -total))
    return _sure(order, "suspended", "payout's outcome unknown: money waits in suspense", lines)


def moved(
    order: PayoutOrder,
    before: PayoutStatus,
    after: PayoutStatus,
    *,
    suspended: bool,
    by_legs: bool = False,
) -> Posting | None:
    """The legs of one move; None when the money stays where it is."""
    if by_legs and after is not PayoutStatus.CANCELED:
        order = replace(order, amount=Money(0, order.amount.currency))
    waiting = _suspense(order) if suspended else _reserved(order)
    amount, total = order.amount.minor, order.total.minor
    match after:
        case PayoutStatus.SENT:
            lines = [(waiting, total), *_sent(order, amount, order.fee.minor)]
            return _posting(order, "sent", "payout handed to the rail", lines)
        case PayoutStatus.FAILED | PayoutStatus.CANCELED if before in _SET_ASIDE:
            lines = [(waiting, total), (_payable(order), -total)]
            return _posting(order, after, f"payout {after}: the partner has its money again", lines)
        case PayoutStatus.FAILED:
            lines = [*_sent(order, -amount, -order.fee.minor), (_payable(order), -total)]
            return _posting(order, after, "payout failed at the rail: all of it is back", lines)
        case PayoutStatus.RETURNED:
            lines = [*_sent(order, -amount, 0), (_payable(order), -amount)]
            return _posting(order, after, "payout came back: the fee stays", lines)
        case _:
            return None


def _sent(order: PayoutOrder, amount: int, fee: int) -> tuple[_Line, ...]:
    currency = order.amount.currency
    earned = (Account(AccountKind.FEE_INCOME, order.partner_id, currency), -fee)
    if not amount:
        return (earned,)
    return ((Account(AccountKind.PROVIDER_RECEIVABLE, order.carrier, currency), -amount), earned)


def _payable(order: PayoutOrder) -> Account:
    return Account(AccountKind.PARTNER_PAYABLE, order.partner_id, order.amount.currency)


def _reserved(order: PayoutOrder) -> Account:
    return Account(AccountKind.PAYOUT_RESERVED, order.partner_id, order.amount.currency)


def _suspense(order: PayoutOrder) -> Account:
    return Account(AccountKind.SUSPENSE, order.carrier, order.amount.currency)


def _posting(
    order: PayoutOrder, key: str, description: str, lines: Iterable[_Line]
) -> Posting | None:
    """None when nothing moves."""
    entries = tuple(
        Entry(account, Money(minor, account.currency)) for account, minor in lines if minor
    )
    if not entries:
        return None
    return Posting(f"payout_{key}:{order.payout_id}", order.payout_id, description, entries)


def _sure(order: PayoutOrder, key: str, description: str, lines: Iterable[_Line]) -> Posting:
    posting = _posting(order, key, description, lines)
    assert posting is not None, "a posting of nothing"
    return posting
