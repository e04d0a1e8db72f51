"""Customers, saved methods and the inbox in memory. tests/contracts keeps them honest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from payments.domain.card import Card
from payments.ports.inbox import EventChanged, Inbound, InboundState, Kept
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
    # When each is looked at again.
    looks: dict[tuple[str, str], datetime] = field(default_factory=dict)

    async def store(
        self, event: Inbound, state: InboundState = InboundState.RECEIVED, note: str = ""
    ) -> InboundState:
        name = (event.provider, event.told.event_id)
        if self.events.setdefault(name, event).digest != event.digest:
            raise EventChanged(f"{name} came before with another body")
        self.looks.setdefault(name, datetime.now(UTC) + timedelta(seconds=10))
        self.notes.setdefault(name, note)
        return self.states.setdefault(name, state)

    async def settle(self, provider: str, event_id: str, state: InboundState, note: str) -> None:
        if self.states.get((provider, event_id)) is InboundState.RECEIVED:
            self.states[provider, event_id] = state
            self.notes[provider, event_id] = note

    async def due(self, limit: int) -> Sequence[Kept]:
        now = datetime.now(UTC)
        waiting = [name for name in self.looks if self.states[name] is InboundState.RECEIVED]
        found = [each for each in waiting if self.looks[each] <= now]
        return [
            self._taken(each, now) for each in sorted(found, key=self.looks.__getitem__)[:limit]
        ]

    def _taken(self, name: tuple[str, str], now: datetime) -> Kept:
        event = self.events[name]
        pause = max(timedelta(seconds=10), (now - event.received_at) / 2)
        self.looks[name] = now + min(timedelta(minutes=10), pause)
        return Kept(event.provider, event.told, event.received_at, self.looks[name])


async def nobody_looks(kept: Kept) -> None:
    raise AssertionError(f"nobody should look at {kept}")
