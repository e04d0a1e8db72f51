"""Refunds and reversals: money that goes back, once, and only when it is there."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowFailureError

from payments.domain.charge import Operation
from payments.domain.codes import Code
from payments.domain.payment import PaymentStatus
from payments.domain.refund import RefundStatus
from tests.provider_script import HARD, REFUND_REFUSED, SOFT, How
from tests.workflows.card_desk import CardDesk, first, make_order, make_refund


async def test_a_part_goes_back_and_is_written_down(cards: CardDesk) -> None:
    order = make_order()
    _, payment = await cards.charge(order)
    refund = make_refund(payment, 4_000)

    handle, answer = await cards.refund(refund)

    assert answer.refund is not None
    assert answer.refund.status is RefundStatus.SUCCEEDED
    assert await handle.result() is RefundStatus.SUCCEEDED
    assert cards.north.effects[1:] == [f"refund {refund.refund_id} 4000"]
    assert cards.payments.rows[order.payment_id].refunded_minor == 4_000
    assert cards.refunds.events == [("refund.succeeded", refund.refund_id)]


async def test_a_refused_refund_gives_its_reservation_back(cards: CardDesk) -> None:
    cards.north.takes(REFUND_REFUSED, operation=Operation.REFUND)
    order = make_order()
    _, payment = await cards.charge(order)

    _, answer = await cards.refund(make_refund(payment, 4_000))
    _, again = await cards.refund(make_refund(payment, 10_000))

    assert answer.refund is not None
    assert (answer.refund.status, answer.refund.code) == (RefundStatus.FAILED, Code.REFUND_FAILED)
    assert again.refund is not None
    assert again.refund.status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize("how", [How.LOSE_ANSWER, How.BREAK, How.LOSE_REQUEST])
async def test_a_refund_of_unknown_outcome_is_asked_after(cards: CardDesk, how: How) -> None:
    cards.north.takes(how, operation=Operation.REFUND)
    _, payment = await cards.charge()
    refund = make_refund(payment, 4_000)

    _, answer = await cards.refund(refund)

    assert answer.refund is not None
    assert answer.refund.status is RefundStatus.SUCCEEDED
    assert cards.north.effects[1:] == [f"refund {refund.refund_id} 4000"]
    tries = cards.north.calls.count(f"refund {refund.refund_id}")
    assert tries == (2 if how is How.LOSE_REQUEST else 1)
    assert "refund_suspended" in cards.kinds
    assert "suspense" not in cards.balance()


@pytest.mark.parametrize("succeeds", [True, False])
async def test_a_pending_refund_ends_when_the_provider_tells(
    cards: CardDesk, succeeds: bool
) -> None:
    cards.north.takes(How.PENDING, operation=Operation.REFUND)
    order = make_order()
    _, payment = await cards.charge(order)
    refund = make_refund(payment, 4_000)
    refunding = asyncio.create_task(cards.refund(refund))
    handle = await cards.refund_begun(refund)
    await cards.until_tried(handle, "providers.ask", attempts=2)

    still = await cards.refund_told(handle)
    amount = refund.amount if succeeds else None
    cards.north.decide_refund(first(order), refund.refund_id, amount)
    told = await cards.refund_told(handle)
    _, answer = await refunding

    assert still.refund is None
    assert told == answer
    assert answer.refund is not None
    expected = RefundStatus.SUCCEEDED if succeeds else RefundStatus.FAILED
    assert answer.refund.status is expected
    assert "suspense" not in cards.balance()


async def test_more_than_is_left_is_refused_and_the_reference_stays_free(cards: CardDesk) -> None:
    _, payment = await cards.charge()
    await cards.refund(make_refund(payment, 7_000))
    order = make_refund(payment, 3_001)

    handle, answer = await cards.refund(order)
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    assert answer.refused is Code.REFUND_TOO_LARGE
    assert len(cards.north.effects) == 2


async def test_what_was_never_captured_cannot_be_refunded(cards: CardDesk) -> None:
    _, payment = await cards.authorize()

    _, answer = await cards.refund(make_refund(payment, 1))

    assert answer.refused is Code.REFUND_NOT_POSSIBLE


async def test_many_refunds_at_once_never_give_back_more_than_was_taken(cards: CardDesk) -> None:
    _, payment = await cards.charge()

    answers = await asyncio.gather(
        *(
            cards.refund(make_refund(payment, 3_000, refund_id=f"re_{payment.payment_id}_{n}"))
            for n in range(10)
        )
    )

    assert sum(answer.refund is not None for _, answer in answers) == 3
    assert len(cards.north.effects) == 1 + 3


async def test_a_refund_nobody_waits_for_any_more_is_not_begun(cards: CardDesk) -> None:
    _, payment = await cards.charge()
    late = make_refund(payment, 1, deadline=datetime.now(UTC) - timedelta(seconds=1))

    _, answer = await cards.refund(late)

    assert answer.refused is Code.ENGINE_UNAVAILABLE
    assert cards.refunds.rows == {}


async def test_a_refund_that_a_worker_began_before_it_died_goes_on_however_late(
    cards: CardDesk,
) -> None:
    _, payment = await cards.charge()
    refund = make_refund(payment, 1)
    await cards.refunds.reserve(refund)

    _, answer = await cards.refund(
        replace(refund, deadline=datetime.now(UTC) - timedelta(seconds=1))
    )

    assert answer.refund is not None
    assert answer.refund.status is RefundStatus.SUCCEEDED


async def test_temporals_cancel_button_does_not_stop_a_refund(cards: CardDesk) -> None:
    cards.north.gate = asyncio.Event()
    cards.north.gate.set()
    _, payment = await cards.charge()
    cards.north.gate.clear()
    refund = make_refund(payment, 4_000)
    refunding = asyncio.create_task(cards.refund(refund))
    handle = await cards.refund_begun(refund)
    await cards.until_tried(handle, "providers.refund")

    await handle.cancel()
    await cards.until_cancel_arrived(handle)
    cards.north.gate.set()
    _, answer = await refunding

    assert answer.refund is not None
    assert answer.refund.status is RefundStatus.SUCCEEDED


# Money that moved too late


@pytest.mark.parametrize("capture", [True, False])
async def test_a_late_success_goes_back_with_its_own_entries(
    cards: CardDesk, capture: bool
) -> None:
    cards.north.takes(HARD)
    order = make_order(capture=capture)
    await cards.charge(order)
    attempt = cards.payments.sent[first(order)].attempt

    cards.north.approve(first(order))
    found = await cards.reverse(attempt)
    await cards.reversal_of(first(order))

    assert found
    back = f"refund {first(order)}-back 10000" if capture else f"void {first(order)}"
    assert cards.north.effects[1:] == [back]
    assert cards.events == ["failed", "late_success", "reversed"]
    assert cards.kinds == ["late", "reversed"]
    assert cards.balance() == {}
    assert cards.status(order) is PaymentStatus.FAILED


async def test_a_late_success_of_an_earlier_attempt_goes_back(cards: CardDesk) -> None:
    cards.north.takes(SOFT)
    order = make_order()
    _, payment = await cards.charge(order)
    assert payment.provider == "SOUTH"

    cards.north.approve(first(order))
    found = await cards.reverse(cards.payments.sent[first(order)].attempt)
    await cards.reversal_of(first(order))

    assert found
    assert cards.north.effects[-1] == f"refund {first(order)}-back 10000"
    assert len(cards.south.effects) == 1
    assert cards.balance()["provider_receivable"] == 10_000


async def test_a_doubt_about_a_good_payment_changes_nothing(cards: CardDesk) -> None:
    order = make_order()
    await cards.charge(order)

    found = await cards.reverse(cards.payments.sent[first(order)].attempt)

    assert not found
    assert len(cards.north.effects) == 1
    assert cards.kinds == ["captured"]


async def test_a_doubt_about_a_declined_payment_changes_nothing(cards: CardDesk) -> None:
    cards.north.takes(HARD)
    order = make_order()
    await cards.charge(order)

    found = await cards.reverse(cards.payments.sent[first(order)].attempt)

    assert not found
    assert cards.north.effects == []


async def test_the_same_late_success_told_again_goes_back_once(cards: CardDesk) -> None:
    cards.north.takes(HARD)
    cards.north.forgets_keys = True
    order = make_order()
    await cards.charge(order)
    attempt = cards.payments.sent[first(order)].attempt
    cards.north.approve(first(order))

    for _ in range(3):
        await cards.reverse(attempt)
        await cards.reversal_of(first(order))

    assert cards.north.effects[1:] == [f"refund {first(order)}-back 10000"]
    assert cards.kinds == ["late", "reversed"]


@pytest.mark.parametrize("how", [How.LOSE_ANSWER, How.LOSE_REQUEST])
async def test_a_way_back_of_unknown_outcome_is_asked_after(cards: CardDesk, how: How) -> None:
    cards.north.takes(HARD)
    cards.north.takes(how, operation=Operation.REFUND)
    order = make_order()
    await cards.charge(order)
    cards.north.approve(first(order))

    await cards.reverse(cards.payments.sent[first(order)].attempt)
    await cards.reversal_of(first(order))

    assert cards.north.effects[1:] == [f"refund {first(order)}-back 10000"]
    assert cards.balance() == {}


async def test_a_way_back_that_the_provider_refuses_is_left_to_a_person(cards: CardDesk) -> None:
    cards.north.takes(HARD)
    cards.north.takes(REFUND_REFUSED, operation=Operation.REFUND)
    order = make_order()
    await cards.charge(order)
    cards.north.approve(first(order))

    await cards.reverse(cards.payments.sent[first(order)].attempt)

    with pytest.raises(WorkflowFailureError):
        await cards.reversal_of(first(order))
    assert cards.balance() == {"provider_receivable": 10_000, "suspense": -10_000}
