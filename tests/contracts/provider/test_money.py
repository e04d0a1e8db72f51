"""What every card provider promises of money: once, known by our name, given back."""

import pytest

from payments.domain.charge import Operation
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from tests.contracts.provider.sending import PART, ask, authorized, prepared, refund_key, send
from tests.contracts.provider.stages import AMOUNT, Stage, Story, new_attempt


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
