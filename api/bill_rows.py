"""What each line of a batch of bill payments must be."""

from collections.abc import Callable
from datetime import datetime

from api.answers import field_refused
from api.batch_rows import Once
from api.batches import BillerTerms
from api.card_orders import money
from api.schemas import Amount, Asked, BillerId, BillingPeriod, BillNumber, TransactionId
from payments.domain import ids
from payments.domain.batch_row import BatchRow, BillRow
from payments.domain.bill import Agreement, BillRef
from payments.domain.codes import Code


class BillRowBody(Asked):
    """One row: which bill, the partner's name for its payment, and what it is expected to cost."""

    biller_id: BillerId
    bill_number: BillNumber
    billing_period: BillingPeriod
    transaction_id: TransactionId
    amount: Amount
    currency: str


TermsOf = Callable[[str], BillerTerms | None]


class BillRows:
    shape = BillRowBody
    reference = "transactionId"

    def __init__(self, partner_id: str, terms_of: TermsOf, received_at: datetime) -> None:
        self._partner_id = partner_id
        self._terms_of = terms_of
        self._received_at = received_at
        self._terms: dict[str, BillerTerms | None] = {}
        self._bills: Once[BillRef] = Once("billNumber", "the bill")

    def row(self, number: int, told: BillRowBody) -> BatchRow:
        agreement = self._agreement(told)
        amount = money(told.amount, told.currency)
        bill = BillRef(told.biller_id, told.bill_number, told.billing_period)
        self._bills.take(bill, number)
        reference = told.transaction_id
        return BatchRow(
            line=number,
            reference=reference,
            object_id=ids.transaction_id(self._partner_id, reference, self._received_at),
            amount=amount,
            asked=BillRow(bill, agreement),
        )

    def _agreement(self, told: BillRowBody) -> Agreement:
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
        return terms.agreement
