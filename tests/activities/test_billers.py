"""Steps at the biller: the key they use, and how each way of failing is told to Temporal."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.billers import BillerActivities
from payments.domain.bill import BillPayment, Refused
from payments.domain.codes import Code
from payments.domain.lock import HoldAnswer, Inquiry
from payments.domain.outcome import Outcome, OutcomeKind
from tests.contracts.factories import make_bill, make_lock, make_payment
from tests.fakes.billers import CAPABILITIES, FakeBiller, FakeBillers, Paying

SENT_BY = datetime(2026, 4, 30, 8, 22, tzinfo=UTC)


@pytest.fixture
def biller() -> FakeBiller:
    return FakeBiller()


@pytest.fixture
def steps(biller: FakeBiller) -> BillerActivities:
    return BillerActivities(FakeBillers({"DESCO": biller}))


async def failure_of(step: object, argument: object) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(step, argument)  # type: ignore[arg-type]  # any step
    return caught.value


async def test_a_hold_is_made_under_the_lock_id_and_answers_the_amount(
    steps: BillerActivities, biller: FakeBiller
) -> None:
    lock = make_lock()

    answer = await ActivityEnvironment().run(steps.hold, lock)

    assert answer == HoldAnswer(amount=biller.amount)
    assert biller.calls == [f"hold {lock.lock_id}"]


async def test_a_refused_hold_is_a_value(steps: BillerActivities, biller: FakeBiller) -> None:
    lock = make_lock()
    biller.missing.add(lock.bill)

    answer = await ActivityEnvironment().run(steps.hold, lock)

    assert answer == HoldAnswer(refused=Refused(Code.BILL_NOT_FOUND))


async def test_a_silent_biller_fails_a_hold_and_a_release_so_that_they_are_tried_again(
    steps: BillerActivities, biller: FakeBiller
) -> None:
    biller.unreachable = True

    held = await failure_of(steps.hold, make_lock())
    released = await failure_of(steps.release, make_lock())

    assert (held.type, held.non_retryable) == ("BillerUnavailable", False)
    assert (released.type, released.non_retryable) == ("BillerUnavailable", False)


async def test_a_biller_we_do_not_know_has_nothing_to_release(steps: BillerActivities) -> None:
    await ActivityEnvironment().run(steps.release, make_lock(bill=make_bill(biller_id="NOBODY")))


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        (Paying.ORDINARY, OutcomeKind.ACCEPTED),
        (Paying.DECLINE, OutcomeKind.DECLINED),
        (Paying.LOSE_ANSWER, OutcomeKind.UNKNOWN),
        (Paying.PENDING, OutcomeKind.PENDING),
    ],
)
async def test_what_became_of_a_payment_is_a_value(
    steps: BillerActivities, biller: FakeBiller, how: Paying, kind: OutcomeKind
) -> None:
    biller.script.append(how)

    assert (await ActivityEnvironment().run(steps.pay, make_payment())).kind is kind


async def test_a_payment_that_was_not_sent_fails_so_that_it_is_sent_again(
    steps: BillerActivities, biller: FakeBiller
) -> None:
    biller.unreachable = True

    failure = await failure_of(steps.pay, make_payment())

    assert (failure.type, failure.non_retryable) == ("NotSent", False)
    assert failure.next_retry_delay is None


async def test_a_biller_that_asks_for_a_pause_gets_it(
    steps: BillerActivities, biller: FakeBiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_busy(_: BillPayment) -> Outcome:
        return Outcome(OutcomeKind.NOT_SENT, retry_after_s=7)

    monkeypatch.setattr(biller, "pay", too_busy)

    failure = await failure_of(steps.pay, make_payment())

    assert failure.next_retry_delay == timedelta(seconds=7)


async def test_a_payment_that_breaks_is_never_tried_again(
    steps: BillerActivities, biller: FakeBiller
) -> None:
    biller.script.append(Paying.BREAK)

    failure = await failure_of(steps.pay, make_payment())

    assert (failure.type, failure.non_retryable) == ("OutcomeUnknown", True)


async def test_a_payment_cut_off_by_a_shutdown_is_never_tried_again(
    steps: BillerActivities, biller: FakeBiller
) -> None:
    biller.gate = asyncio.Event()
    environment = ActivityEnvironment()
    paying = asyncio.create_task(environment.run(steps.pay, make_payment()))
    while not biller.effects:  # noqa: ASYNC110 (the effect is all there is to wait on)
        await asyncio.sleep(0)

    environment.cancel()

    with pytest.raises(ApplicationError) as caught:
        await paying
    assert (caught.value.type, caught.value.non_retryable) == ("OutcomeUnknown", True)


@pytest.mark.parametrize(
    ("silent", "clock", "detail"),
    [(True, SENT_BY, "no answer"), (False, SENT_BY, "too early to tell")],
)
async def test_asking_fails_until_the_biller_knows(
    steps: BillerActivities, biller: FakeBiller, silent: bool, clock: datetime, detail: str
) -> None:
    biller.silent, biller.clock = silent, lambda: clock

    failure = await failure_of(steps.confirm, Inquiry(make_payment(), SENT_BY))

    assert (failure.type, failure.non_retryable) == ("NotKnown", False)
    assert detail in failure.message


async def test_a_payment_the_biller_surely_never_had_is_known(
    steps: BillerActivities, biller: FakeBiller
) -> None:
    biller.clock = lambda: SENT_BY + CAPABILITIES.settles_within

    outcome = await ActivityEnvironment().run(steps.confirm, Inquiry(make_payment(), SENT_BY))

    assert outcome.kind is OutcomeKind.NOT_SENT


@pytest.mark.parametrize("step", ["pay", "confirm"])
async def test_a_biller_that_was_unplugged_in_mid_payment_is_waited_for(
    steps: BillerActivities, step: str
) -> None:
    payment = replace(make_payment(), bill=make_bill(biller_id="NOBODY"))
    argument = payment if step == "pay" else Inquiry(payment, SENT_BY)

    failure = await failure_of(getattr(steps, step), argument)

    assert (failure.type, failure.non_retryable) == ("BillerUnavailable", False)
