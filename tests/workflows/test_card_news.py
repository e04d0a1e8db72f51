"""News that a webhook brings while the answer to the call itself is still on its way: the answer is
older than the news, so the provider is asked once more.
"""

import asyncio

from temporalio.client import WorkflowUpdateHandle, WorkflowUpdateStage

from payments.domain.payment import PaymentAnswer, PaymentOrder, PaymentStatus
from tests.patience import until
from tests.provider_script import How
from tests.workflows.card_desk import CardDesk, first, make_order
from workflows.card_payment import CardPayment


async def told_before_the_answer(
    cards: CardDesk, order: PaymentOrder, news: str
) -> WorkflowUpdateHandle[PaymentAnswer]:
    """The provider has answered, something happened over there, and its webhook overtook."""
    cards.north.gate = asyncio.Event()
    handle, paying = await cards.starting(order)

    async def sent() -> bool:
        return first(order) in cards.north.books

    await until(sent, 20, "the provider was not called")
    cards.north.books[first(order)].state = news
    told = await handle.start_update(
        CardPayment.told, "evt_overtook", wait_for_stage=WorkflowUpdateStage.ACCEPTED
    )
    cards.north.gate.set()
    await paying
    return told


async def test_a_challenge_that_was_passed_before_we_heard_of_it(cards: CardDesk) -> None:
    order = make_order()
    cards.north.takes(How.CHALLENGE)

    told = await told_before_the_answer(cards, order, "CAPTURED")

    answer = await told.result()
    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CAPTURED
    assert await cards.handle_of(order).result() is PaymentStatus.CAPTURED


async def test_a_reservation_that_was_given_up_before_we_heard_of_it(cards: CardDesk) -> None:
    order = make_order(capture=False)

    told = await told_before_the_answer(cards, order, "VOIDED")

    answer = await told.result()
    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.EXPIRED
