"""What every card provider promises: the adapters of the sandbox's acquirers and of Stripe.

No money can move: the sandbox and localstripe are processes of ours on this machine.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from payments.adapters.providers.plugged import plugged
from payments.adapters.providers.recorded import RecordedProvider
from payments.domain.charge import Answer, Operation, Question
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.domain.provider import ProviderKind
from payments.outside.wire import Timeouts, open_http
from payments.ports.provider import ForgedWebhook, Meaning, ProviderUnavailable, Says
from tests.contracts.biller_stages import Clock
from tests.contracts.faulty_proxy import AFTER_EFFECT, Fault, FaultyProxy
from tests.contracts.provider_stages import (
    AMOUNT,
    SETTLES_WITHIN,
    SandboxStage,
    Stage,
    Story,
    StripeStage,
    new_attempt,
    profile,
)
from tests.fakes import FakeCallLog
from tests.localstripe.likeness import Likeness
from tests.localstripe.running_localstripe import RunningLocalstripe
from tests.sandbox.running_sandbox import RunningSandbox

PART = Money(5_000, "EUR")


@pytest.fixture(scope="module")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "journal.jsonl")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def localstripe() -> Iterator[RunningLocalstripe]:
    running = RunningLocalstripe()
    yield running
    running.stop()


@pytest.fixture(params=list(ProviderKind))
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    kind: ProviderKind = request.param
    sandbox = kind is ProviderKind.SANDBOX
    process = request.getfixturevalue("sandbox_process" if sandbox else "localstripe")
    upstream = str(process.acquirer.base_url) if sandbox else process.url
    proxy, clock = FaultyProxy(upstream, None if sandbox else Likeness()), Clock()
    await proxy.start()
    async with open_http() as http:
        provider = plugged(profile(kind, proxy.url), http, Timeouts(1.0, 1.0), clock)
        recorded = RecordedProvider("NORTH", provider, FakeCallLog())
        make = SandboxStage if sandbox else StripeStage
        yield make(process, recorded, proxy, clock)
    await proxy.close()


def question(stage: Stage, attempt: Attempt, operation: Operation, key: str = "") -> Question:
    return Question(attempt, operation, sent_by=datetime.now(UTC), key=key, amount=PART)


async def ask(
    stage: Stage, attempt: Attempt, operation: Operation = Operation.AUTHORIZE, key: str = ""
) -> Answer:
    return await stage.provider.inquire(question(stage, attempt, operation, key))


async def authorized(stage: Stage, *, capture: bool) -> Attempt:
    attempt = new_attempt(stage, capture=capture)
    answer = await stage.provider.authorize(attempt)
    assert answer.kind is OutcomeKind.ACCEPTED, answer
    return attempt


async def send(stage: Stage, attempt: Attempt, operation: Operation) -> Answer:
    match operation:
        case Operation.AUTHORIZE:
            return await stage.provider.authorize(attempt)
        case Operation.CAPTURE:
            return await stage.provider.capture(attempt, key="cap_1", amount=PART, final=True)
        case Operation.VOID:
            return await stage.provider.void(attempt)
        case Operation.REFUND:
            key = refund_key(attempt)
            return await stage.provider.refund(attempt, key=key, amount=PART)


async def prepared(stage: Stage, operation: Operation) -> tuple[Attempt, str]:
    """An attempt on which this operation is possible, and the operation's key."""
    if operation is Operation.AUTHORIZE:
        return new_attempt(stage), ""
    attempt = await authorized(stage, capture=operation is Operation.REFUND)
    keys = {Operation.CAPTURE: "cap_1", Operation.VOID: "", Operation.REFUND: refund_key(attempt)}
    return attempt, keys[operation]


def refund_key(attempt: Attempt) -> str:
    return f"re_{attempt.order.payment_id.removeprefix('pay_')}"


@pytest.mark.parametrize("capture", [True, False])
async def test_a_payment_is_accepted_and_known_under_our_name(
    stage: Stage, *, capture: bool
) -> None:
    attempt = new_attempt(stage, capture=capture)

    sent = await stage.provider.authorize(attempt)
    found = await ask(stage, attempt)

    assert (sent.kind, sent.captured) == (OutcomeKind.ACCEPTED, capture)
    assert (sent.amount, sent.payee) == (AMOUNT, attempt.order.partner_id)
    assert sent.reference
    assert sent.at is not None
    assert found == sent


@pytest.mark.parametrize("operation", list(Operation))
async def test_the_same_again_is_one_effect_and_the_same_answer(
    stage: Stage, operation: Operation
) -> None:
    attempt, key = await prepared(stage, operation)

    first = await send(stage, attempt, operation)
    again = await send(stage, attempt, operation)

    assert first.kind is OutcomeKind.ACCEPTED
    assert (again.kind, again.reference) == (first.kind, first.reference)
    assert stage.effects(attempt, operation, key) == 1


async def test_a_decline_is_an_answer_that_stays(stage: Stage) -> None:
    attempt = new_attempt(stage, Story.DECLINED)

    sent = await stage.provider.authorize(attempt)
    found = await ask(stage, attempt)

    assert sent.kind is OutcomeKind.DECLINED
    assert sent.decline is not None
    assert sent.decline.code in (Code.DO_NOT_HONOR, Code.CARD_DECLINED)
    assert sent.decline.raw
    assert (found.kind, found.decline) == (sent.kind, sent.decline)


@pytest.mark.parametrize("operation", list(Operation))
@pytest.mark.parametrize("fault", AFTER_EFFECT)
async def test_a_lost_answer_is_unknown_and_then_found(
    stage: Stage, fault: Fault, operation: Operation
) -> None:
    attempt, key = await prepared(stage, operation)
    stage.proxy.next = fault

    lost = await send(stage, attempt, operation)
    found = await ask(stage, attempt, operation, key)

    assert lost.kind is OutcomeKind.UNKNOWN
    assert found.kind is OutcomeKind.ACCEPTED
    assert stage.effects(attempt, operation, key) == 1


@pytest.mark.parametrize("operation", [Operation.AUTHORIZE, Operation.CAPTURE, Operation.REFUND])
async def test_a_lost_request_is_unknown_until_it_would_be_visible(
    stage: Stage, operation: Operation
) -> None:
    attempt, key = await prepared(stage, operation)
    asked = question(stage, attempt, operation, key)
    stage.proxy.next = Fault.LOSE_REQUEST

    lost = await send(stage, attempt, operation)
    early = await stage.provider.inquire(asked)
    stage.clock.ahead = SETTLES_WITHIN
    late = await stage.provider.inquire(asked)
    again = await send(stage, attempt, operation)

    assert lost.kind is OutcomeKind.UNKNOWN
    assert early.kind is OutcomeKind.UNKNOWN
    assert late.kind is OutcomeKind.NOT_SENT
    assert again.kind is OutcomeKind.ACCEPTED
    assert stage.effects(attempt, operation, key) == 1


async def test_a_lost_void_may_be_sent_again_at_once(stage: Stage) -> None:
    attempt, _ = await prepared(stage, Operation.VOID)
    stage.proxy.next = Fault.LOSE_REQUEST

    lost = await stage.provider.void(attempt)
    again = await stage.provider.void(attempt)

    assert (lost.kind, again.kind) == (OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED)
    assert stage.effects(attempt, Operation.VOID) == 1


async def test_who_has_nothing_of_ours_has_nothing_to_give_back(stage: Stage) -> None:
    attempt = new_attempt(stage)

    voided = await stage.provider.void(attempt)
    stage.clock.ahead = SETTLES_WITHIN
    asked = await ask(stage, attempt, Operation.VOID)

    assert voided.kind is OutcomeKind.UNKNOWN
    assert asked.kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize("operation", list(Operation))
async def test_who_cannot_be_reached_was_surely_not_sent_anything(
    stage: Stage, operation: Operation
) -> None:
    attempt, key = await prepared(stage, operation)
    await stage.proxy.stop()

    sent = await send(stage, attempt, operation)
    asked = await ask(stage, attempt, operation, key)

    assert sent.kind is OutcomeKind.NOT_SENT
    assert asked.kind is OutcomeKind.UNKNOWN
    with pytest.raises(ProviderUnavailable):
        await stage.provider.card(attempt.order.card.token)


@pytest.mark.parametrize("operation", list(Operation))
async def test_who_is_busy_says_for_how_long_to_wait(stage: Stage, operation: Operation) -> None:
    attempt, _ = await prepared(stage, operation)
    stage.proxy.next = Fault.BUSY

    sent = await send(stage, attempt, operation)

    assert (sent.kind, sent.retry_after_s) == (OutcomeKind.NOT_SENT, 7.0)


async def test_a_part_is_captured_and_the_rest_given_back(stage: Stage) -> None:
    attempt = await authorized(stage, capture=False)

    captured = await stage.provider.capture(attempt, key="cap_1", amount=PART, final=True)
    found = await ask(stage, attempt, Operation.CAPTURE, "cap_1")
    more = await stage.provider.capture(attempt, key="cap_2", amount=PART, final=True)

    assert (captured.kind, captured.captured) == (OutcomeKind.ACCEPTED, True)
    assert captured.amount == (PART if stage.tells_captures else None)
    assert found == captured
    assert more.kind is OutcomeKind.DECLINED or not stage.tells_captures


async def test_a_captured_payment_is_too_late_to_void(stage: Stage) -> None:
    attempt = await authorized(stage, capture=True)

    voided = await stage.provider.void(attempt)
    found = await ask(stage, attempt, Operation.VOID)

    assert (voided.kind, voided.captured) == (OutcomeKind.DECLINED, True)
    assert (found.kind, found.captured) == (OutcomeKind.DECLINED, True)


async def test_a_voided_payment_is_over(stage: Stage) -> None:
    attempt = await authorized(stage, capture=False)

    await stage.provider.void(attempt)
    found = await ask(stage, attempt)
    captured = await stage.provider.capture(attempt, key="cap_1", amount=PART, final=True)

    assert found.kind is OutcomeKind.DECLINED
    assert captured.kind is OutcomeKind.DECLINED
    assert captured.decline is not None
    assert captured.decline.code is Code.PAYMENT_STATE


async def test_refunds_are_known_by_their_own_names(stage: Stage) -> None:
    attempt = await authorized(stage, capture=True)
    one, two = refund_key(attempt), f"{refund_key(attempt)}2"

    first = await stage.provider.refund(attempt, key=one, amount=PART)
    second = await stage.provider.refund(attempt, key=two, amount=Money(100, "EUR"))
    found = await ask(stage, attempt, Operation.REFUND, two)

    assert (first.kind, first.amount) == (OutcomeKind.ACCEPTED, PART)
    assert (second.kind, second.amount) == (OutcomeKind.ACCEPTED, Money(100, "EUR"))
    assert found == second
    assert first.reference != second.reference


@pytest.mark.parametrize("capture", [True, False])
async def test_a_challenge_is_asked_for_and_then_passed(stage: Stage, *, capture: bool) -> None:
    attempt = new_attempt(stage, Story.CHALLENGE, capture=capture)

    sent = await stage.provider.authorize(attempt)
    waiting = await ask(stage, attempt)
    assert sent.challenge is not None
    assert sent.reference is not None
    stage.answer_challenge(sent.reference, sent.challenge.url, approve=True)
    passed = await ask(stage, attempt)

    assert sent.kind is OutcomeKind.PENDING
    assert sent.challenge.url.startswith("http")
    assert sent.challenge.expires_at > datetime.now(UTC) + timedelta(minutes=5)
    assert waiting == sent
    assert (passed.kind, passed.captured) == (OutcomeKind.ACCEPTED, capture)
    assert passed.amount == AMOUNT


@pytest.mark.parametrize(
    ("story", "approve", "code"),
    [
        (Story.CHALLENGE, False, {Code.AUTHENTICATION_FAILED}),
        (Story.CHALLENGE_DECLINED, True, {Code.DO_NOT_HONOR, Code.CARD_DECLINED}),
    ],
)
async def test_a_challenge_can_end_in_a_decline(
    stage: Stage, story: Story, *, approve: bool, code: set[Code]
) -> None:
    attempt = new_attempt(stage, story)

    sent = await stage.provider.authorize(attempt)
    assert sent.challenge is not None
    assert sent.reference is not None
    stage.answer_challenge(sent.reference, sent.challenge.url, approve=approve)
    declined = await ask(stage, attempt)

    assert declined.kind is OutcomeKind.DECLINED
    assert declined.decline is not None
    assert declined.decline.code in code


async def test_a_void_ends_a_challenge(stage: Stage) -> None:
    attempt = new_attempt(stage, Story.CHALLENGE)
    await stage.provider.authorize(attempt)

    voided = await stage.provider.void(attempt)
    found = await ask(stage, attempt)

    assert voided.kind is OutcomeKind.ACCEPTED
    assert (found.kind, found.challenge) == (OutcomeKind.DECLINED, None)


async def test_the_vault_tells_of_a_card_and_not_its_number(stage: Stage) -> None:
    token = stage.token(Story.SUCCEEDS)

    card = await stage.provider.card(token)

    assert card is not None
    assert (card.token, card.brand, card.last4) == (token, "visa", "4242")
    assert (card.exp_month, card.exp_year) == (12, 2034)
    assert card.aliases[stage.provider.capabilities.kind] == token
    assert card.fingerprint
    assert card.tokenised_at is not None
    assert await stage.provider.card(f"{token}x") is None


async def test_a_card_that_a_provider_does_not_know_is_never_sent(stage: Stage) -> None:
    attempt = new_attempt(stage)
    attempt.order.card.aliases.clear()

    assert (await stage.provider.authorize(attempt)).kind is OutcomeKind.NOT_SENT


async def test_a_webhook_tells_what_it_is_about(stage: Stage) -> None:
    attempt = await authorized(stage, capture=True)
    at = datetime.now(UTC).replace(microsecond=0)
    raw, headers = stage.webhook(attempt, at)

    told = stage.provider.webhook(raw, headers, at)

    assert (told.meaning, told.operation) == (Meaning.PAYMENT, Operation.AUTHORIZE)
    assert told.reference == attempt.reference
    assert (told.says, told.amount, told.at) == (Says.CAPTURED, AMOUNT, at)
    assert told.event_id.startswith("evt_")


@pytest.mark.parametrize("away", [timedelta(minutes=-6), timedelta(minutes=6)])
async def test_a_webhook_of_another_time_is_forged(stage: Stage, away: timedelta) -> None:
    attempt = await authorized(stage, capture=True)
    at = datetime.now(UTC)
    raw, headers = stage.webhook(attempt, at)

    with pytest.raises(ForgedWebhook):
        stage.provider.webhook(raw, headers, at + away)


async def test_a_webhook_that_was_changed_or_not_signed_is_forged(stage: Stage) -> None:
    attempt = await authorized(stage, capture=True)
    at = datetime.now(UTC)
    raw, headers = stage.webhook(attempt, at)

    with pytest.raises(ForgedWebhook):
        stage.provider.webhook(raw.replace(b"12345", b"12346") + b" ", headers, at)
    with pytest.raises(ForgedWebhook):
        stage.provider.webhook(b"\xff" + raw, headers, at)
    with pytest.raises(ForgedWebhook):
        stage.provider.webhook(raw, {}, at)
