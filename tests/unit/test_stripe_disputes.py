"""Disputes at Stripe, by its documented objects: localstripe has none, so what goes over the wire
is looked at here, through Stripe's own SDK, and answered as their reference says.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
import stripe

from payments.adapters.providers.plugged import plugged
from payments.adapters.providers.stripe import webhooks
from payments.adapters.providers.stripe.disputes import FILES, TEXTS, found
from payments.domain import ids
from payments.domain.dispute import DisputeReason, DisputeStatus, Response
from payments.domain.evidence import Enclosure, EvidenceFile, EvidenceText, MediaType, Said
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.provider import ProviderKind, ProviderProfile
from payments.outside.wire import Timeouts
from payments.ports.provider import Meaning, Provider, ProviderUnavailable

CREATED, DUE = 1_777_537_276, 1_778_537_276
NOW = datetime(2026, 11, 21, tzinfo=UTC)
S, K = DisputeStatus, OutcomeKind


def dispute(**changes: Any) -> dict[str, Any]:
    return {
        "id": "du_1",
        "object": "dispute",
        "status": "needs_response",
        "amount": 10_000,
        "currency": "usd",
        "reason": "product_not_received",
        "created": CREATED,
        "payment_intent": {"id": "pi_1", "metadata": {"quittance_reference": "pay_1-1"}},
        "evidence_details": {"due_by": DUE, "submission_count": 0},
        "balance_transactions": [{"fee": 1_500, "currency": "usd", "amount": -10_000}],
        **changes,
    }


class There:
    """Stripe's door: what it answers, in turn, and what came in."""

    def __init__(self, *answers: tuple[int, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return httpx2.Response(status, json=body)

    def provider(self, *, honours: bool = True) -> Provider:
        profile = ProviderProfile(
            *("STRIPE", ProviderKind.STRIPE, "https://api.stripe.com", "sk_test_1", ("whsec_1",)),
            settles_within=timedelta(seconds=30),
            authorization_lasts=timedelta(days=7),
            honours_idempotency_keys=honours,
        )
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self))
        return plugged(profile, http, Timeouts(1, 1), lambda: NOW)

    @property
    def targets(self) -> list[str]:
        return [f"{one.method} {one.url.host}{one.url.path}" for one in self.asked]


FILE = Enclosure(EvidenceFile.RECEIPT, "file_1", MediaType.PDF, b"%PDF-1.7 and the rest")
SAID = Said("du_1", "dp_1-chargeback-1", {EvidenceText.EXPLANATION: "They wore it."}, (FILE,))
ACCEPTED = Said("du_1", "dp_1-chargeback-accept")


def test_all_that_can_be_said_has_a_place_there() -> None:
    assert set(TEXTS) == set(EvidenceText)
    assert set(FILES) == set(EvidenceFile)


def test_a_dispute_is_read_with_our_name_of_its_payment() -> None:
    there = found(dispute())

    assert (there.reference, there.payment) == ("du_1", "pay_1-1")
    assert (there.amount, there.fee) == (Money(10_000, "USD"), Money(1_500, "USD"))
    assert (there.status, there.answered) == (S.NEEDS_RESPONSE, False)
    assert (there.reason, there.raw_reason) == (
        DisputeReason.NOT_RECEIVED,
        "product_not_received",
    )
    assert there.opened_at == datetime.fromtimestamp(CREATED, UTC)
    assert there.due_at == datetime.fromtimestamp(DUE, UTC)


@pytest.mark.parametrize(
    ("rows", "fee"),
    [
        ([], 0),
        (None, 0),
        ([{"fee": 1_500, "currency": "usd"}, {"fee": -1_500, "currency": "usd"}], 0),
        ([{"fee": 1_500, "currency": "usd"}, {"fee": 0, "currency": "usd"}], 1_500),
    ],
)
def test_the_fee_is_what_is_kept_in_all_in_the_payments_currency(rows: Any, fee: int) -> None:
    there = found(dispute(balance_transactions=rows))

    assert (there.fee, there.other_fees) == (Money(fee, "USD"), ())


def test_what_is_kept_in_other_currencies_is_told_beside_it() -> None:
    rows = [
        {"fee": 1_500, "currency": "usd"},
        {"fee": 1_300, "currency": "eur"},
        {"fee": 200, "currency": "eur"},
        {"fee": 900, "currency": "gbp"},
        {"fee": -900, "currency": "gbp"},
    ]

    there = found(dispute(balance_transactions=rows))

    assert (there.fee, there.other_fees) == (Money(1_500, "USD"), (Money(1_500, "EUR"),))


@pytest.mark.parametrize("status", list(S))
def test_their_statuses_are_ours(status: DisputeStatus) -> None:
    assert found(dispute(status=status.value)).status is status
    assert found(dispute(status="prevented")).status is S.WARNING_CLOSED


async def test_one_is_asked_after_with_its_payment() -> None:
    there = There((200, dispute()), (404, {"error": {"code": "resource_missing"}}))
    provider = there.provider()

    assert (await provider.dispute("du_1")) == found(dispute())
    assert await provider.dispute("du_2") is None
    assert there.targets[0] == "GET api.stripe.com/v1/disputes/du_1"
    assert "payment_intent" in dict(parse_qsl(there.asked[0].url.query.decode())).values()


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (401, {"error": {"type": "invalid_request_error"}}),
        (200, dispute(status="odd")),
        (200, dispute(id="du_2")),
        (200, {"object": "dispute"}),
        httpx2.ReadTimeout("slow"),
        httpx2.ConnectError("away"),
    ],
)
async def test_what_cannot_be_understood_is_no_word(answer: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        await There(answer).provider().dispute("du_1")


async def test_files_go_first_and_the_evidence_names_them() -> None:
    there = There((200, {"id": "file_there"}), (200, dispute(**UNDER_REVIEW)))

    answer = await there.provider().respond(SAID)

    assert answer.kind is K.ACCEPTED
    assert there.targets == [
        "POST files.stripe.com/v1/files",
        "POST api.stripe.com/v1/disputes/du_1",
    ]
    file, evidence = there.asked
    assert b"dispute_evidence" in file.content
    assert FILE.content in file.content
    assert b'filename="receipt.pdf"' in file.content
    assert file.headers["idempotency-key"] == "dp_1-chargeback-1-file_1"
    assert dict(parse_qsl(evidence.content.decode())) == {
        "evidence[uncategorized_text]": "They wore it.",
        "evidence[receipt]": "file_there",
        "submit": "true",
        "metadata[quittance_reference]": "dp_1-chargeback-1",
    }
    assert evidence.headers["idempotency-key"] == "dp_1-chargeback-1"


UNDER_REVIEW = {"status": "under_review", "evidence_details": {"submission_count": 1}}
GIVEN = (200, {"id": "file_there"})
INVALID = {"error": {"type": "invalid_request_error", "code": "parameter_invalid"}}


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([(400, INVALID)], K.DECLINED),
        ([(500, {})], K.NOT_SENT),
        ([httpx2.ReadTimeout("slow")], K.NOT_SENT),
        ([GIVEN, (400, INVALID)], K.DECLINED),
        ([GIVEN, (429, {"error": {"code": "rate_limit"}})], K.NOT_SENT),
        ([GIVEN, (500, {})], K.UNKNOWN),
        ([GIVEN, (200, dispute())], K.UNKNOWN),
        ([GIVEN, (200, {"object": "dispute"})], K.UNKNOWN),
        ([GIVEN, httpx2.ConnectError("away")], K.NOT_SENT),
        ([GIVEN, httpx2.ReadTimeout("slow")], K.UNKNOWN),
    ],
)
async def test_how_an_answer_can_end(answers: list[Any], kind: OutcomeKind) -> None:
    assert (await There(*answers).provider().respond(SAID)).kind is kind


async def test_one_is_accepted_by_closing_it() -> None:
    there = There((200, dispute(status="lost")))

    assert (await there.provider().respond(ACCEPTED)).kind is K.ACCEPTED
    assert there.targets == ["POST api.stripe.com/v1/disputes/du_1/close"]


async def test_who_ignores_keys_is_asked_before() -> None:
    there = There((200, dispute(**UNDER_REVIEW)))

    assert (await there.provider(honours=False).respond(SAID)).kind is K.ACCEPTED
    assert there.targets == ["GET api.stripe.com/v1/disputes/du_1"]


@pytest.mark.parametrize(
    ("there", "ago", "kind"),
    [
        (dispute(), 29, K.UNKNOWN),
        (dispute(), 30, K.NOT_SENT),
        (dispute(**UNDER_REVIEW), 0, K.ACCEPTED),
        (dispute(status="lost"), 0, K.DECLINED),
    ],
)
async def test_what_became_of_an_answer(there: dict[str, Any], ago: int, kind: OutcomeKind) -> None:
    provider = There((200, there)).provider()
    sent_by = NOW - timedelta(seconds=ago)

    answer = await provider.responded("du_1", Response.EVIDENCE, sent_by=sent_by)

    assert answer.kind is kind


def test_a_webhook_tells_of_the_dispute_by_our_name() -> None:
    event = {
        "id": "evt_1",
        "type": "charge.dispute.created",
        "created": CREATED,
        "data": {"object": dispute(payment_intent="pi_1")},
    }
    raw = json.dumps(event).encode()
    at = datetime.now(UTC)
    header = stripe.WebhookSignature.generate_signature_header(
        raw.decode(), "whsec_1", int(at.timestamp())
    )

    told = webhooks.told(raw, {"Stripe-Signature": header}, ["whsec_1"], at, "STRIPE")

    assert (told.meaning, told.reference) == (Meaning.DISPUTE, ids.dispute_id("STRIPE", "du_1"))
    assert told.amount == Money(10_000, "USD")
    assert told.dispute is not None
    assert (told.dispute.order.reference, told.dispute.status) == ("du_1", S.NEEDS_RESPONSE)
