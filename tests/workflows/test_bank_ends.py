"""How a payment at a bank ends without a plain return: left, canceled, late, twice, unheard of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.card import Decline
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.payment import Attempt, PaymentStatus
from tests.fake_provider import FakeProvider
from tests.workflows.card_desk import CardDesk, PayHandle, make_bank_order
from tests.workflows.test_card_races import TIMES, end_of, moved_over_there

PAST_EXPIRY = timedelta(minutes=15, seconds=1)
LATE = ["requires_action", "{end}", "late_success", "reversed"]


@dataclass
class PaidAtTheLastMoment(FakeProvider):
    """Its customer says yes between our question and our void."""

    async def void(self, attempt: Attempt) -> Answer:
        if self.books[attempt.reference].state == "CHALLENGE":
            self.approve(attempt.reference)
        return await super().void(attempt)


@asynccontextmanager
async def at_the_last_moment(environment: WorkflowEnvironment) -> AsyncIterator[CardDesk]:
    desk = CardDesk(environment, north=PaidAtTheLastMoment())
    async with desk.worker():
        yield desk


async def left(cards: CardDesk, handle: PayHandle) -> None:
    await cards.skip(handle, PAST_EXPIRY)


# Left


async def test_who_never_acts_lets_it_expire_and_the_bank_is_told(cards: CardDesk) -> None:
    order = make_bank_order()
    handle, reference = await cards.at_the_bank(order)

    await left(cards, handle)

    assert await handle.result() is PaymentStatus.EXPIRED
    assert cards.payments.rows[order.payment_id].code is Code.ACTION_EXPIRED
    assert cards.north.calls[1:] == [f"inquire {reference}", f"void {reference}"]
    assert cards.north.effects == [f"void {reference}"]
    assert (cards.balance(), cards.events) == ({}, ["requires_action", "expired"])


async def test_who_paid_and_was_never_heard_of_has_paid(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()
    cards.north.approve(reference)

    await left(cards, handle)

    assert await handle.result() is PaymentStatus.CAPTURED
    assert cards.events == ["requires_action", "captured"]
    assert [call for call in cards.north.calls if call.startswith("void")] == []


async def test_who_pays_while_it_expires_has_paid(environment: WorkflowEnvironment) -> None:
    async with at_the_last_moment(environment) as cards:
        handle, reference = await cards.at_the_bank()

        await left(cards, handle)

        assert await handle.result() is PaymentStatus.CAPTURED
        assert cards.north.effects == [f"take {reference} 10000"]
        assert cards.events == ["requires_action", "captured"]


async def test_what_the_provider_itself_calls_expired_is_expired(cards: CardDesk) -> None:
    order = make_bank_order()
    handle, reference = await cards.at_the_bank(order)

    cards.north.decline(reference, Decline(Code.ACTION_EXPIRED, "EXPIRED"))
    payment = await cards.told(handle)

    assert (payment.status, payment.code) == (PaymentStatus.EXPIRED, Code.ACTION_EXPIRED)
    assert await handle.result() is PaymentStatus.EXPIRED


async def test_a_provider_that_is_down_at_the_end_is_waited_for(cards: CardDesk) -> None:
    order = make_bank_order()
    handle, reference = await cards.at_the_bank(order)
    cards.north.approve(reference)
    cards.north.silent = True

    await left(cards, handle)
    await cards.until_tried(handle, "providers.ask", attempts=2)
    waiting = cards.status(order)
    cards.north.silent = False
    await cards.told(handle)

    assert waiting is PaymentStatus.REQUIRES_ACTION
    assert await handle.result() is PaymentStatus.CAPTURED


# Canceled


async def test_a_cancel_in_time_ends_it_at_the_bank_too(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()

    answer = await cards.cancel(handle)

    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CANCELED
    assert await handle.result() is PaymentStatus.CANCELED
    assert cards.north.effects == [f"void {reference}"]
    assert (cards.balance(), cards.events) == ({}, ["requires_action", "canceled"])


async def test_temporals_cancel_button_means_the_same(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()

    await handle.cancel()

    assert await handle.result() is PaymentStatus.CANCELED
    assert cards.north.effects == [f"void {reference}"]


async def test_who_pays_while_it_is_canceled_gets_the_money_back(
    environment: WorkflowEnvironment,
) -> None:
    async with at_the_last_moment(environment) as cards:
        handle, reference = await cards.at_the_bank()

        answer = await cards.cancel(handle)
        sent_back = await cards.reversal_of(reference)

        assert answer.payment is not None
        assert answer.payment.status is PaymentStatus.CANCELED
        assert sent_back
        assert moved_over_there(cards, reference) == 0
        assert cards.balance() == {}
        assert cards.events == [each.format(end="canceled") for each in LATE]


async def test_a_return_and_a_cancel_at_the_same_instant_are_one_of_the_two(
    cards: CardDesk,
) -> None:
    async def both(number: int) -> PaymentStatus:
        handle, reference = await cards.at_the_bank()
        cards.north.approve(reference)
        wishes = [cards.confirm, cards.cancel] if number % 2 else [cards.cancel, cards.confirm]
        end = await end_of(handle, *(asyncio.create_task(wish(handle)) for wish in wishes))
        if end is PaymentStatus.CANCELED:
            assert await cards.reversal_of(reference)
        assert end in (PaymentStatus.CAPTURED, PaymentStatus.CANCELED)
        kept = 10_000 if end is PaymentStatus.CAPTURED else 0
        assert moved_over_there(cards, reference) == kept
        return end

    ends = await asyncio.gather(*(both(number) for number in range(TIMES)))

    assert cards.balance().get("provider_receivable", 0) == 10_000 * ends.count(
        PaymentStatus.CAPTURED
    )
    assert "suspense" not in cards.balance()


# Late


@pytest.mark.parametrize("end", ["canceled", "expired"])
async def test_who_pays_after_the_end_gets_the_money_back(cards: CardDesk, end: str) -> None:
    order = make_bank_order()
    handle, reference = await cards.at_the_bank(order)
    if end == "canceled":
        await cards.cancel(handle)
    else:
        await left(cards, handle)
    await handle.result()

    cards.north.approve(reference)
    found = await cards.reverse(cards.payments.sent[reference].attempt)
    await cards.reversal_of(reference)

    assert found
    assert cards.status(order) is PaymentStatus(end)
    assert moved_over_there(cards, reference) == 0
    assert cards.balance() == {}
    assert cards.events == [each.format(end=end) for each in LATE]


# Twice, and too early


async def test_returns_and_webhooks_at_once_are_one_payment_and_one_answer(
    cards: CardDesk,
) -> None:
    handle, reference = await cards.at_the_bank()
    cards.north.approve(reference)

    answers = await asyncio.gather(cards.confirm(handle), cards.told(handle), cards.confirm(handle))

    assert {answer.status for answer in answers} == {PaymentStatus.CAPTURED}
    assert cards.north.effects == [f"take {reference} 10000"]
    assert cards.kinds == ["captured"]


async def test_a_return_proves_nothing_while_the_bank_is_open(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()

    # Whatever a browser brings: what counts is the provider's own word.
    forged = [await cards.confirm(handle) for _ in range(2)]
    cards.north.approve(reference)
    paid = await cards.confirm(handle)

    assert {each.status for each in forged} == {PaymentStatus.REQUIRES_ACTION}
    assert paid.status is PaymentStatus.CAPTURED
    assert cards.events == ["requires_action", "captured"]
    assert cards.north.calls.count(f"inquire {reference}") == 3


async def test_a_provider_that_forgot_what_it_asked_for_is_not_believed_before_the_end(
    cards: CardDesk,
) -> None:
    order = make_bank_order()
    handle, reference = await cards.at_the_bank(order)
    book = cards.north.books.pop(reference)

    forgotten = await cards.confirm(handle)
    cards.north.books[reference] = book
    cards.north.approve(reference)
    paid = await cards.confirm(handle)

    assert forgotten.status is PaymentStatus.REQUIRES_ACTION
    assert paid.status is PaymentStatus.CAPTURED
    assert cards.south.calls == []
