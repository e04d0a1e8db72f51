"""Double entry in its smallest form: postings of signed minor units that sum to zero.

A debit is positive, a credit negative. The database refuses what does not balance; this module
decides which accounts a business fact touches.
"""

from dataclasses import dataclass
from enum import StrEnum

from payments.domain.bill import BillPayment
from payments.domain.money import Money


class AccountKind(StrEnum):
    """What an account is for. Its code is `{kind}:{owner}:{currency}`."""

    PARTNER_RECEIVABLE = "partner_receivable"
    BILLER_PAYABLE = "biller_payable"
    FEE_INCOME = "fee_income"
    SUSPENSE = "suspense"
    PROVIDER_RECEIVABLE = "provider_receivable"
    PARTNER_PAYABLE = "partner_payable"
    PAYOUT_RESERVED = "payout_reserved"
    # Memo: what is reserved on cards and not taken yet. Both sides always cancel out.
    AUTHORIZED = "authorized"
    AUTHORIZED_MEMO = "authorized_memo"


@dataclass(frozen=True, slots=True)
class Account:
    kind: AccountKind
    owner: str
    currency: str

    @property
    def code(self) -> str:
        return f"{self.kind}:{self.owner}:{self.currency}"


@dataclass(frozen=True, slots=True)
class Entry:
    account: Account
    amount: Money

    def __post_init__(self) -> None:
        assert self.amount.minor != 0, "an entry of nothing"
        assert self.amount.currency == self.account.currency, "an entry in another currency"


@dataclass(frozen=True, slots=True)
class Posting:
    """One balanced ledger transaction. `key` makes it idempotent for ever; `subject` names the
    business object, for example a transaction id.
    """

    key: str
    subject: str
    description: str
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        totals: dict[str, int] = {}
        for entry in self.entries:
            totals[entry.amount.currency] = (
                totals.get(entry.amount.currency, 0) + entry.amount.minor
            )
        assert self.entries, "a posting without entries"
        assert not any(totals.values()), f"posting {self.key} does not balance: {totals}"


def _receivable(payment: BillPayment) -> Account:
    return Account(AccountKind.PARTNER_RECEIVABLE, payment.partner_id, payment.amount.currency)


def _suspense(payment: BillPayment) -> Account:
    return Account(AccountKind.SUSPENSE, payment.bill.biller_id, payment.amount.currency)


def _earned(payment: BillPayment, source: Account) -> tuple[Entry, ...]:
    """The biller gets the bill's amount, we get the fee, `source` gives both."""
    fee = payment.fee
    biller = Account(AccountKind.BILLER_PAYABLE, payment.bill.biller_id, fee.currency)
    income = Account(AccountKind.FEE_INCOME, payment.partner_id, fee.currency)
    entries = (Entry(source, payment.amount + fee), Entry(biller, -payment.amount))
    return (*entries, Entry(income, -fee)) if fee.minor else entries


def paid(payment: BillPayment) -> Posting:
    """The biller took the money: the partner owes us the bill and the fee."""
    return Posting(
        key=f"paid:{payment.transaction_id}",
        subject=payment.transaction_id,
        description="bill paid",
        entries=_earned(payment, _receivable(payment)),
    )


def suspended(payment: BillPayment) -> Posting:
    """Nobody knows whether the biller took the money: until then it waits in suspense."""
    total = payment.amount + payment.fee
    return Posting(
        key=f"suspended:{payment.transaction_id}",
        subject=payment.transaction_id,
        description="outcome unknown: money waits in suspense",
        entries=(Entry(_receivable(payment), total), Entry(_suspense(payment), -total)),
    )


def paid_from_suspense(payment: BillPayment) -> Posting:
    """The unknown outcome turned out paid."""
    return Posting(
        key=f"paid:{payment.transaction_id}",
        subject=payment.transaction_id,
        description="bill paid, known after asking",
        entries=_earned(payment, _suspense(payment)),
    )


def returned_from_suspense(payment: BillPayment) -> Posting:
    """The unknown outcome turned out declined: the partner owes nothing."""
    total = payment.amount + payment.fee
    return Posting(
        key=f"declined:{payment.transaction_id}",
        subject=payment.transaction_id,
        description="declined, known after asking: money leaves suspense",
        entries=(Entry(_suspense(payment), total), Entry(_receivable(payment), -total)),
    )
