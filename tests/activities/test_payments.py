"""Steps of card payments in our own house: what they decide, and how an outage is told."""

from dataclasses import replace

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.payments import PaymentActivities
from activities.refunds import RefundActivities
from payments.domain.card_steps import LateMoney, Onward, RefundEnd
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import (
    Attempt,
    PaymentOrder,
    PaymentStatus,
    Verdict,
    nothing_sent,
)
from payments.domain.refund import RefundStatus
from tests.card_factories import make_attempt, make_card, make_fact, make_order, make_refund
from tests.card_fakes import FakePayments
from tests.provider_script import SOFT
from tests.refund_fakes import FakeRefunds
from tests.route_fakes import FixedRisk, FixedRoute

DECLINED = Answer(OutcomeKind.DECLINED, decline=SOFT)


@pytest.fixture
def record() -> FakePayments:
    return FakePayments()


@pytest.fixture
def risk() -> FixedRisk:
    return FixedRisk()


@pytest.fixture
def route() -> FixedRoute:
    return FixedRoute()


@pytest.fixture
def steps(record: FakePayments, risk: FixedRisk, route: FixedRoute) -> PaymentActivities:
    return PaymentActivities(record, risk, route)


async def begun(steps: PaymentActivities, order: PaymentOrder | None = None) -> Attempt:
    order = order or make_order()
    await ActivityEnvironment().run(steps.begin, order)
    return make_attempt(order)


async def captured(steps: PaymentActivities, record: FakePayments) -> Attempt:
    attempt = await begun(steps)
    order = attempt.order
    fact = make_fact(attempt, PaymentStatus.CAPTURED, captured=order.amount)
    await ActivityEnvironment().run(steps.move, fact)
    return attempt


async def test_a_payment_begins_with_its_verdict_and_its_route(
    steps: PaymentActivities, record: FakePayments
) -> None:
    order = make_order()

    answer = await ActivityEnvironment().run(steps.begin, order)
    again = await ActivityEnvironment().run(steps.begin, order)

    assert answer.decision is not None
    assert answer.decision.providers == ("NORTH", "SOUTH")
    assert (answer.refused, answer.forbidden) == (None, None)
    assert again.refused is None
    assert len(record.rows) == 1


@pytest.mark.parametrize(
    ("verdict", "off", "code"),
    [
        (Verdict.BLOCK, set(), Code.RISK_DECLINE),
        (Verdict.PASS, {"NORTH", "SOUTH"}, Code.NO_ROUTE),
        (Verdict.HOLD, {"NORTH"}, None),
    ],
)
async def test_what_may_not_be_sent_says_why(
    steps: PaymentActivities,
    risk: FixedRisk,
    route: FixedRoute,
    verdict: Verdict,
    off: set[str],
    code: Code | None,
) -> None:
    risk.verdict, route.off = verdict, off

    answer = await ActivityEnvironment().run(steps.begin, make_order())

    assert answer.forbidden is code


async def test_a_used_method_is_refused(steps: PaymentActivities) -> None:
    card = make_card()
    await begun(steps, make_order(card=card))

    answer = await ActivityEnvironment().run(steps.begin, make_order(card=card))

    assert answer.refused is Code.METHOD_USED


async def test_a_declined_attempt_goes_on_to_the_next_that_is_still_allowed(
    steps: PaymentActivities, record: FakePayments, route: FixedRoute
) -> None:
    route.providers = ("NORTH", "SOUTH", "WEST")
    attempt = await begun(steps)
    route.off.add("SOUTH")

    onward = Onward(attempt, ("SOUTH", "WEST"), challenge=True, answer=DECLINED)
    following = await ActivityEnvironment().run(steps.onward, onward)

    assert following == Attempt(attempt.order, 2, "WEST", challenge=True)
    assert list(record.sent) == [attempt.reference, following.reference]


async def test_without_an_allowed_provider_it_does_not_go_on_and_the_try_is_written_down(
    steps: PaymentActivities, record: FakePayments, route: FixedRoute
) -> None:
    attempt = await begun(steps)
    route.off.add("SOUTH")

    onward = Onward(attempt, ("SOUTH",), challenge=False, answer=DECLINED)
    following = await ActivityEnvironment().run(steps.onward, onward)

    assert following is None
    tried = record.sent[attempt.reference].tried
    assert tried is not None
    assert tried.outcome is OutcomeKind.DECLINED


async def test_after_a_review_the_first_attempt_is_made(steps: PaymentActivities) -> None:
    order = make_order()
    await ActivityEnvironment().run(steps.begin, order)

    onward = Onward(nothing_sent(order), ("NORTH", "SOUTH"), challenge=False)
    following = await ActivityEnvironment().run(steps.onward, onward)

    assert following == Attempt(order, 1, "NORTH")


async def test_only_what_no_payment_wants_is_unwanted(
    steps: PaymentActivities, record: FakePayments
) -> None:
    good, failed, open_one = await captured(steps, record), await begun(steps), await begun(steps)
    fact = make_fact(failed, PaymentStatus.FAILED, decline=SOFT, code=SOFT.code)
    await ActivityEnvironment().run(steps.move, fact)

    run = ActivityEnvironment().run
    assert not await run(steps.unwanted, good)
    assert await run(steps.unwanted, failed)
    assert not await run(steps.unwanted, open_one)
    assert not await run(steps.unwanted, make_attempt(make_order()))


async def test_late_money_is_written_there_and_back(
    steps: PaymentActivities, record: FakePayments
) -> None:
    attempt = await begun(steps)
    money = LateMoney(attempt, attempt.order.amount, captured=True)

    await ActivityEnvironment().run(steps.late, money)
    await ActivityEnvironment().run(steps.reversed, money)

    assert [key.split(":")[0] for key in record.postings] == ["late", "reversed"]


async def test_a_move_that_the_record_refuses_is_left_to_a_person(
    steps: PaymentActivities, record: FakePayments
) -> None:
    attempt = await captured(steps, record)
    fact = make_fact(attempt, PaymentStatus.FAILED, key="another")

    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(steps.move, fact)

    assert (caught.value.type, caught.value.non_retryable) == ("MoveRefused", True)


@pytest.mark.parametrize("step", ["begin", "onward", "move", "suspend", "late", "reversed"])
async def test_an_outage_fails_a_step_so_that_it_is_tried_again(
    steps: PaymentActivities, record: FakePayments, step: str
) -> None:
    attempt = await begun(steps)
    record.unavailable = True
    money = LateMoney(attempt, attempt.order.amount, captured=True)
    arguments = {
        "begin": attempt.order,
        "onward": Onward(attempt, ("SOUTH",), challenge=False, answer=DECLINED),
        "move": make_fact(attempt, PaymentStatus.FAILED),
        "late": money,
        "reversed": money,
    }

    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(getattr(steps, step), arguments.get(step, attempt))

    assert (caught.value.type, caught.value.non_retryable) == ("RecordUnavailable", False)


async def test_a_refund_is_set_aside_with_the_attempt_that_took_the_money(
    steps: PaymentActivities, record: FakePayments
) -> None:
    attempt = await captured(steps, record)
    refunds = RefundActivities(FakeRefunds(record), record)
    order = make_refund(attempt.order, 4_000)

    reserved = await ActivityEnvironment().run(refunds.reserve, order)
    again = await ActivityEnvironment().run(refunds.reserve, order)
    too_much = await ActivityEnvironment().run(refunds.reserve, make_refund(attempt.order, 6_001))

    assert again == replace(reserved, was_reserved=True)
    assert reserved.attempt == attempt
    assert too_much.refused is Code.REFUND_TOO_LARGE


async def test_a_refund_of_unknown_outcome_waits_in_suspense_and_is_settled_from_it(
    steps: PaymentActivities, record: FakePayments
) -> None:
    attempt = await captured(steps, record)
    refunds = RefundActivities(FakeRefunds(record), record)
    order = make_refund(attempt.order, 4_000)
    await ActivityEnvironment().run(refunds.reserve, order)

    await ActivityEnvironment().run(refunds.suspend, order)
    end = RefundEnd(order, RefundStatus.SUCCEEDED, Answer(OutcomeKind.ACCEPTED, reference="r"))
    settled = await ActivityEnvironment().run(refunds.settle, end)

    assert settled.status is RefundStatus.SUCCEEDED
    kinds = [key.split(":")[0] for key in record.postings]
    assert kinds == ["captured", "refund_suspended", "refunded"]


@pytest.mark.parametrize("step", ["reserve", "suspend", "settle"])
async def test_an_outage_fails_a_refunds_step_so_that_it_is_tried_again(
    record: FakePayments, step: str
) -> None:
    fake = FakeRefunds(record, unavailable=True)
    refunds, order = RefundActivities(fake, record), make_refund(make_order(), 1)
    end = RefundEnd(order, RefundStatus.FAILED, DECLINED)

    argument = end if step == "settle" else order

    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(getattr(refunds, step), argument)

    assert (caught.value.type, caught.value.non_retryable) == ("RecordUnavailable", False)
