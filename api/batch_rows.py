"""What each line of a batch of bill payments must be, judged before anything moves."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.answers import Refusal, field_refused
from api.batches import BillerTerms
from api.formats import formats_of
from api.row_files import CardNumberSeen, Flaw, Line, RowFormat, Unreadable, count_rows, read
from api.schemas import Amount, Asked, BillerId, BillingPeriod, BillNumber, TransactionId
from api.strict import checked
from payments.domain import ids
from payments.domain.batch import MOST_ROWS, BatchRow, BillRow
from payments.domain.bill import Agreement, BillRef
from payments.domain.card_numbers import find
from payments.domain.codes import Code
from payments.domain.money import LARGEST_MINOR, Money, MoneyError


class BillRowBody(Asked):
    """One row: which bill, the partner's name for its payment, and what it is expected to cost."""

    biller_id: BillerId
    bill_number: BillNumber
    billing_period: BillingPeriod
    transaction_id: TransactionId
    amount: Amount
    currency: str


COLUMNS: Final = (
    *("billerId", "billNumber", "billingPeriod"),
    *("transactionId", "amount", "currency"),
)
_FORMATS: Final = formats_of(BillRowBody)


class TooManyRows(Exception):
    """More than MOST_ROWS."""


TermsOf = Callable[[str], BillerTerms | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """Every row of a file. What is begun has no flaws at all."""

    rows: tuple[BatchRow, ...]
    flaws: tuple[Flaw, ...]


class RowJudge:
    """Reads the rows of one file of one partner, and remembers what must not come twice."""

    def __init__(self, partner_id: str, terms_of: TermsOf, received_at: datetime) -> None:
        self._partner_id = partner_id
        self._terms_of = terms_of
        self._received_at = received_at
        self._terms: dict[str, BillerTerms | None] = {}
        self._bills: dict[BillRef, int] = {}
        self._references: dict[str, int] = {}
        self._currency: tuple[str, int] | None = None

    def judge(self, body: bytes, format_: RowFormat) -> Judged:
        """Raises Unreadable, TooManyRows and CardNumberSeen."""
        if count_rows(body, format_) > MOST_ROWS:
            raise TooManyRows
        rows: list[BatchRow] = []
        flaws: list[Flaw] = []
        for each in self._judged(body, format_):
            if isinstance(each, Flaw):
                flaws.append(each)
            else:
                rows.append(each)
        if sum(row.amount.minor for row in rows) > LARGEST_MINOR:
            raise Unreadable("all rows together are more than any amount we move")
        return Judged(tuple(rows), tuple(flaws))

    def _judged(self, body: bytes, format_: RowFormat) -> Iterator[BatchRow | Flaw]:
        for line in read(body, format_, COLUMNS):
            if isinstance(line, Flaw):
                yield line
                continue
            _refuse_card_number(line)
            try:
                told = checked(BillRowBody, line.fields)
                assert isinstance(told, BillRowBody)
                yield self._row(line.number, told)
            except Refusal as refused:
                data: Mapping[str, str] = refused.data or {}
                yield Flaw(line.number, refused.code, data["reason"], data["field"])

    def _row(self, number: int, told: BillRowBody) -> BatchRow:
        """Raises Refusal."""
        agreement = self._agreement(number, told)
        try:
            amount = Money.parse(told.amount, told.currency)
        except MoneyError as error:
            raise field_refused(Code.FIELD_REFUSED, "amount", str(error)) from None
        bill = BillRef(told.biller_id, told.bill_number, told.billing_period)
        first = self._bills.setdefault(bill, number)
        if first != number:
            raise field_refused(Code.FIELD_REFUSED, "billNumber", f"the bill of line {first}")
        reference = told.transaction_id
        first = self._references.setdefault(reference, number)
        if first != number:
            raise field_refused(Code.FIELD_REFUSED, "transactionId", f"the name of line {first}")
        return BatchRow(
            line=number,
            reference=reference,
            object_id=ids.transaction_id(self._partner_id, reference, self._received_at),
            amount=amount,
            asked=BillRow(bill, agreement),
        )

    def _agreement(self, number: int, told: BillRowBody) -> Agreement:
        biller_id = told.biller_id
        if biller_id not in self._terms:
            self._terms[biller_id] = self._terms_of(biller_id)
        terms = self._terms[biller_id]
        if terms is None or terms.agreement is None:
            reason = "unknown biller" if terms is None else "no agreement for this biller"
            raise field_refused(Code.BILLER_UNKNOWN, "billerId", reason)
        if told.currency != terms.currency:
            reason = f"bills of {biller_id} are in {terms.currency}"
            raise field_refused(Code.FIELD_REFUSED, "currency", reason)
        currency, first = self._currency = self._currency or (told.currency, number)
        if told.currency != currency:
            reason = f"line {first} has {currency}; a batch has one currency"
            raise field_refused(Code.FIELD_REFUSED, "currency", reason)
        return terms.agreement


def _refuse_card_number(line: Line) -> None:
    """Raises CardNumberSeen. A bill's number may look like a card's: its column tells it apart."""
    for name, value in line.fields.items():
        text = value if isinstance(value, str) else repr(value)
        if find(name) or (find(text) and not _is_told_apart(name, text)):
            raise CardNumberSeen(line.number)


def _is_told_apart(name: str, text: str) -> bool:
    own = _FORMATS.get(name)
    return own is not None and own.fits(text)
