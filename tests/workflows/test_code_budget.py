"""What payments by a code, and cases, cost the engine.

paid, told by webhook             31 events,  4 tasks
left until it expires             35          5
a case that goes back by policy   23          3
"""

from dataclasses import replace
from datetime import timedelta

from payments.domain.case import CaseStatus
from payments.domain.payment import PaymentStatus
from tests.card_factories import TERMS, make_attempt
from tests.workflows.card_desk import CardDesk, first, make_code_order
from tests.workflows.test_card_budget import assert_within, cost


async def test_told_by_a_webhook(cards: CardDesk) -> None:
    handle, reference = await cards.shown()
    cards.north.pay(reference)
    assert (await cards.told(handle)).status is PaymentStatus.CAPTURED

    kinds = await cost(handle)

    assert_within(kinds, events=31, tasks=4)
    assert kinds["ACTIVITY_TASK_SCHEDULED"] == 2
    assert kinds["START_CHILD_WORKFLOW_EXECUTION_INITIATED"] == 0


async def test_left_until_it_expires(cards: CardDesk) -> None:
    # Skipped time would be two more events.
    cards.north.challenge_lasts = timedelta(seconds=1)
    handle, _ = await cards.shown()

    assert_within(await cost(handle), events=35, tasks=5)
    assert await handle.result() is PaymentStatus.EXPIRED


async def test_a_case_that_goes_back_by_policy(cards: CardDesk) -> None:
    order = make_code_order(terms=replace(TERMS, case_policies={"late": "refund"}))
    handle, _ = await cards.shown(order)
    await cards.cancel(handle)
    late = cards.north.pay(first(order))
    await cards.told_of(make_attempt(order), late.id)

    assert await cards.case_ended(late.id) is CaseStatus.REFUNDED
    assert_within(await cost(cards.case_of(late.id)), events=23, tasks=3)
