"""What card payments cost the engine: events are written, tasks are round trips.

captured at once            24 events,  3 tasks
reserved, then captured     36          5
with a challenge            64          9     both workflows together
"""

from collections import Counter
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from payments.domain.payment import PaymentStatus
from tests.provider_script import How
from tests.workflows.card_desk import CardDesk, first, make_order, make_refund


async def cost(*handles: WorkflowHandle[Any, Any]) -> Counter[str]:
    """Kind of event → how many, of all these workflows together."""
    kinds: Counter[str] = Counter()
    for handle in handles:
        await handle.result()
        history = await handle.fetch_history()
        kinds.update(EventType.Name(event.event_type)[11:] for event in history.events)
    return kinds


def assert_within(kinds: Counter[str], *, events: int, tasks: int) -> None:
    assert kinds.total() <= events, kinds
    assert kinds["WORKFLOW_TASK_COMPLETED"] <= tasks, kinds
    assert kinds["WORKFLOW_TASK_FAILED"] == 0


async def test_captured_at_once(cards: CardDesk) -> None:
    handle, _ = await cards.charge()

    kinds = await cost(handle)

    assert_within(kinds, events=24, tasks=3)
    assert kinds["ACTIVITY_TASK_SCHEDULED"] == 1
    # Begun and moved: our own record and risk and route cost no round trip.
    assert kinds["MARKER_RECORDED"] == 2


async def test_reserved_then_captured(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()
    await cards.capture(handle)

    kinds = await cost(handle)

    assert_within(kinds, events=36, tasks=5)
    assert kinds["ACTIVITY_TASK_SCHEDULED"] == 2


async def test_with_a_challenge(cards: CardDesk) -> None:
    cards.north.takes(How.CHALLENGE)
    order = make_order()
    handle, _ = await cards.charge(order)
    challenge = await cards.challenge_of(order)
    cards.north.approve(first(order))
    payment = await cards.confirm(handle)
    assert payment.status is PaymentStatus.CAPTURED

    kinds = await cost(handle, challenge)

    assert_within(kinds, events=64, tasks=9)
    # It is sent once and asked after once.
    assert kinds["ACTIVITY_TASK_SCHEDULED"] == 2


async def test_a_refund(cards: CardDesk) -> None:
    _, payment = await cards.charge()
    handle, _ = await cards.refund(make_refund(payment, 4_000))

    assert_within(await cost(handle), events=24, tasks=3)
