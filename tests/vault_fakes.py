"""Customers, saved methods and the inbox in memory. tests/contracts keeps them honest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from payments.domain.card import Card
from payments.ports.inbox import EventChanged, Inbound, InboundState
from payments.ports.methods import Customer, Method


@dataclass
class FakeMethods:
    """A method is saved by the payment that first charged it: see Payments.move."""

    customers: dict[str, Customer] = field(default_factory=dict)
    rows: dict[tuple[str, str], Method] = field(default_factory=dict)

    async def add_customer(self, customer: Customer) -> Customer:
        return self.customers.setdefault(customer.customer_id, customer)

    async def customer(self, partner_id: str, customer_id: str) -> Customer | None:
        found = self.customers.get(customer_id)
        return found if found is not None and found.partner_id == partner_id else None

    async def forget_customer(self, partner_id: str, customer_id: str) -> bool:
        if await self.customer(partner_id, customer_id) is None:
            return False
        del self.customers[customer_id]
        for method in await self.of_customer(partner_id, customer_id):
            del self.rows[partner_id, method.card.token]
        return True

    async def saved(self, partner_id: str, token: str) -> Method | None:
        return self.rows.get((partner_id, token))

    async def of_customer(self, partner_id: str, customer_id: str) -> Sequence[Method]:
        return [
            method
            for method in self.rows.values()
            if (method.partner_id, method.customer_id) == (partner_id, customer_id)
        ]

    async def forget(self, partner_id: str, token: str) -> bool:
        return self.rows.pop((partner_id, token), None) is not None

    def save(self, partner_id: str, customer_id: str, card: Card) -> None:
        """What a payment does; nothing for a customer that was forgotten in between."""
        if customer_id in self.customers:
            method = Method(card, partner_id, customer_id, datetime.now(UTC))
            self.rows.setdefault((partner_id, card.token), method)


@dataclass
class FakeInbox:
    events: dict[tuple[str, str], Inbound] = field(default_factory=dict)
    states: dict[tuple[str, str], InboundState] = field(default_factory=dict)
    notes: dict[tuple[str, str], str] = field(default_factory=dict)

    async def store(
        self, event: Inbound, state: InboundState = InboundState.RECEIVED, note: str = ""
    ) -> InboundState:
        name = (event.provider, event.event_id)
        if self.events.setdefault(name, event).digest != event.digest:
            raise EventChanged(f"{event.event_id} came before with another body")
        self.notes.setdefault(name, note)
        return self.states.setdefault(name, state)

    async def settle(self, provider: str, event_id: str, state: InboundState, note: str) -> None:
        if self.states.get((provider, event_id)) is InboundState.RECEIVED:
            self.states[provider, event_id] = state
            self.notes[provider, event_id] = note
