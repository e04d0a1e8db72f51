"""What payments cost, counted by the engine and the database themselves.

Each story is told a few times. What an event of an acquirer costs has a test of its own.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History
from temporalio.client import Client

from payments.domain import ids
from tests.api.code_shop import CodeShop
from tests.api.shop import CHALLENGE, VISA, Acquirer, Shop
from tests.costs.engine_calls import EngineCalls
from tests.costs.runs import FEW, least
from tests.costs.statements import Statements
from tests.running_gateway import RunningGateway

Order = Mapping[str, Any]
Payment = Mapping[str, Any]

# The card's retries are read, the payment is begun, and it moves once.
RECORD: Final = {"FROM payment_attempt": 1, "INTO payment": 1, "FROM jsonb_to_record": 1}
# The acquirer is asked for the card and for the money, and each question leaves a row.
CHARGE: Final = RECORD | {"INTO provider_call": 2, "INTO request_log": 1}
# The second request finds the payment; the acquirer is asked once more; the payment moves again.
AND_ONE_MORE: Final = {"FROM payment": 1, "FROM jsonb_to_record": 1} | {
    "INTO provider_call": 1,
    "INTO request_log": 1,
}
# The event's row goes in by a statement that begins with what came at once.
EVENT: Final = {"FROM payment": 1, "FROM unnest": 1, "INTO request_log": 1}
AT_A_BANK: Final = {"type": "bank_redirect", "country": "GB", "bank": "SUNNY"}
BY_A_CODE: Final = {"type": "code", "country": "BR"}
# No card is looked up, no network counts tries; the first move is what the customer has to do.
BEGIN: Final = {"INTO payment": 1, "FROM jsonb_to_record": 1} | {
    "INTO provider_call": 1,
    "INTO request_log": 1,
}
# News is judged, waited for, judged, passed on, and judged by what it led to; and shown once.
TOLD: Final = {"FROM payment": 4, "FROM unnest": 1, "FROM jsonb_to_record": 1} | {
    "UPDATE inbound_event": 1,
    "INTO provider_call": 1,
    "INTO request_log": 2,
}
CHARGE_CALLS: Final = {
    "ExecuteMultiOperation": 1,
    "RespondWorkflowTaskCompleted": 2,
    "RespondActivityTaskCompleted": 1,
}


@dataclass(frozen=True, slots=True)
class Story:
    """`statements` is what it costs now; the others are limits, over all of its workflows."""

    tell: Callable[[Shop, Order], Awaitable[Payment]]
    order: Mapping[str, Any]
    statements: Counter[str]
    events: int
    tasks: int
    history_bytes: int
    challenges: int = 0


async def charge(shop: Shop, order: Order) -> Payment:
    payment: Payment = (await shop.create(order)).data
    return payment


async def reserve_and_capture(shop: Shop, order: Order) -> Payment:
    payment: Payment = (await shop.do("capture", await charge(shop, order), {})).data
    return payment


async def charge_with_challenge(shop: Shop, order: Order) -> Payment:
    asked = await charge(shop, order)
    await shop.decide(asked, "approve")
    payment: Payment = (await shop.do("confirm", asked)).data
    return payment


async def pay_at_a_bank(shop: Shop, order: Order) -> Payment:
    """The customer says yes and never comes back; the acquirer tells it."""
    asked = await charge(shop, order)
    await shop.decide(asked, "approve")
    north = Acquirer(shop.gateway)
    answer = await north.send(shop.partner, north.event(asked))
    assert answer.data["state"] == "applied", answer
    return await shop.show(asked)


async def pay_by_a_code(shop: Shop, order: Order) -> Payment:
    """The customer pays in an app and never comes back; the acquirer tells it."""
    asked = await charge(shop, order)
    await CodeShop(shop).pay(asked)
    north = Acquirer(shop.gateway)
    answer = await north.send(shop.partner, north.event(asked))
    assert answer.data["state"] == "applied", answer
    return await shop.show(asked)


STORIES: Final = {
    "captured at once": Story(
        charge,
        {"number": VISA},
        Counter(CHARGE),
        events=24,
        tasks=3,
        history_bytes=8_192,
    ),
    "reserved, then captured": Story(
        reserve_and_capture,
        {"number": VISA, "capture": False},
        Counter(CHARGE) + Counter(AND_ONE_MORE),
        events=36,
        tasks=5,
        history_bytes=16_384,
    ),
    "with a challenge": Story(
        charge_with_challenge,
        {"number": CHALLENGE, "returnUrl": "http://localhost/back"},
        Counter(CHARGE) + Counter(AND_ONE_MORE),
        events=64,
        tasks=9,
        history_bytes=24_576,
        challenges=1,
    ),
    "at a bank, told by a webhook": Story(
        pay_at_a_bank,
        {"paymentMethodToken": None, "method": AT_A_BANK, "returnUrl": "http://localhost/back"},
        Counter(BEGIN) + Counter(TOLD),
        events=31,
        tasks=4,
        history_bytes=16_384,
    ),
    "by a code, told by a webhook": Story(
        pay_by_a_code,
        {"paymentMethodToken": None, "method": BY_A_CODE, "currency": "BRL"},
        Counter(BEGIN) + Counter(TOLD),
        events=32,
        tasks=5,
        history_bytes=16_384,
    ),
}


async def history(engine: Client, payment: Payment, challenges: int) -> list[Any]:
    """The events of the payment and of its challenges, once they are closed."""
    numbers = range(1, challenges + 1)
    names = [ids.payment(payment["id"]), *(ids.challenge(payment["id"], n) for n in numbers)]
    events: list[Any] = []
    for name in names:
        workflow = engine.get_workflow_handle(name)
        await workflow.result()
        events += (await workflow.fetch_history()).events
    return events


pytestmark = pytest.mark.usefixtures("silent")


@dataclass
class Told:
    """What one telling cost, and the payments it was about."""

    costs: dict[str, float]
    payments: list[Payment]


@pytest.fixture(scope="module")
async def tell(quiet: Statements, shop: Shop) -> Callable[[str], Awaitable[Told]]:
    """A story a few times over: once for all who ask."""
    told: dict[str, Told] = {}

    async def once(name: str) -> Told:
        if name not in told:
            told[name] = await _told(quiet, shop, STORIES[name])
        return told[name]

    return once


async def _told(quiet: Statements, shop: Shop, story: Story) -> Told:
    # The first one makes the ledger's accounts.
    payments = [await story.tell(shop, await shop.order(**story.order))]

    async def run() -> Counter[str]:
        orders = [await shop.order(**story.order) for _ in range(FEW)]

        async def all_of_them() -> None:
            payments.extend([await story.tell(shop, order) for order in orders])

        return await quiet.made_by(all_of_them)

    return Told(await least(run, dict(story.statements)), payments)


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_costs_these_statements(
    tell: Callable[[str], Awaitable[Told]], name: str
) -> None:
    assert (await tell(name)).costs == dict(STORIES[name].statements)


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_is_a_short_history(
    tell: Callable[[str], Awaitable[Told]], engine: Client, name: str
) -> None:
    story, payments = STORIES[name], (await tell(name)).payments
    assert {payment["status"] for payment in payments} == {"captured"}

    histories = [await history(engine, payment, story.challenges) for payment in payments]

    # A busy machine only ever adds to it.
    events = min(histories, key=len)
    kinds = Counter(event.event_type for event in events)
    assert len(events) <= story.events, kinds
    assert kinds[EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED] <= story.tasks
    assert kinds[EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED] == 0
    assert History(events=events).ByteSize() <= story.history_bytes


async def test_an_event_about_what_we_know_costs_one_look_and_one_row(
    gateway: RunningGateway, quiet: Statements, shop: Shop, north: Acquirer
) -> None:
    payment = await shop.paid()

    async def told() -> None:
        for _ in range(FEW):
            answer = await north.send(shop.partner, north.event(payment))
            assert answer.data["state"] == "applied", answer

    assert await least(lambda: quiet.made_by(told), EVENT) == EVENT
    assert await EngineCalls(gateway).made_by(told) == {}


async def test_the_engine_is_called_once_for_a_charge_and_never_asked_for_a_list(
    gateway: RunningGateway, shop: Shop
) -> None:
    engine = EngineCalls(gateway)

    async def run() -> Counter[str]:
        orders = [await shop.order() for _ in range(FEW)]

        async def told() -> None:
            for order in orders:
                payment = await charge(shop, order)
                assert await shop.show(payment) == payment

        return await engine.made_by(told)

    assert await least(run, CHARGE_CALLS) == CHARGE_CALLS
