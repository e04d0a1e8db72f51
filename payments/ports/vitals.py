"""The few numbers that tell an operator whether money is where it should be."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Vital:
    """One reading. `labels` such as {"currency": "BDT"}."""

    name: str
    value: float
    labels: dict[str, str]


class Vitals(Protocol):
    async def read(self) -> list[Vital]:
        """transactions_processing, transactions_processing_oldest_s, suspense_minor per currency,
        ledger_imbalance_minor per currency (0, always), answers_in_flight, event_position; of cards
        payments_processing, payments_processing_oldest_s, payments_review,
        payments_requires_action, payments_unknown (their money waits in suspense),
        refunds_pending, refunds_pending_oldest_s, refunds_unknown; cases_open, cases_open_oldest_s;
        payouts_held, payouts_held_oldest_s (since they were asked for); batches_standing (running,
        with rows that wait and none under way); disputes_due_unanswered
        (due within a day, and the provider has no answer to them); of providers' webhooks
        inbound_received, inbound_received_oldest_s, inbound_parked, inbound_quarantined (a person
        has to look).

        Of webhooks to partners webhook_deliveries_untried and webhook_deliveries_untried_oldest_s
        (endpoints that fail not counted), webhook_endpoints_failing and
        webhook_endpoints_given_up (answered 410, or failed to the last), and of events that nobody
        has carried on yet events_unplanned, events_unplanned_oldest_s;
        card_number_incidents_last_hour, fees_unbooked_last_day (a provider kept them in another
        currency than the payment's), switches_on, and provider_unwell per provider (0 or 1).
        """
