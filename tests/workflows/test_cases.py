"""Money that came for a code and pays for nothing: found, kept safe, and sent where it belongs."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from payments.domain.case import CaseAnswer, CasePolicy, CaseReason, CaseStatus
from payments.domain.charge import Operation
from payments.domain.payment import PaymentOrder, PaymentStatus
from tests.card_factories import TERMS, make_attempt
from tests.provider_script import REFUND_REFUSED, How
from tests.workflows.card_desk import CardDesk, PayHandle, first, make_code_order

S, C, P = PaymentStatus, CaseStatus, CasePolicy
PAST_EXPIRY = timedelta(minutes=15, seconds=1)


def ordered(policy: CasePolicy | None = P.REFUND, **changes: Any) -> PaymentOrder:
    policies = {} if policy is None else {reason.value: policy.value for reason in CaseReason}
    return make_code_order(terms=replace(TERMS, case_policies=policies), **changes)


async def paid(cards: CardDesk, order: PaymentOrder) -> PayHandle:
    handle, reference = await cards.shown(order)
    cards.north.pay(reference)
    await cards.told(handle)
    await handle.result()
    return handle


async def expired(cards: CardDesk, order: PaymentOrder) -> PayHandle:
    handle, _ = await cards.shown(order)
    await cards.skip(handle, PAST_EXPIRY)
    assert await handle.result() is S.EXPIRED
    return handle


def reasons(cards: CardDesk) -> list[CaseReason]:
    return [case.reason for case in cards.cases.rows.values()]


def kept_over_there(cards: CardDesk) -> int:
    """What came at the provider, less what went back."""
    sums = {"take": 1, "receive": 1, "refund": -1}
    moved = [effect.split() for effect in cards.north.effects]
    return sum(sums[verb] * int(rest[-1]) for verb, *rest in moved if verb in sums)


# What is a case


async def test_what_comes_twice_goes_back(cards: CardDesk) -> None:
    order = ordered()
    await paid(cards, order)

    again = cards.north.pay(first(order))
    assert await cards.told_of(make_attempt(order), again.id)

    assert await cards.case_ended(again.id) is C.REFUNDED
    assert reasons(cards) == [CaseReason.DOUBLE]
    assert cards.status(order) is S.CAPTURED
    assert cards.balance().get("suspense", 0) == 0
    assert cards.balance()["provider_receivable"] == kept_over_there(cards) == 10_000
    assert [kind for kind, _ in cards.cases.events] == ["case.opened", "case.closed"]


async def test_what_comes_late_goes_back_and_the_payment_stays_expired(cards: CardDesk) -> None:
    order = ordered()
    await expired(cards, order)

    late = cards.north.pay(first(order))
    assert await cards.told_of(make_attempt(order), late.id)

    assert await cards.case_ended(late.id) is C.REFUNDED
    assert reasons(cards) == [CaseReason.LATE]
    assert cards.status(order) is S.EXPIRED
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


async def test_another_amount_is_a_case_at_once_and_the_right_one_still_pays(
    cards: CardDesk,
) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)

    wrong = cards.north.pay(reference, 9_999)
    assert await cards.told_of(make_attempt(order), wrong.id)
    assert await cards.case_ended(wrong.id) is C.REFUNDED
    assert cards.status(order) is S.REQUIRES_ACTION
    cards.north.pay(reference)

    assert (await cards.told(handle)).status is S.CAPTURED
    assert await handle.result() is S.CAPTURED
    assert reasons(cards) == [CaseReason.AMOUNT]
    assert cards.balance()["provider_receivable"] == kept_over_there(cards) == 10_000


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


# What is none


async def test_what_pays_is_no_case_whoever_speaks_of_it(cards: CardDesk) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)
    paying = cards.north.pay(reference)

    early = await cards.told_of(make_attempt(order), paying.id)
    await cards.told(handle)
    await handle.result()
    late = await cards.told_of(make_attempt(order), paying.id)

    assert (early, late) == (False, False)
    assert cards.cases.rows == {}
    assert cards.kinds == ["captured"]


async def test_what_never_came_is_no_case(cards: CardDesk) -> None:
    order = ordered()
    await expired(cards, order)

    assert not await cards.told_of(make_attempt(order), "E9-of-nobody")

    assert (cards.cases.rows, cards.balance()) == ({}, {})


# Nobody told us


async def test_without_a_webhook_the_payment_finds_them_at_its_end(cards: CardDesk) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)
    came = [cards.north.pay(reference, minor) for minor in (5_000, 5_000)]

    await cards.skip(handle, PAST_EXPIRY)

    assert await handle.result() is S.EXPIRED
    for each in came:
        assert await cards.case_ended(each.id) is C.REFUNDED
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


async def test_what_came_beside_the_right_amount_is_found_with_it(cards: CardDesk) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)
    wrong = cards.north.pay(reference, 1)
    cards.north.pay(reference)
    double = cards.north.pay(reference)

    assert (await cards.told(handle)).status is S.CAPTURED

    assert [await cards.case_ended(each.id) for each in (wrong, double)] == [C.REFUNDED] * 2
    # They are two workflows, and each opens its own.
    assert set(reasons(cards)) == {CaseReason.AMOUNT, CaseReason.DOUBLE}
    assert cards.balance()["provider_receivable"] == kept_over_there(cards) == 10_000


async def test_who_pays_while_it_is_canceled_is_a_late_case(cards: CardDesk) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)
    came = cards.north.pay(reference)

    answer = await cards.cancel(handle)

    assert answer.payment is not None
    assert answer.payment.status is S.CANCELED
    assert await cards.case_ended(came.id) is C.REFUNDED
    assert reasons(cards) == [CaseReason.LATE]
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


async def test_money_for_a_code_that_was_never_shown_is_a_late_case(cards: CardDesk) -> None:
    order = ordered()
    cards.north.takes(How.WRONG_CODE)
    handle, payment = await cards.charge(order)
    assert payment.status is S.FAILED
    await handle.result()

    came = cards.north.pay(first(order))
    assert await cards.told_of(make_attempt(order), came.id)

    assert await cards.case_ended(came.id) is C.REFUNDED
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


# Again, at once, and by a person


async def test_a_hundred_webhooks_are_one_case_and_one_refund(cards: CardDesk) -> None:
    order = ordered()
    await expired(cards, order)
    late = cards.north.pay(first(order))

    found = await asyncio.gather(*(cards.told_of(make_attempt(order), late.id) for _ in range(20)))
    await cards.case_ended(late.id)
    again = await cards.told_of(make_attempt(order), late.id)

    assert all(found)
    assert again
    assert len(cards.cases.rows) == 1
    assert [effect.split()[0] for effect in cards.north.effects].count("refund") == 1


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


# The provider's ways


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
