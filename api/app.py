"""The partner API: routes in the middle, the door around them, the gateway beneath."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from fastapi import APIRouter, FastAPI
from limits.aio.storage import Storage
from limits.storage import storage_from_string

from api.access import Access
from api.addresses import Addresses
from api.banks import BankBook
from api.batches import BatchDesk
from api.bodies import BodyLimits
from api.card_guard import CardGuard
from api.card_orders import CardOrders
from api.card_payments import PaymentDesk
from api.client_tokens import ClientTokens
from api.desk import CardDesks, Desk, PayoutDesks
from api.destinations import DestinationDesk
from api.disputes import DisputeDesk
from api.door import Door
from api.inbound.desk import InboundDesk, Sender
from api.inbound.owners import owners
from api.lock_tokens import LockTokens
from api.locks import LockDesk
from api.lookups import Lookups
from api.openapi import describe
from api.payout_orders import PayoutRules
from api.payouts import PayoutDesk
from api.refunds import RefundDesk
from api.routes import (
    banks,
    batches,
    bills,
    cases,
    client_tokens,
    customers,
    deliveries,
    destinations,
    disputes,
    events,
    payments,
    payouts,
    provider_webhooks,
    reference,
    refunds,
    tokens,
    transactions,
    webhook_endpoints,
)
from api.sealed_answers import SealedAnswers
from api.signing import AnswerSigner
from api.strict import StrictRoute
from api.table import RouteTable
from api.tokens import AccessTokens
from api.webhook_endpoints import EndpointDesk
from payments.bootstrap import Gateway
from payments.config import Work
from payments.ports.answers import AnswerStore

PREFIX: Final = "/v1"


def _mounted() -> Iterator[tuple[str, APIRouter]]:
    """Every router and its prefix. The older ones have two, and both names are one route."""
    for prefix in ("", PREFIX):
        for router in (transactions.router, bills.router, tokens.router, reference.health):
            yield prefix, router
    for router in (payments.router, refunds.router, client_tokens.router, customers.router):
        yield PREFIX, router
    for router in (banks.router, cases.router, destinations.router, payouts.router):
        yield PREFIX, router
    for router in (batches.router, disputes.router):
        yield PREFIX, router
    for router in (webhook_endpoints.router, deliveries.router, events.router):
        yield PREFIX, router
    yield PREFIX, provider_webhooks.router
    yield PREFIX, reference.router
    yield "", reference.well_known


def routes() -> FastAPI:
    """All routes, without anything behind them: enough to describe the API."""
    app = FastAPI(
        title="Quittance partner API",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for prefix, router in _mounted():
        app.include_router(router, prefix=prefix)
    describe(app)
    return app


def partner_api(gateway: Gateway) -> Door:
    """The whole app over an open gateway."""
    app = routes()
    addresses = Addresses(gateway.settings.trusted_proxies)
    answers = SealedAnswers(gateway.record.answers, gateway.record.vault, _showing_secrets())
    app.state.desk = desk = _desk(gateway, addresses, answers)
    table = RouteTable(app, _mounted())
    return Door(
        table,
        signer=AnswerSigner(gateway.answer_keys),
        answers=answers,
        request_log=gateway.record.request_log,
        guard=CardGuard(table, desk.access, gateway.record.incidents),
        addresses=addresses,
        bodies=BodyLimits(table, desk.access, gateway.settings.max_body_bytes),
    )


def _showing_secrets() -> frozenset[str]:
    """The names of the routes whose answers do."""
    found = (route for _, router in _mounted() for route in router.routes)
    return frozenset(
        route.name_in_log
        for route in found
        if isinstance(route, StrictRoute) and route.shows_secret
    )


def _desk(gateway: Gateway, addresses: Addresses, answers: AnswerStore) -> Desk:
    settings = gateway.settings
    tokens_ = AccessTokens(
        gateway.token_keys,
        gateway.record.vault,
        issuer=settings.token_issuer,
        ttl_s=settings.token_ttl_s,
    )
    access = Access(
        partners=gateway.record.partners,
        tokens=tokens_,
        token_requests=gateway.record.token_requests,
        addresses=addresses,
        storage=_rate_limit_storage(settings.rate_limit_storage),
    )
    locks = LockDesk(
        gateway.client,
        gateway.record.transactions,
        task_queue=settings.task_queue,
        ttl=timedelta(seconds=settings.lock_ttl_s),
        pay_wait=timedelta(seconds=settings.pay_wait_s),
    )
    return Desk(
        access=access,
        answers=answers,
        partners=gateway.record.partners,
        transactions=gateway.record.transactions,
        locks=locks,
        lock_tokens=LockTokens(gateway.record.vault),
        lookups=Lookups(gateway.billers, locks, ttl_s=settings.lookup_cache_s),
        cards=_card_desks(gateway),
        payouts=_payout_desks(gateway),
        batches=batch_desk(gateway),
        disputes=DisputeDesk(
            gateway.client,
            gateway.record.disputes,
            gateway.record.evidence,
            task_queue=settings.task_queue,
            wait=timedelta(seconds=settings.pay_wait_s),
        ),
        webhooks=EndpointDesk(
            gateway.record.endpoints,
            gateway.record.delivery_log,
            vault=gateway.record.vault,
            rules=settings.webhook_rules,
        ),
        key_rings=(gateway.token_keys, gateway.answer_keys),
        ready=gateway.ready,
    )


def batch_desk(gateway: Gateway) -> BatchDesk:
    return BatchDesk(
        gateway.client,
        gateway.record.batches,
        partners=gateway.record.partners,
        billers=gateway.record.billers.rows,
        destinations=gateway.record.destinations,
        payout_rules=PayoutRules(gateway.record.partners, gateway.rails),
        task_queue=gateway.settings.queue(Work.BATCHES),
    )


def _card_desks(gateway: Gateway) -> CardDesks:
    settings, record, client = gateway.settings, gateway.record, gateway.client
    wait = timedelta(seconds=settings.pay_wait_s)
    tokens_ = ClientTokens(gateway.token_keys, issuer=settings.token_issuer)
    book = BankBook(gateway.providers)
    return CardDesks(
        records=record.payments,
        refund_records=record.refunds,
        cases=record.cases,
        methods=record.methods,
        client_tokens=tokens_,
        fields_url=settings.fields_url,
        banks=book,
        orders=CardOrders(
            partners=record.partners,
            methods=record.methods,
            providers=gateway.providers,
            client_tokens=tokens_,
            banks=book,
            is_live=settings.is_live,
        ),
        payments=PaymentDesk(client, record.payments, task_queue=settings.task_queue, wait=wait),
        refunds=RefundDesk(client, record.refunds, task_queue=settings.task_queue, wait=wait),
        inbound=_inbound(gateway),
    )


def _payout_desks(gateway: Gateway) -> PayoutDesks:
    settings, record = gateway.settings, gateway.record
    return PayoutDesks(
        records=record.payouts,
        destinations=record.destinations,
        accounts=DestinationDesk(
            record.destinations,
            partners=record.partners,
            methods=record.methods,
            providers=gateway.providers,
            client_tokens=ClientTokens(gateway.token_keys, issuer=settings.token_issuer),
            rails=gateway.rails,
        ),
        payouts=PayoutDesk(
            gateway.client,
            record.payouts,
            rules=PayoutRules(record.partners, gateway.rails),
            task_queue=settings.task_queue,
            wait=timedelta(seconds=settings.pay_wait_s),
        ),
    )


def _inbound(gateway: Gateway) -> InboundDesk:
    client, record = gateway.client, gateway.record
    taking = owners(
        client,
        gateway.settings.task_queue,
        payments=record.payments,
        refunds=record.refunds,
        cases=record.cases,
        payouts=record.payouts,
        disputes=record.disputes,
    )

    def sender(name: str) -> Sender | None:
        return gateway.providers.get(name) or gateway.rails.get(name)

    return InboundDesk(record.inbox, taking, sender)


def _rate_limit_storage(uri: str) -> Storage:
    """Memory by default: each process counts for itself. A shared store counts for all."""
    storage = storage_from_string(uri)
    if not isinstance(storage, Storage):
        raise TypeError(f"{uri} is not an asynchronous rate-limit store; it starts with async+")
    return storage
