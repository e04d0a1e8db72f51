"""Payments at a bank that are replayed from their beginning at every task."""

from temporalio.testing import WorkflowEnvironment

from payments.domain.payment import PaymentStatus
from tests.provider_script import SOFT, How
from tests.workflows.card_desk import CardDesk, make_bank_order
from tests.workflows.test_bank_ends import left


async def test_a_payment_that_is_never_cached_ends_the_same(
    environment: WorkflowEnvironment,
) -> None:
    cards = CardDesk(environment)
    cards.north.takes(SOFT)
    cards.south.takes(How.CHALLENGE)
    order = make_bank_order()
    reference = f"{order.payment_id}-2"

    async with cards.worker(max_cached_workflows=0):
        handle, _ = await cards.charge(order)
        early = await cards.confirm(handle)
        cards.south.ponder(reference)
        thinking = await cards.told(handle)
        cards.south.approve(reference)
        await cards.told(handle)
        end = await handle.result()

    assert (early.status, thinking.status, end) == (
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.PROCESSING,
        PaymentStatus.CAPTURED,
    )
    assert cards.south.effects == [f"take {reference} 10000"]
    assert cards.kinds == ["suspended", "captured"]


async def test_one_that_is_left_or_canceled_and_never_cached_ends_the_same(
    environment: WorkflowEnvironment,
) -> None:
    cards = CardDesk(environment)

    async with cards.worker(max_cached_workflows=0):
        handle, forgotten = await cards.at_the_bank()
        await left(cards, handle)
        expired = await handle.result()
        handle, unwanted = await cards.at_the_bank()
        await cards.cancel(handle)
        canceled = await handle.result()

    assert (expired, canceled) == (PaymentStatus.EXPIRED, PaymentStatus.CANCELED)
    assert cards.north.effects == [f"void {forgotten}", f"void {unwanted}"]
