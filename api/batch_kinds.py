"""The kinds of batches at the API: one entry of KINDS for each, and nothing else asks which."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from api.answers import Refusal
from api.batch_results import BILL_RESULTS, PAYOUT_RESULTS, Results
from api.batch_rows import Rows
from api.batches import BatchDesk
from api.bill_rows import BillRows
from api.payout_batch_rows import PayoutRows, destinations_in
from payments.domain.batch_row import BatchKind
from payments.domain.codes import Code
from payments.domain.partner import Product, Scope

# Ready to judge one file of a partner's, received then.
OpenRows = Callable[[BatchDesk, str, datetime, bytes], Awaitable[Rows]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Who may send and look at it, how its rows are judged, and what is told of each.

    `used` is for a row whose name names something already, in the column `reference`.
    """

    kind: BatchKind
    product: Product
    post: Scope
    read: Scope
    rows: OpenRows
    reference: str
    used: Code
    results: Results


async def _bill_rows(
    desk: BatchDesk, partner_id: str, received_at: datetime, body: bytes
) -> BillRows:
    del body
    return BillRows(partner_id, partial(desk.terms, partner_id), received_at)


async def _payout_rows(
    desk: BatchDesk, partner_id: str, received_at: datetime, body: bytes
) -> PayoutRows:
    del received_at
    destinations = await destinations_in(desk.destinations, partner_id, body)
    return PayoutRows(partner_id, destinations, desk.payout_rules)


_ALL: Final = (
    Kind(
        kind=BatchKind.BILL_PAYMENTS,
        product=Product.BILL_COLLECTION,
        post=Scope.POST_PAYMENT,
        read=Scope.READ_PAYMENT,
        rows=_bill_rows,
        reference=BillRows.reference,
        used=Code.TRANSACTION_ID_USED,
        results=BILL_RESULTS,
    ),
    Kind(
        kind=BatchKind.PAYOUTS,
        product=Product.PAYOUTS,
        post=Scope.POST_PAYOUT,
        read=Scope.READ_PAYOUT,
        rows=_payout_rows,
        reference=PayoutRows.reference,
        used=Code.REFERENCE_USED,
        results=PAYOUT_RESULTS,
    ),
)
KINDS: Final[Mapping[BatchKind, Kind]] = {each.kind: each for each in _ALL}
_OF_PRODUCT: Final[Mapping[Product, Kind]] = {each.product: each for each in _ALL}
POST: Final[Mapping[Product, Scope]] = {each.product: each.post for each in _ALL}
READ: Final[Mapping[Product, Scope]] = {each.product: each.read for each in _ALL}


def kind_of_product(product: Product) -> Kind:
    """What a token for this product sends and sees."""
    return _OF_PRODUCT[product]


def for_product(kind: BatchKind, product: Product) -> Kind:
    """Raises Refusal when the caller's token is for another product than this kind's."""
    found = KINDS[kind]
    if found.product is not product:
        raise Refusal(Code.AUDIENCE_WRONG, {"audience": found.product})
    return found
