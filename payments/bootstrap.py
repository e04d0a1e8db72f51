"""The only wiring: which adapter is plugged into which port, for each kind of process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from temporalio.client import Client
from temporalio.service import RPCError

from payments import temporal
from payments.adapters.billers.plugged import PluggedBillers
from payments.adapters.postgres import purge, reseal
from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.answers import PostgresAnswers
from payments.adapters.postgres.batches import PostgresBatches
from payments.adapters.postgres.billers import PostgresBillers
from payments.adapters.postgres.cases import PostgresCases
from payments.adapters.postgres.delivery_log import PostgresDeliveryLog
from payments.adapters.postgres.destinations import PostgresDestinations
from payments.adapters.postgres.disputes import PostgresDisputes
from payments.adapters.postgres.endpoints import PostgresEndpoints
from payments.adapters.postgres.evidence import PostgresEvidence
from payments.adapters.postgres.inbox import PostgresInbox
from payments.adapters.postgres.incidents import PostgresIncidents
from payments.adapters.postgres.insight import PostgresInsight
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.methods import PostgresMethods
from payments.adapters.postgres.outbox import PostgresOutbox
from payments.adapters.postgres.partners import PostgresPartners
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.payouts import PostgresPayouts
from payments.adapters.postgres.provider_calls import PostgresCallLog
from payments.adapters.postgres.providers import PostgresProviders
from payments.adapters.postgres.rails import PostgresRails
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.adapters.postgres.request_log import PostgresRequestLog
from payments.adapters.postgres.reviewers import PostgresReviewers
from payments.adapters.postgres.routing import PostgresRouting
from payments.adapters.postgres.token_requests import PostgresTokenRequests
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.adapters.postgres.vitals import PostgresVitals
from payments.adapters.postgres.webhook_insight import PostgresWebhookInsight
from payments.adapters.providers.plugged import PluggedProviders
from payments.adapters.rails.plugged import PluggedRails
from payments.adapters.risk.limits import Limits
from payments.adapters.routing.book import CelRuleBook
from payments.adapters.routing.router import CelRouter
from payments.adapters.webhooks.sender import HttpWebhookSender
from payments.config import Settings, Work
from payments.crypto import Vault
from payments.db.session import Database
from payments.domain.codes import Code
from payments.keys import KeyRing, Purpose, decode_secret
from payments.outside.wire import Timeouts
from payments.ports.biller import Billers
from payments.ports.ledger import Ledger
from payments.ports.payments import Payments
from payments.ports.provider import Providers
from payments.ports.rail import Rails
from payments.ports.record import RecordUnavailable
from payments.ports.routing import RuleBook
from payments.ports.steps import Bills, Cards, DisputeSteps, PayoutSteps, Steps, Webhooks


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that is kept in PostgreSQL, behind its ports."""

    database: Database
    vault: Vault
    administration: Administration
    answers: PostgresAnswers
    batches: PostgresBatches
    billers: PostgresBillers
    calls: PostgresCallLog
    cases: PostgresCases
    delivery_log: PostgresDeliveryLog
    destinations: PostgresDestinations
    disputes: PostgresDisputes
    endpoints: PostgresEndpoints
    evidence: PostgresEvidence
    incidents: PostgresIncidents
    inbox: PostgresInbox
    insight: PostgresInsight
    ledger: PostgresLedger
    methods: PostgresMethods
    outbox: PostgresOutbox
    partners: PostgresPartners
    payments: PostgresPayments
    payouts: PostgresPayouts
    providers: PostgresProviders
    rails: PostgresRails
    refunds: PostgresRefunds
    request_log: PostgresRequestLog
    reviewers: PostgresReviewers
    routing: PostgresRouting
    token_requests: PostgresTokenRequests
    transactions: PostgresTransactions
    vitals: PostgresVitals
    webhook_insight: PostgresWebhookInsight

    async def purge(self, webhooks_kept: timedelta) -> dict[str, int]:
        """Forget what has served its time; how many rows of each table."""
        return await purge.purge(self.database, webhooks_kept)

    async def reseal(self) -> dict[str, int]:
        """Seal every secret anew under the current master secret; how many rows of each table."""
        return await reseal.reseal(self.database, self.vault)

    async def ready(self) -> bool:
        try:
            await self.database.fetch("SELECT 1")
        except RecordUnavailable:
            return False
        return True


@asynccontextmanager
async def open_record(settings: Settings) -> AsyncIterator[Record]:
    """Connected, with its directories read; what is still being written is written at the end."""
    vault = Vault([decode_secret(each) for each in settings.secret_keys])
    database = Database(
        str(settings.database_url),
        pool_size=settings.database_pool_size,
        timeout_s=settings.database_timeout_s,
    )
    ledger = PostgresLedger(database)
    record = Record(
        database=database,
        vault=vault,
        administration=Administration(database, vault),
        answers=PostgresAnswers(database),
        batches=PostgresBatches(database),
        billers=PostgresBillers(database),
        calls=PostgresCallLog(database),
        cases=PostgresCases(database, ledger),
        delivery_log=PostgresDeliveryLog(database),
        destinations=PostgresDestinations(database, vault),
        disputes=PostgresDisputes(database, ledger),
        endpoints=PostgresEndpoints(database, vault),
        evidence=PostgresEvidence(database),
        incidents=PostgresIncidents(database),
        inbox=PostgresInbox(database),
        insight=PostgresInsight(database),
        ledger=ledger,
        methods=PostgresMethods(database),
        outbox=PostgresOutbox(database, vault),
        partners=PostgresPartners(database, vault),
        payments=PostgresPayments(database, ledger),
        payouts=PostgresPayouts(database, ledger),
        providers=PostgresProviders(database, vault),
        rails=PostgresRails(database, vault),
        refunds=PostgresRefunds(database, ledger),
        request_log=PostgresRequestLog(database),
        reviewers=PostgresReviewers(database),
        routing=PostgresRouting(database),
        token_requests=PostgresTokenRequests(database),
        transactions=PostgresTransactions(database, ledger),
        vitals=PostgresVitals(database),
        webhook_insight=PostgresWebhookInsight(database),
    )
    async with AsyncExitStack() as closing:
        closing.push_async_callback(database.close)
        batched = (record.calls, record.inbox, record.request_log, record.token_requests)
        for each in (*batched, record.outbox):
            closing.push_async_callback(each.close)
        described = (record.billers, record.providers, record.rails, record.routing)
        for directory in (record.partners, *described):
            closing.push_async_callback(directory.close)
            await directory.start()
        yield record


class _Closes(Protocol):
    async def close(self) -> None: ...


Opened = TypeVar("Opened", bound=_Closes)


@asynccontextmanager
async def _closing(opened: Opened) -> AsyncIterator[Opened]:
    try:
        yield opened
    finally:
        await opened.close()


def _billers(settings: Settings, record: Record) -> PluggedBillers:
    timeouts = Timeouts(quick_s=settings.biller_hold_timeout_s, money_s=settings.biller_timeout_s)
    return PluggedBillers(record.billers.rows, record.calls, timeouts)


def _providers(settings: Settings, record: Record) -> PluggedProviders:
    return PluggedProviders(record.providers.rows, record.calls, _timeouts(settings))


def _rails(settings: Settings, record: Record) -> PluggedRails:
    return PluggedRails(record.rails.rows, record.calls, _timeouts(settings))


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(settings.provider_quick_timeout_s, settings.provider_timeout_s)


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the API and the operator's app stand on."""

    settings: Settings
    record: Record
    client: Client
    billers: Billers
    providers: Providers
    rails: Rails
    token_keys: KeyRing
    answer_keys: KeyRing

    async def ready(self) -> Code | None:
        """None when the record and the engine both answer; otherwise the code that says which."""
        if not await self.record.ready():
            return Code.RECORD_UNAVAILABLE
        try:
            await self.client.service_client.check_health(timeout=timedelta(seconds=2))
        except RPCError:
            return Code.ENGINE_UNAVAILABLE
        return None


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    async with (
        open_record(settings) as record,
        _closing(_billers(settings, record)) as billers,
        _closing(_providers(settings, record)) as providers,
        _closing(_rails(settings, record)) as rails,
    ):
        yield Gateway(
            settings=settings,
            record=record,
            client=await temporal.connect(),
            billers=billers,
            providers=providers,
            rails=rails,
            token_keys=KeyRing.from_settings(Purpose.ACCESS_TOKEN, settings.token_keys),
            answer_keys=KeyRing.from_settings(Purpose.ANSWER, settings.answer_keys),
        )


@asynccontextmanager
async def open_ledger(database_url: str) -> AsyncIterator[Ledger]:
    """Only the ledger of a database: for who shows it and needs no secrets for that."""
    async with _closing(Database(database_url, pool_size=1)) as database:
        yield PostgresLedger(database)


@asynccontextmanager
async def open_steps(settings: Settings) -> AsyncIterator[Steps]:
    """What a worker's steps call."""
    async with (
        open_record(settings) as record,
        _closing(_billers(settings, record)) as billers,
        _closing(_providers(settings, record)) as providers,
        _closing(_rails(settings, record)) as rails,
        _closing(HttpWebhookSender(settings.webhook_rules)) as sender,
    ):
        router = CelRouter(record.routing, providers.kinds)
        cards = Cards(providers, record.payments, record.refunds, Limits(), router, record.cases)
        webhooks = None
        if Work.WEBHOOKS in settings.work:
            webhooks = Webhooks(record.outbox, record.endpoints, sender, record.inbox)
        payouts = PayoutSteps(rails, record.payouts, record.destinations)
        bills = Bills(billers, record.transactions, record.batches)
        disputes = DisputeSteps(record.disputes, record.evidence)
        yield Steps(bills, cards, payouts, disputes, webhooks)


@dataclass(frozen=True, slots=True)
class RuleDesk:
    """What an operator of routing works with."""

    book: RuleBook
    payments: Payments


@asynccontextmanager
async def open_rule_book(settings: Settings) -> AsyncIterator[RuleDesk]:
    async with open_record(settings) as record, _closing(_providers(settings, record)) as plugged:
        yield rule_desk(record, plugged)


def rule_desk(record: Record, providers: Providers) -> RuleDesk:
    def known() -> frozenset[str]:
        return frozenset(row.id for row in record.providers.rows())

    router = CelRouter(record.routing, providers.kinds)
    book = CelRuleBook(record.routing, router, known, record.payments.routed)
    return RuleDesk(book, record.payments)
