"""A payment at the customer's bank: returned from, told by webhook, refused, wrong, held back."""

import asyncio
from typing import Any, cast

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from payments.adapters.routing.router import CelRouter
from payments.domain.card import Decline
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payment import CaptureOrder, PaymentStatus, Review, Verdict
from payments.domain.refund import RefundStatus
from payments.temporal import PAY_STATE, PROVIDER
from tests.provider_script import SOFT, How
from tests.unit.test_routing import KINDS, NORTH, Tables, rules, switch
from tests.workflows.card_desk import TRACE, CardDesk, first, make_bank_order, make_refund
from tests.workflows.engine import refusal_of
from workflows.card_payment import CardPayment

REFUSED = Decline(Code.CUSTOMER_CANCELED, "CUSTOMER_CANCELED")
EARNED = {"provider_receivable": 10_000, "partner_payable": -9_830, "fee_income": -170}


async def test_the_customer_is_sent_to_the_bank_until_the_banks_own_time(cards: CardDesk) -> None:
    cards.north.takes(How.CHALLENGE)
    order = make_bank_order()

    handle, payment = await cards.charge(order)

    asked = payment.next_action
    assert payment.status is PaymentStatus.REQUIRES_ACTION
    assert asked is not None
    assert (asked.type, asked.url) == ("redirect", f"https://acs.test/{first(order)}")
    assert asked.expires_at == cards.north.books[first(order)].expires_at
    assert (payment.bank, payment.card_brand) == (order.bank, None)
    assert cards.events == ["requires_action"]
    # One workflow, where an operator finds everything.
    assert (await handle.describe()).raw_description.pending_children == []


async def test_a_customer_who_said_yes_and_came_back_has_paid(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()

    cards.north.approve(reference)
    payment = await cards.confirm(handle)

    assert (payment.status, payment.captured_minor) == (PaymentStatus.CAPTURED, 10_000)
    assert payment.fee_minor == 170
    assert await handle.result() is PaymentStatus.CAPTURED
    assert cards.north.effects == [f"take {reference} 10000"]
    assert (cards.kinds, cards.events) == (["captured"], ["requires_action", "captured"])
    assert cards.balance() == EARNED


async def test_a_webhook_decides_it_when_nobody_comes_back(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()

    cards.north.approve(reference)
    payment = await cards.told(handle)

    assert payment.status is PaymentStatus.CAPTURED
    assert await handle.result() is PaymentStatus.CAPTURED
    assert cards.balance() == EARNED


async def test_operators_see_where_it_is_and_how_it_is_paid(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()
    cards.north.approve(reference)
    await cards.confirm(handle)
    await handle.result()

    described = await handle.describe()
    found = described.typed_search_attributes

    assert described.workflow_type == "BankPayment"
    assert (found[PAY_STATE], found[PROVIDER]) == ("captured", "NORTH")
    assert await described.static_summary() == "100.00 USD from SUNNY, GB for partner_1"


async def test_a_customer_who_says_no_ends_it_and_nobody_else_is_asked(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()

    cards.north.decline(reference, REFUSED)
    payment = await cards.confirm(handle)

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.CUSTOMER_CANCELED)
    assert payment.raw_code == "CUSTOMER_CANCELED"
    assert cards.south.calls == []
    assert (cards.balance(), cards.events) == ({}, ["requires_action", "failed"])


async def test_what_a_bank_refuses_before_anybody_has_acted_goes_on_to_the_next_provider(
    cards: CardDesk,
) -> None:
    cards.north.takes(Decline(Code.BANK_UNAVAILABLE, "BANK_UNAVAILABLE"))
    cards.south.takes(How.CHALLENGE)
    order = make_bank_order()

    handle, payment = await cards.charge(order)
    cards.south.approve(f"{order.payment_id}-2")
    paid = await cards.confirm(handle)

    assert (payment.status, payment.provider) == (PaymentStatus.REQUIRES_ACTION, "SOUTH")
    assert paid.status is PaymentStatus.CAPTURED


async def test_a_customer_who_has_acted_is_sent_to_no_second_bank(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()

    cards.north.decline(reference, SOFT)
    payment = await cards.confirm(handle)

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.INSUFFICIENT_FUNDS)
    assert cards.south.calls == []


@pytest.mark.parametrize("how", [How.UNREACHABLE, How.TOO_BUSY])
async def test_what_surely_was_not_sent_goes_on_to_the_next_provider(
    cards: CardDesk, how: How
) -> None:
    cards.north.takes(how, how, how)
    cards.south.takes(How.CHALLENGE)
    order = make_bank_order()

    _, payment = await cards.charge(order)

    assert (payment.status, payment.provider) == (PaymentStatus.REQUIRES_ACTION, "SOUTH")
    assert cards.north.books == {}
    assert list(cards.south.books) == [f"{order.payment_id}-2"]


# What was not ordered


@pytest.mark.parametrize("minor", [9_999, 20_000])
async def test_another_amount_than_was_ordered_goes_back(cards: CardDesk, minor: int) -> None:
    handle, reference = await cards.at_the_bank()

    cards.north.approve(reference, minor=minor)
    payment = await cards.confirm(handle)
    sent_back = await cards.reversal_of(reference)

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.CHALLENGE_CHANGED)
    assert sent_back
    assert cards.north.effects == [
        f"take {reference} {minor}",
        f"refund {reference}-back {minor}",
    ]
    assert cards.balance() == {}
    assert cards.events == ["requires_action", "failed", "late_success", "reversed"]


async def test_what_a_provider_only_reserves_is_not_taken_and_goes_back(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()
    cards.north.books[reference].sale = False

    cards.north.approve(reference)
    payment = await cards.confirm(handle)
    await cards.reversal_of(reference)

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.CHALLENGE_CHANGED)
    assert cards.north.effects == [f"reserve {reference} 10000", f"void {reference}"]
    assert cards.balance() == {}


# What holds it back


async def test_risk_holds_it_until_a_person_has_said_yes(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.HOLD
    cards.north.takes(How.CHALLENGE)
    order = make_bank_order()
    handle, held = await cards.charge(order)
    assert cards.north.calls == []

    await handle.execute_update(CardPayment.review, Review(approved=True, by="ann"))
    # The word itself is answered before the provider is asked.
    asked = await cards.until_status(order, PaymentStatus.REQUIRES_ACTION)
    cards.north.approve(first(order))
    paid = await cards.confirm(handle)

    assert held.status is PaymentStatus.REVIEW
    assert asked.next_action is not None
    assert paid.status is PaymentStatus.CAPTURED
    assert cards.events == ["review", "requires_action", "captured"]


async def test_a_persons_no_ends_it_before_anybody_is_sent_anywhere(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.HOLD
    handle, _ = await cards.charge(make_bank_order())

    answer = await handle.execute_update(CardPayment.review, Review(approved=False, by="ann"))

    assert answer.payment is not None
    assert answer.payment.code is Code.REVIEW_DECLINED
    assert await handle.result() is PaymentStatus.FAILED
    assert cards.north.calls == []


async def test_risk_blocks_it_and_nothing_is_sent(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.BLOCK

    _, payment = await cards.charge(make_bank_order())

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.RISK_DECLINE)
    assert cards.north.calls == cards.south.calls == []


async def test_a_kill_switch_for_banks_stops_them_and_no_card(
    environment: WorkflowEnvironment,
) -> None:
    tables = Tables(rules(fallback=[NORTH]))
    router = CelRouter(tables, lambda: KINDS)
    cards = CardDesk(environment, route=cast("Any", router))
    cards.risk.verdict = Verdict.HOLD
    async with cards.worker():
        held, _ = await cards.charge(make_bank_order())
        tables.flips.append(switch(method="bank_redirect"))
        await held.execute_update(CardPayment.review, Review(approved=True, by="ann"))
        cards.risk.verdict = Verdict.PASS
        _, stopped = await cards.charge(make_bank_order())
        _, by_card = await cards.charge()

        assert await held.result() is PaymentStatus.FAILED
        assert (await held.query(CardPayment.payment)).code is Code.NO_ROUTE
    assert (stopped.status, stopped.code) == (PaymentStatus.FAILED, Code.NO_ROUTE)
    assert by_card.status is PaymentStatus.CAPTURED
    assert len(cards.north.books) == 1


# What it has not, and what comes after it


async def test_a_bank_payment_has_nothing_to_capture(cards: CardDesk) -> None:
    order = make_bank_order()
    handle, _ = await cards.at_the_bank(order)
    capture = CaptureOrder("cap_1", TRACE, Money(10, "USD"))

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update(CardPayment.capture, capture)

    assert "capture" in str(refused.value.cause)
    assert cards.status(order) is PaymentStatus.REQUIRES_ACTION
    assert not [call for call in cards.north.calls if call.startswith("capture")]


async def test_a_return_before_anybody_was_sent_anywhere_is_refused(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.HOLD
    handle, _ = await cards.charge(make_bank_order())

    refused = await refusal_of(handle.execute_update(CardPayment.confirm, TRACE))

    assert refused is Code.PAYMENT_STATE


async def test_what_was_paid_at_a_bank_is_refunded_like_everything_else(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()
    cards.north.approve(reference)
    payment = await cards.confirm(handle)

    _, answer = await cards.refund(make_refund(payment, 4_000))

    assert answer.refund is not None
    assert answer.refund.status is RefundStatus.SUCCEEDED
    assert cards.north.effects[1:] == [f"refund {answer.refund.refund_id} 4000"]
    assert cards.balance() == {
        "provider_receivable": 6_000,
        "partner_payable": -5_830,
        "fee_income": -170,
    }


async def test_two_payments_at_one_bank_are_two_payments(cards: CardDesk) -> None:
    handles = await asyncio.gather(*(cards.at_the_bank() for _ in range(2)))

    for _, reference in handles:
        cards.north.approve(reference)
    payments = await asyncio.gather(*(cards.confirm(handle) for handle, _ in handles))

    assert [payment.status for payment in payments] == [PaymentStatus.CAPTURED] * 2
    assert len(cards.north.effects) == 2
