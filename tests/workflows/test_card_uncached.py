"""Workflows that are replayed from their beginning at every task: nothing hides in memory."""

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.card import Decline
from payments.domain.payment import PaymentStatus
from tests.provider_script import HARD, SOFT, How
from tests.workflows.card_desk import CardDesk, first, make_order


@pytest.mark.parametrize("how", [How.ORDINARY, How.LOSE_ANSWER, How.LOSE_REQUEST, SOFT, HARD])
async def test_a_payment_that_is_never_cached_ends_the_same(
    environment: WorkflowEnvironment, how: How | Decline
) -> None:
    cards = CardDesk(environment)
    cards.north.takes(how)

    async with cards.worker(max_cached_workflows=0):
        handle, payment = await cards.charge()
        end = await handle.result()

    assert end is payment.status
    assert len(cards.north.effects) + len(cards.south.effects) == (0 if how is HARD else 1)


async def test_a_challenge_and_captures_that_are_never_cached_end_the_same(
    environment: WorkflowEnvironment,
) -> None:
    cards = CardDesk(environment)
    cards.north.takes(How.CHALLENGE)
    order = make_order(capture=False)

    async with cards.worker(max_cached_workflows=0):
        handle, _ = await cards.charge(order)
        cards.north.approve(first(order))
        authorized = await cards.confirm(handle)
        await cards.capture(handle, 4_000)
        await cards.capture(handle)
        end = await handle.result()

    assert authorized.status is PaymentStatus.AUTHORIZED
    assert end is PaymentStatus.CAPTURED
    assert len(cards.north.effects) == 3
