"""What an event costs when the record already reflects it: one look and one write, and no engine.

Rows W3 and W5, with the ports in memory, so that every call can be counted.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from starlette.datastructures import Headers
from temporalio.client import Client

from api.answers import Refusal
from api.inbound.desk import InboundDesk
from api.inbound.payments import PaymentEvents
from api.inbound.refunds import RefundEvents
from api.inbound.verdict import Owner
from payments.domain.codes import Code
from payments.domain.payment import PaymentStatus
from payments.ports.inbox import Inbound, InboundState
from payments.ports.payments import Named
from payments.ports.provider import ForgedWebhook, Meaning, Says, Told, UnreadableWebhook
from tests.card_factories import PASSED, make_attempt, make_decision, make_fact, make_order
from tests.card_fakes import FakePayments
from tests.case_fakes import FakeCases
from tests.refund_fakes import FakeRefunds
from tests.vault_fakes import FakeInbox

RAW = b'{"id": "evt_1", "email": "rahima@shop.example"}'


@dataclass
class Counted(FakePayments):
    looks: int = 0

    async def named(self, reference: str) -> Named | None:
        self.looks += 1
        return await super().named(reference)


@dataclass
class Kept(FakeInbox):
    writes: int = 0

    async def store(
        self, event: Inbound, state: InboundState = InboundState.RECEIVED, note: str = ""
    ) -> InboundState:
        self.writes += 1
        return await super().store(event, state, note)

    async def settle(self, provider: str, event_id: str, state: InboundState, note: str) -> None:
        self.writes += 1
        await super().settle(provider, event_id, state, note)


@dataclass
class Speaker:
    """A provider that says what it is told to say; nothing else of it is used."""

    told: Told | Exception

    def webhook(self, raw: bytes, headers: object, now: datetime) -> Told:
        del raw, headers
        assert now.tzinfo is UTC
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


@dataclass
class Office:
    """A desk without an engine: whoever wakes a worker breaks the test."""

    payments: Counted = field(default_factory=Counted)
    inbox: Kept = field(default_factory=Kept)

    async def paid(self) -> str:
        """A captured payment; the reference of its attempt."""
        order = make_order()
        attempt = make_attempt(order)
        await self.payments.begin(order, PASSED, make_decision())
        captured = make_fact(attempt, PaymentStatus.CAPTURED, captured=order.amount)
        await self.payments.move(replace(captured, fee=order.terms.fee(order.amount, first=True)))
        return attempt.reference

    async def hear(self, told: Told | Exception, provider: str = "NORTH") -> Any:
        nobody = cast("Client", None)
        owners: dict[Meaning, Owner] = {
            Meaning.PAYMENT: PaymentEvents(nobody, self.payments, task_queue="nowhere"),
            Meaning.REFUND: RefundEvents(
                *(nobody, FakeRefunds(self.payments), self.payments, FakeCases(self.payments))
            ),
        }
        senders = {"NORTH": Speaker(told)}
        desk = InboundDesk(self.inbox, owners, senders.get, grace_s=0)
        return await desk.receive(provider, RAW, Headers())


def event(reference: str | None, says: Says = Says.CAPTURED, **changes: Any) -> Told:
    told = Told("evt_1", "payment.updated", Meaning.PAYMENT, reference, says=says)
    return replace(told, **changes)


async def test_no_news_costs_one_look_and_one_write() -> None:
    office = Office()
    told = event(await office.paid())

    answers = [await office.hear(told) for _ in range(100)]

    assert set(answers) == {("evt_1", InboundState.APPLIED)}
    assert (office.payments.looks, office.inbox.writes) == (100, 100)
    assert len(office.inbox.events) == 1
    (kept,) = office.inbox.events.values()
    assert "rahima" not in kept.body


@pytest.mark.parametrize(
    "told",
    [
        event(None),
        event("somebody-elses"),
        event("pay_" + "0" * 26 + "-1"),
        event(None, meaning=Meaning.UNKNOWN, type="dispute.created"),
        event("re_" + "0" * 26, Says.REFUND_SUCCEEDED, meaning=Meaning.REFUND),
        event("pay_" + "0" * 26 + "-1-back", Says.REFUND_SUCCEEDED, meaning=Meaning.REFUND),
    ],
)
async def test_what_is_not_ours_is_parked_with_one_write(told: Told) -> None:
    office = Office()

    assert await office.hear(told) == ("evt_1", InboundState.PARKED)
    assert office.inbox.writes == 1


async def test_what_an_earlier_delivery_left_behind_is_settled() -> None:
    office = Office()
    told = event(await office.paid())
    await office.hear(told)
    office.inbox.states["NORTH", "evt_1"] = InboundState.RECEIVED

    assert await office.hear(told) == ("evt_1", InboundState.APPLIED)
    assert office.inbox.states["NORTH", "evt_1"] is InboundState.APPLIED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ForgedWebhook("no"), Code.WEBHOOK_FORGED),
        (UnreadableWebhook("no"), Code.BODY_MALFORMED),
    ],
)
async def test_what_is_refused_is_not_stored(error: Exception, code: Code) -> None:
    office = Office()

    with pytest.raises(Refusal) as refused:
        await office.hear(error)

    assert refused.value.code is code
    assert not office.inbox.events


async def test_nobody_knows_another_provider() -> None:
    with pytest.raises(Refusal) as refused:
        await Office().hear(event(None), provider="SOUTH")

    assert refused.value.code is Code.PROVIDER_UNKNOWN
