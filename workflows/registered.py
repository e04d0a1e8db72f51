"""Everything that a worker runs, by name. What is not listed here is done by nobody."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from activities.batches import BatchActivities
from activities.billers import BillerActivities
from activities.cases import CaseActivities
from activities.dispute_calls import DisputeCallActivities
from activities.disputes import DisputeActivities
from activities.inbound import InboundActivities, LookAgain
from activities.payments import PaymentActivities
from activities.payouts import PayoutActivities
from activities.providers import ProviderActivities
from activities.rails import RailActivities
from activities.refunds import RefundActivities
from activities.transactions import TransactionActivities
from activities.webhooks import WebhookActivities
from payments.ports.provider import Providers
from payments.ports.rail import Rails
from payments.ports.steps import Bills, Cards, DisputeSteps, PayoutSteps, Webhooks
from workflows.bank_payment import BankPayment
from workflows.batch import Batch
from workflows.bill_lock import BillLock
from workflows.card_payment import CardPayment
from workflows.case import PaymentCase
from workflows.challenge import Challenge
from workflows.code_payment import CodePayment
from workflows.dispute import Dispute
from workflows.event_relay import EventRelay
from workflows.inbound_watch import InboundWatch
from workflows.lost_kinds import lost_activities
from workflows.lost_watch import LostWatch
from workflows.payout import Payout
from workflows.payout_return import PayoutReturn
from workflows.probe import Probe
from workflows.refund import Refund
from workflows.reversal import Reversal
from workflows.row_kinds import start_rows

WORKFLOWS: Final[Sequence[type]] = (
    BankPayment,
    Batch,
    BillLock,
    CardPayment,
    Challenge,
    CodePayment,
    LostWatch,
    Payout,
    PayoutReturn,
    Dispute,
    PaymentCase,
    Probe,
    Refund,
    Reversal,
)
WEBHOOK_WORKFLOWS: Final[Sequence[type]] = (EventRelay, InboundWatch)


def activities(
    bills: Bills, cards: Cards, payouts: PayoutSteps, disputes: DisputeSteps
) -> Sequence[Callable[..., Any]]:
    """Every step of every workflow; a test compares it with what the two folders define."""
    return (
        *(*_of_bills(bills, payouts.rails), *_of_cards(cards), *_of_payouts(payouts)),
        *_of_disputes(disputes, cards.providers),
        lost_activities(cards, payouts, disputes).watch,
    )


def webhook_activities(webhooks: Webhooks, look_again: LookAgain) -> Sequence[Callable[..., Any]]:
    to_partners = WebhookActivities(webhooks.outbox, webhooks.endpoints, webhooks.sender)
    from_providers = InboundActivities(webhooks.inbox, look_again)
    return (to_partners.relay, to_partners.deliver, from_providers.watch)


def _of_bills(bills: Bills, rails: Rails) -> Sequence[Callable[..., Any]]:
    at_billers = BillerActivities(bills.billers)
    in_record = TransactionActivities(bills.transactions)
    of_batches = BatchActivities(
        bills.batches, bills.transactions, bills.billers, start_rows(rails)
    )
    return (
        at_billers.hold,
        at_billers.release,
        at_billers.pay,
        at_billers.confirm,
        in_record.begin,
        in_record.suspend,
        in_record.settle,
        in_record.close_lock,
        of_batches.advance,
        of_batches.move,
        of_batches.pay,
        of_batches.refuse,
    )


def _of_cards(cards: Cards) -> Sequence[Callable[..., Any]]:
    at_providers = ProviderActivities(cards.providers)
    payments = PaymentActivities(cards.payments, cards.risk, cards.router)
    refunds = RefundActivities(cards.refunds, cards.payments)
    cases = CaseActivities(cards.cases)
    return (
        at_providers.authorize,
        at_providers.capture,
        at_providers.refund,
        at_providers.void,
        at_providers.ask,
        at_providers.look,
        payments.begin,
        payments.onward,
        payments.move,
        payments.suspend,
        payments.unwanted,
        payments.late,
        payments.reversed,
        refunds.reserve,
        refunds.suspend,
        refunds.settle,
        cases.open,
        cases.close,
    )


def _of_payouts(payouts: PayoutSteps) -> Sequence[Callable[..., Any]]:
    at_rails = RailActivities(payouts.rails, payouts.destinations)
    in_record = PayoutActivities(payouts.payouts)
    return (
        at_rails.send,
        at_rails.look,
        at_rails.ask,
        in_record.begin,
        in_record.suspend,
        in_record.move,
        in_record.conclude,
        in_record.review,
    )


def _of_disputes(disputes: DisputeSteps, providers: Providers) -> Sequence[Callable[..., Any]]:
    at_providers = DisputeCallActivities(providers, disputes.evidence)
    in_record = DisputeActivities(disputes.record)
    return (
        at_providers.look,
        at_providers.send,
        at_providers.sent,
        in_record.see,
        in_record.remind,
        in_record.respond,
        in_record.responded,
    )
