"""What an event costs when the record already reflects it: one look and one write, and no engine.

Rows W3 and W5, with the ports in memory, so that every call can be counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from starlette.datastructures import Headers
from temporalio.client import Client

from api.answers import Refusal
from api.inbound.desk import InboundDesk
from api.inbound.owners import owners
from api.inbound.taking import LOOKED_AT_FOR, Taking
from api.inbound.verdict import ASK, Owner, Verdict, waits
from api.updates import Unheard
from payments.domain.codes import Code
from payments.domain.dispute import DisputeOrder, DisputeStatus
from payments.domain.money import Money
from payments.domain.payment import PaymentOrder, PaymentStatus
from payments.ports.inbox import Inbound, InboundState, Kept
from payments.ports.payments import Named
from payments.ports.provider import (
    DisputeTold,
    ForgedWebhook,
    Meaning,
    Says,
    Told,
    UnreadableWebhook,
)
from tests.card_factories import NOW, PASSED, make_attempt, make_decision, make_fact, make_order
from tests.card_fakes import FakePayments
from tests.case_fakes import FakeCases
from tests.dispute_fakes import FakeDisputes
from tests.payout_fakes import FakePayouts
from tests.refund_fakes import FakeRefunds
from tests.vault_fakes import FakeInbox

ORDER = make_order()
RAW = b'{"id": "evt_1", "email": "rahima@shop.example"}'


@dataclass
class Counted(FakePayments):
    answer: Verdict | None = None
    looks: int = 0

    async def named(self, reference: str) -> Named | None:
        self.looks += 1
        return await super().named(reference)


@dataclass
class Noted(FakeInbox):
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
class Waiting:
    """Who owns what waits for an answer: under which names it was asked."""

    office: "Office"
    asked: list[str] = field(default_factory=list)

    async def judge(self, provider_id: str, told: Told, reference: str) -> Verdict:
        del provider_id, told, reference
        return ASK

    async def ask(self, told: Told, reference: str, update: str) -> Verdict | None:
        del told, reference
        if self.office.deaf:
            raise Unheard
        self.asked.append(update)
        return self.office.answer

    async def begin(self, told: Told, reference: str, update: str) -> bool:
        raise AssertionError(told, reference, update)


@dataclass
class Office:
    """A desk without an engine: whoever wakes a worker breaks the test."""

    payments: Counted = field(default_factory=Counted)
    inbox: Noted = field(default_factory=Noted)
    deaf: bool = False
    answer: Verdict | None = None
    looks: int = 0
    disputes: Waiting = field(init=False)

    def __post_init__(self) -> None:
        self.disputes = Waiting(self)

    async def paid(self, order: PaymentOrder | None = None) -> str:
        """A captured payment; the reference of its attempt."""
        order = order or make_order()
        attempt = make_attempt(order)
        await self.payments.begin(order, PASSED, make_decision())
        captured = make_fact(attempt, PaymentStatus.CAPTURED, captured=order.amount)
        await self.payments.move(replace(captured, fee=order.terms.fee(order.amount, first=True)))
        return attempt.reference

    async def hear(self, told: Told | Exception, provider: str = "NORTH") -> Any:
        senders = {"NORTH": Speaker(told)}
        desk = InboundDesk(self.inbox, self._owners(), senders.get, grace_s=0)
        return await desk.receive(provider, RAW, Headers())

    async def look_again(self, told: Told, waited: timedelta = timedelta(0)) -> InboundState:
        """Where it stands then."""
        self.looks += 1
        kept = Kept("NORTH", told, datetime.now(UTC) - waited, NOW + timedelta(hours=self.looks))
        await Taking(self.inbox, self._owners()).look_again(kept)
        return self.inbox.states["NORTH", told.event_id]

    def _owners(self) -> Mapping[Meaning, Owner]:
        made = owners(
            cast("Client", None),
            "nowhere",
            payments=self.payments,
            refunds=FakeRefunds(self.payments),
            cases=FakeCases(self.payments),
            payouts=FakePayouts(),
            disputes=FakeDisputes(self.payments),
        )
        return {**made, Meaning.DISPUTE: self.disputes}


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
        event("pay_" + "0" * 27 + "-1"),
        event("somebody-elses", Says.REFUND_SUCCEEDED, meaning=Meaning.REFUND),
        event("somebody-elses", Says.PAYOUT_PAID, meaning=Meaning.PAYOUT),
        event(None, meaning=Meaning.UNKNOWN, type="dispute.created"),
    ],
)
async def test_what_is_not_ours_is_parked_with_one_write(told: Told) -> None:
    office = Office()

    assert await office.hear(told) == ("evt_1", InboundState.PARKED)
    assert office.inbox.writes == 1


@pytest.mark.parametrize(
    ("told", "note"),
    [
        (event("pay_" + "0" * 26 + "-1"), "no such payment"),
        (event("re_" + "0" * 26, Says.REFUND_SUCCEEDED, meaning=Meaning.REFUND), "no such refund"),
        (
            event("pay_" + "0" * 26 + "-1-back", Says.REFUND_FAILED, meaning=Meaning.REFUND),
            "no such payment",
        ),
        (event("case_" + "0" * 26 + "-1", meaning=Meaning.REFUND), "no such case"),
        (event("po_" + "0" * 26, Says.PAYOUT_PAID, meaning=Meaning.PAYOUT), "no such payout"),
    ],
)
async def test_what_may_still_be_ours_waits_and_is_looked_at_until_the_day_is_over(
    told: Told, note: str
) -> None:
    office = Office()
    assert await office.hear(told) == ("evt_1", InboundState.RECEIVED)
    assert await office.hear(told) == ("evt_1", InboundState.RECEIVED)
    assert office.inbox.notes["NORTH", "evt_1"] == note

    shorter, longer = (LOOKED_AT_FOR + timedelta(minutes=each) for each in (-1, 1))

    assert await office.look_again(told, shorter) is InboundState.RECEIVED
    assert await office.look_again(told, longer) is InboundState.PARKED
    assert office.inbox.notes["NORTH", "evt_1"] == f"{note}, for a day"


async def test_what_nobody_could_take_is_taken_at_the_next_look_and_once() -> None:
    office = Office()
    told = event(make_attempt(ORDER).reference)
    assert (await office.hear(told))[1] is InboundState.RECEIVED

    await office.paid(ORDER)

    assert await office.look_again(told) is InboundState.APPLIED
    assert await office.look_again(told) is InboundState.APPLIED
    assert await office.hear(told) == ("evt_1", InboundState.APPLIED)


async def test_what_an_unheard_look_leaves_is_looked_at_again() -> None:
    office = Office()
    told = event("dp_" + "0" * 26, meaning=Meaning.DISPUTE)
    office.deaf = True
    with pytest.raises(Refusal) as refused:
        await office.hear(told)
    assert refused.value.code is Code.ENGINE_UNAVAILABLE

    assert await office.look_again(told) is InboundState.RECEIVED
    office.deaf = False
    assert await office.look_again(told) is InboundState.APPLIED


async def test_a_delivery_knocks_under_one_name_and_each_look_under_another() -> None:
    """A door would answer a look as it answered the one before."""
    office = Office(answer=waits("not yet"))
    told = event("dp_" + "0" * 26, meaning=Meaning.DISPUTE)

    for _ in range(2):
        assert await office.hear(told) == ("evt_1", InboundState.RECEIVED)
        assert await office.look_again(told) is InboundState.RECEIVED

    first, look, again, another = office.disputes.asked
    assert first == again
    assert len({first, look, another}) == 3
    assert office.inbox.notes["NORTH", "evt_1"] == "not yet"


async def test_what_an_earlier_delivery_left_behind_is_settled() -> None:
    office = Office()
    told = event(await office.paid())
    await office.hear(told)
    office.inbox.states["NORTH", "evt_1"] = InboundState.RECEIVED

    assert await office.hear(told) == ("evt_1", InboundState.APPLIED)
    assert office.inbox.states["NORTH", "evt_1"] is InboundState.APPLIED


NAMELESS = DisputeOrder("dp_1", "NORTH", "\0")
NO_DISPUTE = DisputeTold(NAMELESS, DisputeStatus.LOST, Money(0, "USD"))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (ForgedWebhook("no"), Code.WEBHOOK_FORGED),
        (UnreadableWebhook("no"), Code.BODY_MALFORMED),
        # Names that neither record nor engine could look up.
        *((event(f"pay_1{sign}-1"), Code.BODY_MALFORMED) for sign in ("\0", "\n", "\ud800")),
        (event("pay_1-1", type="\0"), Code.BODY_MALFORMED),
        (event("pay_1-1", receipts=("rc_1", "\0")), Code.BODY_MALFORMED),
        (event("dp_1", meaning=Meaning.DISPUTE, dispute=NO_DISPUTE), Code.BODY_MALFORMED),
    ],
)
async def test_what_is_refused_is_neither_looked_up_nor_stored(
    told: Told | Exception, code: Code
) -> None:
    office = Office()

    with pytest.raises(Refusal) as refused:
        await office.hear(told)

    assert refused.value.code is code
    assert (office.payments.looks, office.inbox.writes) == (0, 0)


async def test_nobody_knows_another_provider() -> None:
    with pytest.raises(Refusal) as refused:
        await Office().hear(event(None), provider="SOUTH")

    assert refused.value.code is Code.PROVIDER_UNKNOWN
