"""What the routes work with, in one typed object that the app puts together once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from api.access import Access
from api.banks import BankBook
from api.batches import BatchDesk
from api.card_orders import CardOrders
from api.card_payments import PaymentDesk
from api.client_tokens import ClientTokens
from api.destinations import DestinationDesk
from api.disputes import DisputeDesk
from api.inbound.desk import InboundDesk
from api.lock_tokens import LockTokens
from api.locks import LockDesk
from api.lookups import Lookups
from api.payouts import PayoutDesk
from api.refunds import RefundDesk
from api.webhook_endpoints import EndpointDesk
from payments.domain.codes import Code
from payments.keys import KeyRing
from payments.ports.answers import AnswerStore
from payments.ports.cases import Cases
from payments.ports.methods import Methods
from payments.ports.partners import Partners
from payments.ports.payments import Payments, Refunds
from payments.ports.payouts import Destinations, Payouts
from payments.ports.transactions import Transactions


@dataclass(frozen=True, slots=True)
class CardDesks:
    """Everything about cards: the record to look things up in, and the desks that act."""

    records: Payments
    refund_records: Refunds
    cases: Cases
    methods: Methods
    client_tokens: ClientTokens
    fields_url: str
    banks: BankBook
    orders: CardOrders
    payments: PaymentDesk
    refunds: RefundDesk
    inbound: InboundDesk


@dataclass(frozen=True, slots=True)
class PayoutDesks:
    """Everything about payouts: the record to look things up in, and the desks that act."""

    records: Payouts
    destinations: Destinations
    accounts: DestinationDesk
    payouts: PayoutDesk


@dataclass(frozen=True, slots=True)
class Desk:
    access: Access
    answers: AnswerStore
    partners: Partners
    transactions: Transactions
    locks: LockDesk
    lock_tokens: LockTokens
    lookups: Lookups
    cards: CardDesks
    payouts: PayoutDesks
    batches: BatchDesk
    disputes: DisputeDesk
    webhooks: EndpointDesk
    key_rings: tuple[KeyRing, ...]
    ready: Callable[[], Awaitable[Code | None]]


def desk_of(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk), "the app was not opened"
    return desk
