"""What payments at a bank cost the engine.

said yes, told by webhook   31 events,  4 tasks
left until it expires       35          5
"""

from datetime import timedelta

from payments.domain.payment import PaymentStatus
from tests.workflows.card_desk import CardDesk
from tests.workflows.test_card_budget import assert_within, cost


async def test_told_by_a_webhook(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()
    cards.north.approve(reference)
    assert (await cards.told(handle)).status is PaymentStatus.CAPTURED

    kinds = await cost(handle)

    assert_within(kinds, events=31, tasks=4)
    # It is sent once and asked after once, in one workflow.
    assert kinds["ACTIVITY_TASK_SCHEDULED"] == 2
    assert kinds["START_CHILD_WORKFLOW_EXECUTION_INITIATED"] == 0
    assert kinds["TIMER_STARTED"] == 1


async def test_left_until_it_expires(cards: CardDesk) -> None:
    # Skipped time would be two more events.
    cards.north.challenge_lasts = timedelta(seconds=1)
    handle, _ = await cards.at_the_bank()

    assert_within(await cost(handle), events=35, tasks=5)
    assert await handle.result() is PaymentStatus.EXPIRED
