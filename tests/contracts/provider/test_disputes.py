"""What every provider promises of disputes. Of Stripe, see tests/unit/test_stripe_disputes.py:
localstripe has none.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from payments.adapters.providers.sandbox import disputes as sandbox_disputes
from payments.domain import ids
from payments.domain.charge import Answer, Operation
from payments.domain.dispute import DisputeReason, DisputeStatus, Found, Response
from payments.domain.evidence import (
    LONGEST_TEXT,
    MOST_TEXT,
    Enclosure,
    EvidenceFile,
    EvidenceText,
    MediaType,
    Said,
)
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.ports.provider import Meaning, ProviderUnavailable
from tests.contracts.provider.faulty_proxy import AFTER_EFFECT, Fault
from tests.contracts.provider.stages import (
    AMOUNT,
    EVENT,
    SETTLES_WITHIN,
    FakeStage,
    SandboxStage,
    Story,
    new_attempt,
)
from tests.dispute_factories import make_dispute_order, make_found
from tests.provider_script import How

S, K = DisputeStatus, OutcomeKind
PNG = b"\x89PNG\r\n\x1a\n and the rest"
TEXTS = {EvidenceText.EXPLANATION: "They wore it for a year."}


@dataclass
class Disputing:
    """A stage with a dispute on it, and the hand that decides it."""

    stage: Any
    reference: str
    payment: str

    @property
    def provider(self) -> Any:
        return self.stage.provider

    async def found(self) -> Found:
        there: Found | None = await self.provider.dispute(self.reference)
        assert there is not None
        return there

    def said(self, *files: Enclosure, key: str = "", **texts: str) -> Said:
        name = key or f"dp_{uuid4().hex}"
        said = {EvidenceText(about): words for about, words in texts.items()} or TEXTS
        return Said(self.reference, name, said, files)

    async def became(self, response: Response = Response.EVIDENCE) -> OutcomeKind:
        answer: Answer = await self.provider.responded(
            self.reference, response, sent_by=self.stage.clock()
        )
        return answer.kind

    def spoil(self, fault: Fault, how: How | OutcomeKind) -> None:
        if isinstance(self.stage, FakeStage):
            self.stage.provider.responses.append(how)
        else:
            self.stage.spoil(fault, Operation.REFUND)

    def decide(self, status: DisputeStatus) -> None:
        if isinstance(self.stage, FakeStage):
            self.stage.provider.decide(self.reference, status)
            return
        path = f"/control/acquirers/NORTH/payments/{self.payment}/disputes/{self.reference}/state"
        answer = self.stage.sandbox.control.post(path, json={"state": status.upper()})
        assert answer.status_code == 200, answer.text


async def opened(stage: Any, kind: str = "chargeback", **more: Any) -> Disputing:
    attempt = new_attempt(stage, Story.SUCCEEDS, capture=True)
    await stage.provider.authorize(attempt)
    if isinstance(stage, SandboxStage):
        path = f"/control/acquirers/NORTH/payments/{attempt.reference}/disputes"
        answer = stage.sandbox.control.post(path, json={"kind": kind, **more})
        assert answer.status_code == 200, answer.text
        return Disputing(stage, answer.json()["id"], attempt.reference)
    order = make_dispute_order()
    status = S.WARNING_NEEDS_RESPONSE if kind == "inquiry" else S.NEEDS_RESPONSE
    stage.provider.disputes[order.reference] = make_found(
        attempt.order, order, status=status, fee=Money(0 if kind == "inquiry" else 1_500, "EUR")
    )
    return Disputing(stage, order.reference, attempt.reference)


@pytest.fixture
async def dispute(place: Any) -> Disputing:
    return await opened(place)


async def test_a_dispute_is_told_as_it_stands(dispute: Disputing) -> None:
    there = await dispute.found()

    assert (there.reference, there.payment) == (dispute.reference, dispute.payment)
    assert (there.amount, there.fee) == (AMOUNT, Money(1_500, "EUR"))
    assert (there.status, there.answered) == (S.NEEDS_RESPONSE, False)
    assert (there.reason, there.raw_reason) == (DisputeReason.NOT_RECEIVED, "13.1")
    assert there.due_at is not None
    assert there.due_at > there.opened_at
    assert await dispute.provider.dispute("dis_nobodys") is None


async def test_a_warning_takes_nothing(place: Any) -> None:
    there = await (await opened(place, "inquiry")).found()

    assert (there.status, there.fee.minor) == (S.WARNING_NEEDS_RESPONSE, 0)


async def test_evidence_is_taken_once_under_its_key(dispute: Disputing) -> None:
    file = Enclosure(EvidenceFile.RECEIPT, "file_1", MediaType.PNG, PNG)
    said = dispute.said(file)

    answers = [await dispute.provider.respond(said) for _ in range(2)]

    assert [answer.kind for answer in answers] == [K.ACCEPTED, K.ACCEPTED]
    there = await dispute.found()
    assert (there.status, there.answered) == (S.UNDER_REVIEW, True)
    assert await dispute.became() is K.ACCEPTED


@pytest.mark.parametrize(("kind", "end"), [("chargeback", S.LOST), ("inquiry", S.WARNING_CLOSED)])
async def test_what_is_accepted_is_over(place: Any, kind: str, end: DisputeStatus) -> None:
    dispute = await opened(place, kind)
    accepted = Said(dispute.reference, f"dp_{uuid4().hex}")

    assert (await dispute.provider.respond(accepted)).kind is K.ACCEPTED
    assert (await dispute.found()).status is end
    assert await dispute.became(Response.ACCEPTANCE) is K.ACCEPTED


async def test_a_second_answer_is_declined(dispute: Disputing) -> None:
    await dispute.provider.respond(dispute.said())

    again = await dispute.provider.respond(dispute.said(explanation="And something else."))

    assert again.kind is K.DECLINED


@pytest.mark.parametrize("fault", AFTER_EFFECT)
async def test_an_answer_whose_reply_is_lost_is_unknown_and_then_found(
    dispute: Disputing, fault: Fault
) -> None:
    said = dispute.said()
    dispute.spoil(fault, How.LOSE_ANSWER)

    assert (await dispute.provider.respond(said)).kind is K.UNKNOWN
    assert await dispute.became() is K.ACCEPTED
    assert (await dispute.provider.respond(said)).kind is K.ACCEPTED


async def test_an_answer_that_never_came_is_not_sent_once_it_would_be_there(
    dispute: Disputing,
) -> None:
    sent_by = dispute.stage.clock()
    dispute.spoil(Fault.LOSE_REQUEST, How.LOSE_REQUEST)
    assert (await dispute.provider.respond(dispute.said())).kind is K.UNKNOWN

    async def became() -> OutcomeKind:
        answer: Answer = await dispute.provider.responded(
            dispute.reference, Response.EVIDENCE, sent_by=sent_by
        )
        return answer.kind

    assert await became() is K.UNKNOWN
    dispute.stage.clock.ahead = SETTLES_WITHIN
    assert await became() is K.NOT_SENT


async def test_a_dispute_that_ended_without_our_answer_declined_it(dispute: Disputing) -> None:
    dispute.decide(S.LOST)

    assert await dispute.became() is K.DECLINED


async def test_a_provider_that_is_away_has_no_word_and_gets_nothing(dispute: Disputing) -> None:
    await dispute.stage.disappear()

    with pytest.raises(ProviderUnavailable):
        await dispute.provider.dispute(dispute.reference)
    assert (await dispute.provider.respond(dispute.said())).kind is K.NOT_SENT
    assert await dispute.became() is K.UNKNOWN


async def test_a_file_whose_reply_is_lost_has_answered_nothing(
    sandbox_stage: SandboxStage,
) -> None:
    dispute = await opened(sandbox_stage)
    said = dispute.said(Enclosure(EvidenceFile.RECEIPT, "file_1", MediaType.PNG, PNG))
    dispute.spoil(Fault.RESET, How.LOSE_ANSWER)

    assert (await dispute.provider.respond(said)).kind is K.NOT_SENT
    assert (await dispute.provider.respond(said)).kind is K.ACCEPTED


async def test_a_file_that_cannot_be_read_is_declined(sandbox_stage: SandboxStage) -> None:
    dispute = await opened(sandbox_stage)
    said = dispute.said(Enclosure(EvidenceFile.RECEIPT, "file_1", MediaType.PDF, PNG))

    assert (await dispute.provider.respond(said)).kind is K.DECLINED
    assert not (await dispute.found()).answered


async def test_as_much_as_can_be_said_is_taken_and_too_much_declined(
    sandbox_stage: SandboxStage,
) -> None:
    dispute = await opened(sandbox_stage)
    too_much = dispute.said(explanation="a" * 2_200_000)
    assert (await dispute.provider.respond(too_much)).kind is K.DECLINED
    assert not (await dispute.found()).answered

    about = list(EvidenceText)[: MOST_TEXT // LONGEST_TEXT]
    said = dispute.said(**dict.fromkeys(about, "\N{GRINNING FACE}" * LONGEST_TEXT))
    assert (await dispute.provider.respond(said)).kind is K.ACCEPTED


async def test_an_acquirer_that_answers_oddly_is_not_believed(sandbox_stage: SandboxStage) -> None:
    dispute = await opened(sandbox_stage)
    control = sandbox_stage.sandbox.control
    odd = {"behaviour": "garbage_after_effect", "operations": ["dispute"], "times": 1}
    control.post("/control/acquirers/NORTH", json=odd)
    with pytest.raises(ProviderUnavailable):
        await dispute.provider.dispute(dispute.reference)

    control.post(
        "/control/acquirers/NORTH",
        json={"behaviour": "decline", "operations": ["evidence"], "times": 1},
    )
    assert (await dispute.provider.respond(dispute.said())).kind is K.DECLINED


async def test_a_webhook_tells_of_the_dispute_by_our_name(sandbox_stage: SandboxStage) -> None:
    dispute = await opened(sandbox_stage)
    asked = {"acquirer": "NORTH", "reference": dispute.payment}
    [event, *_] = sandbox_stage.sandbox.control.get("/control/events", params=asked).json()[
        "events"
    ]
    assert event["type"] == "dispute.updated"
    at = datetime.now(UTC)
    payment = (await _payment(sandbox_stage, dispute.payment))["disputes"]
    body = _event(at, {"reference": dispute.payment}, payment[0])

    told = dispute.provider.webhook(body, sandbox_stage.signed(body, at), at)

    assert (told.meaning, told.event_id) == (Meaning.DISPUTE, EVENT)
    assert told.reference == ids.dispute_id("NORTH", dispute.reference)
    assert told.amount == AMOUNT
    assert told.dispute.order.reference == dispute.reference
    assert told.dispute.status is S.NEEDS_RESPONSE
    assert told.dispute.due_at > at + timedelta(days=6)


async def _payment(stage: SandboxStage, reference: str) -> dict[str, Any]:
    payments = stage.sandbox.control.get("/control/acquirers/NORTH/payments").json()["payments"]
    found: dict[str, Any] = next(one for one in payments if one["reference"] == reference)
    return found


def _event(at: datetime, payment: dict[str, Any], dispute: dict[str, Any]) -> bytes:
    data = {"acquirer": "NORTH", "payment": payment, "dispute": dispute}
    event = {"type": "dispute.updated", "id": EVENT, "timestamp": at.isoformat(), "data": data}
    return json.dumps(event).encode()


@pytest.mark.parametrize(
    "change",
    [{"state": "ODD"}, {"amount": None}, {"currency": "XXX"}, {"dueAt": "soon"}, {"id": ""}],
)
def test_what_is_no_dispute_cannot_be_read(change: dict[str, Any]) -> None:
    told = {
        "id": "dis_1",
        "payment": "pay_1-1",
        "state": "OPEN",
        "amount": "10.00",
        "currency": "EUR",
        "fee": "0.00",
        "reason": "99.9",
        "openedAt": "2026-11-21T07:00:00Z",
        "dueAt": "2026-11-28T07:00:00Z",
        "answer": None,
    }
    assert sandbox_disputes.found(told).reason is DisputeReason.GENERAL
    with pytest.raises(sandbox_disputes._ODD):
        sandbox_disputes.found(told | change)
