"""The promises of ports.disputes on answers and evidence, for PostgreSQL and for the fake."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from payments.adapters.postgres.evidence import PostgresEvidence
from payments.db.session import Database
from payments.domain.codes import Code
from payments.domain.dispute import (
    Dispute,
    DisputeStatus,
    Response,
    ResponseOrder,
    ResponseState,
)
from payments.domain.evidence import (
    MOST_FILES,
    Enclosure,
    Evidence,
    EvidenceFile,
    EvidenceText,
    KeptFile,
    MediaType,
    digest_of,
)
from payments.domain.money import Money
from payments.domain.payment import PaymentOrder
from payments.ports.disputes import Disputes, EvidenceStore
from payments.ports.payments import Payments
from tests.card_factories import NOW
from tests.contracts.card_record import S, begun, fact_of
from tests.dispute_factories import make_sighting
from tests.dispute_fakes import FakeDisputes

D = DisputeStatus
PNG = b"\x89PNG\r\n\x1a\n and the rest"
TEXTS = {EvidenceText.EXPLANATION: "They wore it.\nFor a year: \u2028 'quoted' \\u0041"}
LATE = NOW + timedelta(days=8)


@pytest.fixture
def evidence(disputes: Disputes, database: Database) -> EvidenceStore:
    if isinstance(disputes, FakeDisputes):
        return disputes.evidence
    return PostgresEvidence(database)


@pytest.fixture
async def captured(payments: Payments) -> PaymentOrder:
    order = await begun(payments)
    await payments.move(fact_of(order, S.CAPTURED))
    return order


async def opened(disputes: Disputes, payment: PaymentOrder, **changes: Any) -> Dispute:
    seen = (await disputes.see(make_sighting(payment, **changes))).dispute
    assert seen is not None
    return seen


@pytest.fixture
async def dispute(disputes: Disputes, captured: PaymentOrder) -> Dispute:
    return await opened(disputes, captured)


async def kept(evidence: EvidenceStore, dispute: Dispute, content: bytes = PNG) -> KeptFile:
    file = await evidence.keep_file(dispute.dispute_id, MediaType.PNG, content, NOW)
    assert isinstance(file, KeptFile), file
    return file


async def said(
    evidence: EvidenceStore, dispute: Dispute, texts: Any = TEXTS, files: Any = None
) -> Evidence | Code:
    return await evidence.add(dispute.dispute_id, texts, files or {}, trace="t", at=NOW)


def submitting(dispute: Dispute, version: int = 1, **changes: Any) -> ResponseOrder:
    at = changes.get("at", NOW)
    return ResponseOrder(dispute.dispute_id, Response.EVIDENCE, at, version)


def accepting(dispute: Dispute, **changes: Any) -> ResponseOrder:
    return ResponseOrder(dispute.dispute_id, Response.ACCEPTANCE, changes.get("at", NOW))


async def ended(disputes: Disputes, order: ResponseOrder, state: ResponseState) -> Dispute:
    return await disputes.answered(order.dispute_id, order.response, order.version, state)


async def test_a_file_is_kept_as_it_is_and_once(evidence: EvidenceStore, dispute: Dispute) -> None:
    files = await asyncio.gather(*(kept(evidence, dispute) for _ in range(10)))

    assert len({file.file_id for file in files}) == 1
    [file] = await evidence.files(dispute.dispute_id)
    assert (file.media_type, file.size_bytes) == (MediaType.PNG, len(PNG))
    assert file.digest == digest_of(PNG).hex()


async def test_no_more_files_than_there_can_be_whoever_asks_at_once(
    evidence: EvidenceStore, dispute: Dispute
) -> None:
    answers = await asyncio.gather(
        *(
            evidence.keep_file(dispute.dispute_id, MediaType.PNG, PNG + bytes([n]), NOW)
            for n in range(MOST_FILES + 10)
        )
    )

    assert answers.count(Code.TOO_MUCH_EVIDENCE) == 10
    assert len(await evidence.files(dispute.dispute_id)) == MOST_FILES


async def test_versions_are_whole_and_never_change(
    evidence: EvidenceStore, dispute: Dispute
) -> None:
    file = await kept(evidence, dispute)
    files = {EvidenceFile.RECEIPT: file.file_id, EvidenceFile.OTHER: file.file_id}

    first = await said(evidence, dispute)
    again = await said(evidence, dispute)
    second = await said(evidence, dispute, {}, files)

    assert isinstance(first, Evidence)
    assert isinstance(second, Evidence)
    assert again == first
    assert (first.version, first.texts, first.files) == (1, TEXTS, {})
    assert (second.version, second.texts, second.files) == (2, {}, files)
    assert await evidence.versions(dispute.dispute_id) == [first, second]
    assert await evidence.enclosed(dispute.dispute_id, 1) == (TEXTS, ())
    texts, enclosed = await evidence.enclosed(dispute.dispute_id, 2)
    assert texts == {}
    assert enclosed == tuple(
        Enclosure(about, file.file_id, MediaType.PNG, PNG)
        for about in (EvidenceFile.OTHER, EvidenceFile.RECEIPT)
    )
    with pytest.raises(LookupError):
        await evidence.enclosed(dispute.dispute_id, 3)


async def test_a_file_of_another_dispute_is_none(
    disputes: Disputes, evidence: EvidenceStore, captured: PaymentOrder, dispute: Dispute
) -> None:
    other = await opened(disputes, captured, amount=Money(1, "USD"))
    file = await kept(evidence, other)

    added = await said(evidence, dispute, files={EvidenceFile.RECEIPT: file.file_id})

    assert added is Code.EVIDENCE_MISSING
    assert await evidence.versions(dispute.dispute_id) == []


async def test_nothing_is_added_too_late_or_to_what_is_answered_or_over(
    disputes: Disputes, evidence: EvidenceStore, captured: PaymentOrder, dispute: Dispute
) -> None:
    await said(evidence, dispute)

    async def added(at: Any = NOW) -> tuple[object, object]:
        new = {EvidenceText.DUPLICATE: str(at)}
        return (
            await evidence.add(dispute.dispute_id, new, {}, trace="t", at=at),
            await evidence.keep_file(dispute.dispute_id, MediaType.PNG, PNG, at),
        )

    assert await added(LATE) == (Code.EVIDENCE_TOO_LATE,) * 2
    await disputes.answer(submitting(dispute))
    assert await added() == (Code.DISPUTE_ANSWERED,) * 2
    await ended(disputes, submitting(dispute), ResponseState.REFUSED)
    await disputes.see(make_sighting(captured, dispute.order, status=D.LOST))
    assert await added() == (Code.DISPUTE_STATE,) * 2
    for unknown in (evidence.files, evidence.versions):
        assert await unknown("dp_unknown") == []


async def test_one_answer_is_sent_and_the_same_again_is_harmless(
    disputes: Disputes, evidence: EvidenceStore, dispute: Dispute
) -> None:
    await said(evidence, dispute)
    orders = [submitting(dispute), accepting(dispute)] * 10

    answers = await asyncio.gather(*(disputes.answer(order) for order in orders))

    sent = [answer for answer in answers if isinstance(answer, Dispute)]
    assert len(sent) == 10
    assert {(each.response, each.response_state) for each in sent} == {
        (sent[0].response, ResponseState.SENDING)
    }
    assert answers.count(Code.DISPUTE_ANSWERED) == 10


async def test_a_refused_answer_may_be_followed_and_a_taken_one_not(
    disputes: Disputes, evidence: EvidenceStore, dispute: Dispute
) -> None:
    await said(evidence, dispute)
    order = submitting(dispute)
    await disputes.answer(order)

    assert (await ended(disputes, order, ResponseState.REFUSED)).can_be_answered
    assert isinstance(await disputes.answer(order), Dispute)
    taken = await ended(disputes, order, ResponseState.TAKEN)

    assert (taken.response_state, taken.can_be_answered) == (ResponseState.TAKEN, False)
    assert await ended(disputes, order, ResponseState.REFUSED) == taken
    assert await disputes.answer(order) == taken
    assert await disputes.answer(accepting(dispute)) is Code.DISPUTE_ANSWERED


async def test_what_cannot_be_sent_is_refused(
    disputes: Disputes, evidence: EvidenceStore, captured: PaymentOrder, dispute: Dispute
) -> None:
    assert await disputes.answer(submitting(dispute)) is Code.EVIDENCE_MISSING
    await said(evidence, dispute)
    assert await disputes.answer(submitting(dispute, 2)) is Code.EVIDENCE_MISSING
    assert await disputes.answer(submitting(dispute, at=LATE)) is Code.EVIDENCE_TOO_LATE
    await disputes.see(make_sighting(captured, dispute.order, status=D.UNDER_REVIEW))
    for order in (submitting(dispute), accepting(dispute)):
        assert await disputes.answer(order) is Code.DISPUTE_STATE


async def test_it_can_be_accepted_after_the_time_for_evidence(
    disputes: Disputes, dispute: Dispute
) -> None:
    accepted = await disputes.answer(accepting(dispute, at=LATE))

    assert isinstance(accepted, Dispute)
    assert (accepted.response, accepted.response_version) == (Response.ACCEPTANCE, None)


async def test_a_chargeback_after_a_warning_is_answered_anew(
    disputes: Disputes, evidence: EvidenceStore, captured: PaymentOrder
) -> None:
    warning = await opened(disputes, captured, status=D.WARNING_NEEDS_RESPONSE, fee=Money(0, "USD"))
    await said(evidence, warning)
    await disputes.answer(submitting(warning))
    await ended(disputes, submitting(warning), ResponseState.TAKEN)

    seen = await disputes.see(make_sighting(captured, warning.order))

    assert seen.dispute is not None
    assert (seen.dispute.response, seen.dispute.can_be_answered) == (None, True)
    assert isinstance(await disputes.answer(submitting(warning)), Dispute)
