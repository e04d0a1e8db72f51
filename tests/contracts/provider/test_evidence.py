"""Every call to a provider leaves one row: how it ended, what was said, and nothing secret."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from payments.adapters.providers.recorded import RecordedProvider
from payments.domain.charge import Operation, Question
from payments.domain.outcome import OutcomeKind
from payments.ports.journal import CallRow
from payments.ports.provider import ProviderUnavailable
from tests.contracts.provider.faulty_proxy import Fault
from tests.contracts.provider.sending import PART, refund_key
from tests.contracts.provider.stages import RETURN_URL, AdapterStage, Story, new_attempt
from tests.fakes.journal import FakeCallLog


@pytest.fixture
def calls(adapter: AdapterStage) -> FakeCallLog:
    """The log of this stage's provider, which the stage has wrapped already."""
    log = FakeCallLog()
    stage: Any = adapter
    stage.patient = RecordedProvider("NORTH", stage.patient._provider, log)
    return log


async def test_each_call_leaves_its_name_its_end_and_the_raw_answer(
    adapter: AdapterStage, calls: FakeCallLog
) -> None:
    attempt = new_attempt(adapter, capture=True)
    refund = refund_key(attempt)

    await adapter.provider.authorize(attempt)
    await adapter.provider.refund(attempt, key=refund, amount=PART)
    await adapter.provider.void(attempt)
    await adapter.provider.inquire(
        Question(attempt, Operation.REFUND, sent_by=datetime.now(UTC), key=refund)
    )

    name = attempt.reference
    assert [(row.operation, row.reference, row.outcome) for row in calls.rows] == [
        ("authorize", name, "accepted"),
        ("refund", f"{name}:{refund}", "accepted"),
        ("void", name, "declined payment_state"),
        ("inquire refund", f"{name}:{refund}", "accepted"),
    ]
    assert {row.phase for row in calls.rows} == {"answered"}
    assert name in json.dumps(calls.rows[0].raw)


async def test_a_row_says_whether_the_request_can_have_left_us(
    adapter: AdapterStage, calls: FakeCallLog
) -> None:
    adapter.spoil(Fault.RESET, Operation.AUTHORIZE)
    lost = await adapter.provider.authorize(new_attempt(adapter))
    await adapter.disappear()
    never = await adapter.provider.authorize(new_attempt(adapter))
    with pytest.raises(ProviderUnavailable):
        await adapter.provider.card("tok_1234567890")

    assert (lost.kind, never.kind) == (OutcomeKind.UNKNOWN, OutcomeKind.NOT_SENT)
    assert [(row.phase, row.outcome) for row in calls.rows] == [
        ("sent_unknown", "unknown"),
        ("not_sent", "not_sent"),
        ("not_sent", "unavailable"),
    ]
    assert calls.rows[-1].reference == "…567890"


async def test_no_token_no_secret_and_no_way_to_a_challenge_is_kept(
    adapter: AdapterStage, calls: FakeCallLog
) -> None:
    attempt = new_attempt(adapter, Story.CHALLENGE)
    assert attempt.order.card is not None
    token = attempt.order.card.token

    answer = await adapter.provider.authorize(attempt)
    await adapter.provider.card(token)

    assert answer.challenge is not None
    kept = json.dumps([_told(row) for row in calls.rows])
    for secret in (token, answer.challenge.url, "client_secret", RETURN_URL, "4000000000003220"):
        assert secret not in kept
    assert attempt.reference in kept


def _told(row: CallRow) -> dict[str, Any]:
    return {"reference": row.reference, "raw": dict(row.raw)}
