"""Payments that risk holds until a person has looked."""

from datetime import timedelta

import pytest
from temporalio.service import RPCError, RPCStatusCode

from payments.domain.codes import Code
from payments.domain.payment import PaymentStatus, Review, Verdict
from tests.workflows.card_desk import CardDesk
from workflows.card_payment import CardPayment


async def test_a_payment_on_hold_goes_on_after_a_persons_yes(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.HOLD
    handle, payment = await cards.charge()
    assert payment.status is PaymentStatus.REVIEW
    assert cards.north.calls == []

    answer = await handle.execute_update(CardPayment.review, Review(approved=True, by="ann"))
    end = await handle.result()

    assert answer.payment is not None
    assert end is PaymentStatus.CAPTURED
    assert cards.events == ["review", "captured"]


async def test_a_payment_on_hold_fails_after_a_persons_no(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.HOLD
    handle, _ = await cards.charge()

    answer = await handle.execute_update(CardPayment.review, Review(approved=False, by="ann"))

    assert answer.payment is not None
    assert answer.payment.code is Code.REVIEW_DECLINED
    assert await handle.result() is PaymentStatus.FAILED
    assert cards.north.calls == []


async def test_what_was_switched_off_during_a_review_is_not_used_after_it(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.HOLD
    handle, _ = await cards.charge()

    cards.route.off.add("NORTH")
    await handle.execute_update(CardPayment.review, Review(approved=True, by="ann"))
    await handle.result()

    assert cards.north.calls == []
    assert len(cards.south.effects) == 1


async def test_a_review_that_nobody_does_expires(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.HOLD
    handle, _ = await cards.charge()

    await cards.skip(handle, timedelta(hours=24, seconds=1))

    assert await handle.result() is PaymentStatus.EXPIRED
    assert cards.events == ["review", "expired"]


async def test_a_payment_on_hold_can_be_canceled_and_reviewed_only_once(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.HOLD
    handle, _ = await cards.charge()

    answer = await cards.cancel(handle)

    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CANCELED
    assert await handle.result() is PaymentStatus.CANCELED
    with pytest.raises(RPCError) as over:
        await handle.execute_update(CardPayment.review, Review(approved=True, by="ann"))
    assert over.value.status is RPCStatusCode.NOT_FOUND
