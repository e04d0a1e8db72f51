"""What every card provider promises of challenges."""

from datetime import UTC, datetime, timedelta

import pytest

from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from tests.contracts.provider.sending import ask
from tests.contracts.provider.stages import AMOUNT, Stage, Story, new_attempt


@pytest.mark.parametrize("capture", [True, False])
async def test_a_challenge_is_asked_for_and_then_passed(stage: Stage, *, capture: bool) -> None:
    attempt = new_attempt(stage, Story.CHALLENGE, capture=capture)

    sent = await stage.provider.authorize(attempt)
    waiting = await ask(stage, attempt)
    assert sent.challenge is not None
    stage.answer_challenge(attempt, sent, approve=True)
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
    stage.answer_challenge(attempt, sent, approve=approve)
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
