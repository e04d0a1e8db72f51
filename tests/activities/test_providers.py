"""Steps at a card provider: the keys they use, and how each way of failing is told to Temporal."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.providers import ProviderActivities
from payments.domain.card_steps import Capture, GiveBack
from payments.domain.charge import Operation, Question, Reservation
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from tests.card_factories import make_attempt, make_order
from tests.fake_provider import FakeProvider, FakeProviders
from tests.provider_script import CAPABILITIES, HARD, How

SENT_BY = datetime(2026, 4, 30, 8, 22, tzinfo=UTC)


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def steps(provider: FakeProvider) -> ProviderActivities:
    return ProviderActivities(FakeProviders({"NORTH": provider}))


@pytest.fixture
def attempt() -> Attempt:
    return make_attempt(make_order(capture=False))


async def failure_of(step: object, argument: object) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(step, argument)  # type: ignore[arg-type]  # any step
    return caught.value


def asked(attempt: Attempt) -> Question:
    return Question(attempt, Operation.AUTHORIZE, SENT_BY)


async def test_every_call_has_its_own_key(
    steps: ProviderActivities, provider: FakeProvider, attempt: Attempt
) -> None:
    run = ActivityEnvironment().run
    await run(steps.authorize, attempt)
    await run(steps.capture, Capture(attempt, "cap_1", Money(4_000, "USD"), final=True))
    await run(steps.refund, GiveBack(attempt, "re_1", Money(1_000, "USD")))

    assert provider.effects == [
        f"reserve {attempt.reference} 10000",
        "capture cap_1 4000",
        "refund re_1 1000",
    ]


async def test_what_is_reserved_comes_with_what_can_be_done_with_it(
    steps: ProviderActivities, attempt: Attempt
) -> None:
    sent = await ActivityEnvironment().run(steps.authorize, attempt)
    looked = await ActivityEnvironment().run(steps.look, asked(attempt))

    expected = Reservation(CAPABILITIES.authorization_lasts, CAPABILITIES.multiple_captures)
    assert sent.reservation == looked.reservation == expected


async def test_what_is_taken_at_once_is_not_reserved(steps: ProviderActivities) -> None:
    answer = await ActivityEnvironment().run(steps.authorize, make_attempt(make_order()))

    assert answer.captured
    assert answer.reservation is None


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        (How.ORDINARY, OutcomeKind.ACCEPTED),
        (HARD, OutcomeKind.DECLINED),
        (How.CHALLENGE, OutcomeKind.PENDING),
        (How.PENDING, OutcomeKind.PENDING),
        (How.LOSE_ANSWER, OutcomeKind.UNKNOWN),
    ],
    ids=str,
)
async def test_what_became_of_an_authorisation_is_a_value(
    steps: ProviderActivities,
    provider: FakeProvider,
    attempt: Attempt,
    how: How,
    kind: OutcomeKind,
) -> None:
    provider.takes(how)

    assert (await ActivityEnvironment().run(steps.authorize, attempt)).kind is kind


@pytest.mark.parametrize("step", ["authorize", "capture", "refund"])
async def test_what_was_not_sent_fails_so_that_it_is_sent_again(
    steps: ProviderActivities, provider: FakeProvider, attempt: Attempt, step: str
) -> None:
    provider.unreachable = True
    arguments = {
        "capture": Capture(attempt, "cap_1", Money(1, "USD"), final=False),
        "refund": GiveBack(attempt, "re_1", Money(1, "USD")),
    }

    failure = await failure_of(getattr(steps, step), arguments.get(step, attempt))

    assert (failure.type, failure.non_retryable) == ("NotSent", False)


async def test_a_provider_that_wants_a_long_pause_is_passed_over_while_a_customer_waits(
    steps: ProviderActivities, provider: FakeProvider, attempt: Attempt
) -> None:
    provider.takes(How.TOO_BUSY)
    provider.takes(How.TOO_BUSY, operation=Operation.CAPTURE)
    capture = Capture(attempt, "cap_1", Money(1, "USD"), final=False)

    authorizing = await failure_of(steps.authorize, attempt)
    capturing = await failure_of(steps.capture, capture)

    assert (authorizing.type, authorizing.non_retryable) == ("NotSent", True)
    # Nobody else can capture it, so the pause is kept.
    assert (capturing.type, capturing.non_retryable) == ("NotSent", False)
    assert capturing.next_retry_delay == timedelta(seconds=30)


async def test_an_authorisation_that_breaks_is_never_tried_again(
    steps: ProviderActivities, provider: FakeProvider, attempt: Attempt
) -> None:
    provider.takes(How.BREAK)

    failure = await failure_of(steps.authorize, attempt)

    assert (failure.type, failure.non_retryable) == ("OutcomeUnknown", True)


async def test_an_authorisation_cut_off_by_a_shutdown_is_never_tried_again(
    steps: ProviderActivities, provider: FakeProvider, attempt: Attempt
) -> None:
    provider.gate = asyncio.Event()
    environment = ActivityEnvironment()
    sending = asyncio.create_task(environment.run(steps.authorize, attempt))
    while not provider.effects:  # noqa: ASYNC110 (the effect is all there is to wait on)
        await asyncio.sleep(0)

    environment.cancel()

    with pytest.raises(ApplicationError) as caught:
        await sending
    assert (caught.value.type, caught.value.non_retryable) == ("OutcomeUnknown", True)


@pytest.mark.parametrize("how", [How.LOSE_ANSWER, How.LOSE_REQUEST, How.UNREACHABLE])
async def test_a_void_fails_until_it_is_done(
    steps: ProviderActivities, provider: FakeProvider, attempt: Attempt, how: How
) -> None:
    await ActivityEnvironment().run(steps.authorize, attempt)
    provider.takes(how, operation=Operation.VOID)

    failure = await failure_of(steps.void, attempt)
    again = await ActivityEnvironment().run(steps.void, attempt)

    assert (failure.type, failure.non_retryable) == ("NotKnown", False)
    assert again.kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize("how", [How.PENDING, How.LOSE_REQUEST])
async def test_asking_fails_until_the_provider_knows_and_looking_does_not(
    steps: ProviderActivities, provider: FakeProvider, attempt: Attempt, how: How
) -> None:
    provider.takes(how)
    provider.clock = lambda: SENT_BY
    await ActivityEnvironment().run(steps.authorize, attempt)

    failure = await failure_of(steps.ask, asked(attempt))
    looked = await ActivityEnvironment().run(steps.look, asked(attempt))

    assert (failure.type, failure.non_retryable) == ("NotKnown", False)
    assert not looked.is_known


async def test_an_open_challenge_is_known(
    steps: ProviderActivities, provider: FakeProvider, attempt: Attempt
) -> None:
    provider.takes(How.CHALLENGE)
    await ActivityEnvironment().run(steps.authorize, attempt)

    answer = await ActivityEnvironment().run(steps.ask, asked(attempt))

    assert answer.challenge is not None


async def test_a_provider_we_do_not_know_is_passed_over_before_and_waited_for_after(
    attempt: Attempt,
) -> None:
    steps = ProviderActivities(FakeProviders({}))

    before = await failure_of(steps.authorize, attempt)
    asking = await failure_of(steps.ask, asked(attempt))
    voiding = await failure_of(steps.void, attempt)

    assert before.type == "NotSent"
    assert {asking.type, voiding.type} == {"ProviderUnavailable"}
    assert not asking.non_retryable
