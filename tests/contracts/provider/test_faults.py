"""What every card provider promises when calls go wrong: unknown is not no."""

import pytest

from payments.domain.charge import Operation
from payments.domain.outcome import OutcomeKind
from tests.contracts.provider.faulty_proxy import AFTER_EFFECT, BUSY_S, Fault
from tests.contracts.provider.sending import ask, prepared, question, send
from tests.contracts.provider.stages import SETTLES_WITHIN, AdapterStage, Stage, new_attempt

# The fake is busy for longer than a customer waits.
FAKE_BUSY_S = 30


@pytest.mark.parametrize("operation", list(Operation))
@pytest.mark.parametrize("fault", AFTER_EFFECT)
async def test_a_lost_answer_is_unknown_and_then_found(
    stage: Stage, fault: Fault, operation: Operation
) -> None:
    attempt, key = await prepared(stage, operation)
    stage.spoil(fault, operation)

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
    stage.spoil(Fault.LOSE_REQUEST, operation)

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
    stage.spoil(Fault.LOSE_REQUEST, Operation.VOID)

    lost = await stage.provider.void(attempt)
    again = await stage.provider.void(attempt)

    assert (lost.kind, again.kind) == (OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED)
    assert stage.effects(attempt, Operation.VOID) == 1


@pytest.mark.parametrize("operation", list(Operation))
async def test_who_cannot_be_reached_was_surely_not_sent_anything(
    stage: Stage, operation: Operation
) -> None:
    attempt, key = await prepared(stage, operation)
    await stage.disappear()

    sent = await send(stage, attempt, operation)
    asked = await ask(stage, attempt, operation, key)

    assert sent.kind is OutcomeKind.NOT_SENT
    assert asked.kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize("operation", list(Operation))
async def test_who_is_busy_says_for_how_long_to_wait(stage: Stage, operation: Operation) -> None:
    attempt, _ = await prepared(stage, operation)
    stage.spoil(Fault.BUSY, operation)

    sent = await send(stage, attempt, operation)

    assert sent.kind is OutcomeKind.NOT_SENT
    assert sent.retry_after_s in (BUSY_S, FAKE_BUSY_S)


async def test_who_has_nothing_of_ours_has_nothing_to_give_back(adapter: AdapterStage) -> None:
    attempt = new_attempt(adapter)

    voided = await adapter.provider.void(attempt)
    adapter.clock.ahead = SETTLES_WITHIN
    asked = await ask(adapter, attempt, Operation.VOID)

    assert voided.kind is OutcomeKind.UNKNOWN
    assert asked.kind is OutcomeKind.ACCEPTED
