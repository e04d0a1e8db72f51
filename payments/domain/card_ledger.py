"""The ledger legs of payments: which accounts a move, a refund or a late success touches.

What is reserved on a card stands in two memo accounts that cancel out; what nobody knows yet waits
in suspense, however it is paid. Both are empty when a payment has ended, whichever way it went:
`Books` is what of one payment still waits there, and every move says what is left of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from payments.domain.ledger import Account, AccountKind, Entry, Posting
from payments.domain.money import Money
from payments.domain.payment import (
    FINAL,
    Attempt,
    Fact,
    PaymentOrder,
    PaymentStatus,
)
from payments.domain.refund import RefundOrder

_Line = tuple[Account, int]

_DESCRIPTIONS: Final = {
    PaymentStatus.AUTHORIZED: "payment authorised",
    PaymentStatus.PARTIALLY_CAPTURED: "payment captured in part",
    PaymentStatus.CAPTURED: "payment captured",
}


@dataclass(frozen=True, slots=True)
class Books:
    """What of a payment still waits in the ledger: `held` is reserved on the card, in minor units;
    `suspended` says that its whole amount is in suspense.
    """

    held: int = 0
    suspended: bool = False


def moved(fact: Fact, books: Books) -> tuple[Posting | None, Books]:
    """The legs of one move, if it has any, and the books after it.

    Whatever was in suspense comes out of it first, as if it had never moved; then comes what is
    known now.
    """
    order, after = fact.attempt.order, _books_after(fact, books)
    lines: list[_Line] = []
    if books.suspended and not after.suspended:
        lines += _suspense(fact.attempt, -order.amount.minor)
    if fact.captured is not None:
        lines += _taken(fact, fact.captured)
    lines += _memo(fact.attempt, after.held - books.held)
    description = _DESCRIPTIONS.get(fact.status, f"payment {fact.status}: nothing is held")
    return _posting(_key(fact, books), order.payment_id, description, lines), after


def suspended(attempt: Attempt) -> Posting:
    """Nobody knows whether the provider took the money: until then it waits in suspense."""
    lines = _suspense(attempt, attempt.order.amount.minor)
    return _sure(
        f"suspended:{attempt.reference}",
        attempt.order.payment_id,
        "outcome unknown: money waits in suspense",
        lines,
    )


def returned(attempt: Attempt) -> Posting:
    """The unknown outcome turned out to be none: the provider took nothing."""
    lines = _suspense(attempt, -attempt.order.amount.minor)
    return _sure(
        f"returned:{attempt.reference}",
        attempt.order.payment_id,
        "nothing was taken, known after asking: money leaves suspense",
        lines,
    )


def late(attempt: Attempt, amount: Money, *, captured: bool) -> Posting:
    """Money moved, or was reserved, after we had said that it would not."""
    lines = _suspense(attempt, amount.minor) if captured else _memo(attempt, amount.minor)
    description = "late success: money waits for its way back"
    return _sure(f"late:{attempt.reference}", attempt.order.payment_id, description, lines)


def late_reversed(attempt: Attempt, amount: Money, *, captured: bool) -> Posting:
    """The late money went back."""
    lines = _suspense(attempt, -amount.minor) if captured else _memo(attempt, -amount.minor)
    return _sure(
        f"reversed:{attempt.reference}",
        attempt.order.payment_id,
        "late success went back",
        lines,
    )


def refund_suspended(order: RefundOrder, provider: str) -> Posting:
    """Nobody knows whether the provider gave the money back; the partner's share is set aside."""
    minor = order.amount.minor
    lines = ((_set_aside(order), minor), (_suspense_of(provider, order.amount), -minor))
    description = "refund's outcome unknown: money waits in suspense"
    return _sure(f"refund_suspended:{order.refund_id}", order.refund_id, description, lines)


def refunded(order: RefundOrder, provider: str, *, from_suspense: bool) -> Posting:
    """The provider gave the money back: it owes us less, and we owe the partner less."""
    minor = order.amount.minor
    source = _suspense_of(provider, order.amount) if from_suspense else _set_aside(order)
    receivable = Account(AccountKind.PROVIDER_RECEIVABLE, provider, order.amount.currency)
    lines = ((source, minor), (receivable, -minor))
    return _sure(f"refunded:{order.refund_id}", order.refund_id, "payment refunded", lines)


def refund_returned(order: RefundOrder, provider: str, *, from_suspense: bool) -> Posting | None:
    """The refund failed: the partner has its money again. None when it never moved."""
    minor = order.amount.minor
    source = _suspense_of(provider, order.amount) if from_suspense else _set_aside(order)
    lines = ((source, minor), (_payable(order), -minor))
    description = "refund failed: the partner has its money again"
    return _posting(f"refund_returned:{order.refund_id}", order.refund_id, description, lines)


def leg_refused(order: RefundOrder) -> Posting:
    """A refund that was planned as a leg of a payout does not begin: its money is back."""
    minor = order.amount.minor
    lines = ((_set_aside(order), minor), (_payable(order), -minor))
    description = "leg of a payout refused: the partner has its money again"
    return _sure(f"leg_refused:{order.refund_id}", order.refund_id, description, lines)


def _books_after(fact: Fact, books: Books) -> Books:
    held = books.held
    if fact.status in FINAL:
        held = 0
    elif fact.status is PaymentStatus.AUTHORIZED:
        held = fact.attempt.order.amount.minor
    elif fact.captured is not None:
        held -= min(held, fact.captured.minor)
    # Back in processing nothing is known yet; every other status is an answer.
    return Books(held, books.suspended and fact.status is PaymentStatus.PROCESSING)


def _key(fact: Fact, books: Books) -> str:
    if fact.captured is not None:
        return f"captured:{fact.attempt.order.payment_id}:{fact.key}"
    if fact.status is PaymentStatus.AUTHORIZED:
        return f"authorized:{fact.attempt.reference}"
    if books.held:
        return f"released:{fact.attempt.order.payment_id}"
    return f"returned:{fact.attempt.reference}"


def _taken(fact: Fact, captured: Money) -> tuple[_Line, ...]:
    """The provider owes us all of it, we owe the partner all but the fee."""
    order, fee = fact.attempt.order, fact.fee.minor if fact.fee else 0
    assert 0 <= fee <= captured.minor, "a fee larger than what was captured"
    return (
        (_receivable(fact.attempt), captured.minor),
        (_payable(order), fee - captured.minor),
        (Account(AccountKind.FEE_INCOME, order.partner_id, captured.currency), -fee),
    )


def _memo(attempt: Attempt, minor: int) -> tuple[_Line, ...]:
    order = attempt.order
    currency = order.amount.currency
    return (
        (Account(AccountKind.AUTHORIZED, attempt.provider, currency), minor),
        (Account(AccountKind.AUTHORIZED_MEMO, order.partner_id, currency), -minor),
    )


def _suspense(attempt: Attempt, minor: int) -> tuple[_Line, ...]:
    return (
        (_receivable(attempt), minor),
        (_suspense_of(attempt.provider, attempt.order.amount), -minor),
    )


def _receivable(attempt: Attempt) -> Account:
    currency = attempt.order.amount.currency
    return Account(AccountKind.PROVIDER_RECEIVABLE, attempt.provider, currency)


def _payable(order: PaymentOrder | RefundOrder) -> Account:
    return Account(AccountKind.PARTNER_PAYABLE, order.partner_id, order.amount.currency)


def _set_aside(order: RefundOrder) -> Account:
    """Where its money waits: with the payout whose leg it is, or still with the partner."""
    if order.payout_id is None:
        return _payable(order)
    return Account(AccountKind.PAYOUT_RESERVED, order.partner_id, order.amount.currency)


def _suspense_of(provider: str, amount: Money) -> Account:
    return Account(AccountKind.SUSPENSE, provider, amount.currency)


def _posting(key: str, subject: str, description: str, lines: Iterable[_Line]) -> Posting | None:
    """One entry for each account; what cancels out is left out. None when nothing is left."""
    sums: dict[Account, int] = {}
    for account, minor in lines:
        sums[account] = sums.get(account, 0) + minor
    entries = tuple(
        Entry(account, Money(minor, account.currency)) for account, minor in sums.items() if minor
    )
    return Posting(key, subject, description, entries) if entries else None


def _sure(key: str, subject: str, description: str, lines: Iterable[_Line]) -> Posting:
    posting = _posting(key, subject, description, lines)
    assert posting is not None, "a posting of nothing"
    return posting
