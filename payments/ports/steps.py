"""Everything that a worker's steps call: the real adapters, or a test's own."""

from dataclasses import dataclass

from payments.ports.batches import Batches
from payments.ports.biller import Billers
from payments.ports.cases import Cases
from payments.ports.disputes import Disputes, EvidenceStore
from payments.ports.inbox import Inbox
from payments.ports.payments import Payments, Refunds
from payments.ports.payouts import Destinations, Payouts
from payments.ports.provider import Providers
from payments.ports.rail import Rails
from payments.ports.risk import Risk
from payments.ports.routing import Router
from payments.ports.transactions import Transactions
from payments.ports.webhooks import Endpoints, Outbox, WebhookSender


@dataclass(frozen=True, slots=True)
class Bills:
    billers: Billers
    transactions: Transactions
    batches: Batches


@dataclass(frozen=True, slots=True)
class Cards:
    providers: Providers
    payments: Payments
    refunds: Refunds
    risk: Risk
    router: Router
    cases: Cases


@dataclass(frozen=True, slots=True)
class PayoutSteps:
    rails: Rails
    payouts: Payouts
    destinations: Destinations


@dataclass(frozen=True, slots=True)
class DisputeSteps:
    record: Disputes
    evidence: EvidenceStore


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What goes to partners, and what came from providers."""

    outbox: Outbox
    endpoints: Endpoints
    sender: WebhookSender
    inbox: Inbox


@dataclass(frozen=True, slots=True)
class Steps:
    """Without `webhooks` a worker carries no events to partners, and looks at none of providers
    again; another one has to.
    """

    bills: Bills
    cards: Cards
    payouts: PayoutSteps
    disputes: DisputeSteps
    webhooks: Webhooks | None = None
