"""Money that pays for nothing is kept safe until it went back, or is the partner's."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError

from payments.domain.case import CaseAnswer
from payments.domain.charge import Operation
from tests.card_factories import make_attempt
from tests.provider_script import REFUND_REFUSED, How
from tests.workflows.card_desk import CardDesk, first
from tests.workflows.code_cases import (
    C,
    P,
    S,
    expired,
    kept_over_there,
    ordered,
    paid,
)


async def test_accepted_money_is_the_partners_less_the_fee(cards: CardDesk) -> None:
    order = ordered(P.ACCEPT)
    await expired(cards, order)

    late = cards.north.pay(first(order))
    await cards.told_of(make_attempt(order), late.id)

    assert await cards.case_ended(late.id) is C.ACCEPTED
    assert cards.balance() == {
        "provider_receivable": 10_000,
        "partner_payable": -9_830,
        "fee_income": -170,
    }
    assert cards.status(order) is S.EXPIRED
    assert not [effect for effect in cards.north.effects if effect.startswith("refund")]


async def test_a_double_payment_that_is_accepted_costs_no_second_flat_fee(cards: CardDesk) -> None:
    order = ordered(P.ACCEPT)
    await paid(cards, order)

    again = cards.north.pay(first(order))
    await cards.told_of(make_attempt(order), again.id)

    assert await cards.case_ended(again.id) is C.ACCEPTED
    [case] = cards.cases.rows.values()
    assert (case.fee_minor, case.resolved_by) == (140, "policy")


async def test_without_a_policy_it_waits_for_an_operator_however_long(cards: CardDesk) -> None:
    order = ordered(None)
    await expired(cards, order)
    late = cards.north.pay(first(order))
    await cards.told_of(make_attempt(order), late.id)
    await cards.skip(cards.case_of(late.id), timedelta(days=30))
    assert cards.balance() == {"provider_receivable": 10_000, "suspense": -10_000}

    answer = await cards.resolve(late.id, P.ACCEPT)

    assert answer.case is not None
    assert (answer.case.status, answer.case.resolved_by) == (C.ACCEPTED, "ann")
    assert await cards.case_ended(late.id) is C.ACCEPTED


async def test_two_operators_are_one_resolution(cards: CardDesk) -> None:
    order = ordered(None)
    await expired(cards, order)
    late = cards.north.pay(first(order))
    await cards.told_of(make_attempt(order), late.id)

    said = await asyncio.gather(
        *(cards.resolve(late.id, policy) for policy in (P.REFUND, P.ACCEPT)),
        return_exceptions=True,
    )

    # The other one is refused, or finds the case closed.
    assert sum(isinstance(each, CaseAnswer) for each in said) == 1
    assert await cards.case_ended(late.id) in (C.REFUNDED, C.ACCEPTED)
    assert cards.balance().get("provider_receivable", 0) == kept_over_there(cards)


async def test_operator_is_no_word_of_an_operators(cards: CardDesk) -> None:
    order = ordered(None)
    await expired(cards, order)
    late = cards.north.pay(first(order))
    await cards.told_of(make_attempt(order), late.id)

    with pytest.raises(WorkflowUpdateFailedError):
        await cards.resolve(late.id, P.OPERATOR)

    await cards.resolve(late.id, P.REFUND)
    assert await cards.case_ended(late.id) is C.REFUNDED


async def test_a_refund_that_the_provider_declines_waits_for_an_operator(cards: CardDesk) -> None:
    order = ordered()
    await expired(cards, order)
    late = cards.north.pay(first(order))
    cards.north.takes(REFUND_REFUSED, operation=Operation.REFUND)
    await cards.told_of(make_attempt(order), late.id)
    await cards.until_details(cards.case_of(late.id), "did not take it back")

    answer = await cards.resolve(late.id, P.REFUND)

    assert answer.case is not None
    assert answer.case.status is C.REFUNDED
    assert await cards.case_ended(late.id) is C.REFUNDED
    refunds = [call for call in cards.north.calls if call.startswith("refund ")]
    assert [call.split()[1][-2:] for call in refunds] == ["-1", "-2"]
    assert all(call.endswith(f"of {late.id}") for call in refunds)
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


@pytest.mark.parametrize("how", [How.LOSE_ANSWER, How.LOSE_REQUEST, How.PENDING])
async def test_an_unknown_refund_is_asked_after_and_never_sent_twice(
    cards: CardDesk, how: How
) -> None:
    order = ordered()
    await expired(cards, order)
    late = cards.north.pay(first(order))
    cards.north.takes(how, operation=Operation.REFUND)

    await cards.told_of(make_attempt(order), late.id)
    if how is How.PENDING:
        case = next(iter(cards.cases.rows.values()))
        await cards.until_tried(cards.case_of(late.id), "providers.ask", attempts=2)
        cards.north.decide_refund(first(order), f"{case.case_id}-1", order.amount)

    assert await cards.case_ended(late.id) is C.REFUNDED
    assert [effect.split()[0] for effect in cards.north.effects].count("refund") == 1
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


async def test_temporals_cancel_button_stops_no_case(cards: CardDesk) -> None:
    order = ordered(None)
    await expired(cards, order)
    late = cards.north.pay(first(order))
    await cards.told_of(make_attempt(order), late.id)

    await cards.case_of(late.id).cancel()
    await cards.until_cancel_arrived(cards.case_of(late.id))

    await cards.resolve(late.id, P.REFUND)
    assert await cards.case_ended(late.id) is C.REFUNDED


async def test_a_case_that_is_run_again_asks_before_it_refunds(cards: CardDesk) -> None:
    """A provider that ignores keys would give the money back twice."""
    order = ordered()
    await expired(cards, order)
    late = cards.north.pay(first(order))
    cards.north.forgets_keys = True
    cards.cases.unavailable_to_close = True
    await cards.told_of(make_attempt(order), late.id)
    case = cards.case_of(late.id)
    await cards.until_tried(case, "cases.close", attempts=1)
    await case.terminate("the drill of the runbook")
    cards.cases.unavailable_to_close = False

    assert await cards.told_of(make_attempt(order), late.id)

    assert await cards.case_ended(late.id) is C.REFUNDED
    assert [effect.split()[0] for effect in cards.north.effects].count("refund") == 1
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)
