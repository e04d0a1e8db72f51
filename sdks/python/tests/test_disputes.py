"""Disputes through the SDK: what it asks, and what it makes of the answers."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from quittance import DisputeStatus, DisputeUnknown, EvidenceRefused

DISPUTE = {
    "id": "dp_1",
    "paymentId": "pay_1",
    "status": "needs_response",
    "amount": "10.00",
    "currency": "USD",
    "fee": "15.00",
    "alreadyReturned": "2.00",
    "reason": "not_received",
    "providerReason": "13.1",
    "dueAt": "2026-11-28T07:00:00.000Z",
    "response": None,
    "createdAt": "2026-11-21T07:00:00.000Z",
    "updatedAt": "2026-11-21T07:00:00.000Z",
    "closedAt": None,
}
FILE = {
    "id": "file_1",
    "type": "image/png",
    "sizeBytes": 3,
    "sha256": "00",
    "createdAt": "2026-11-21T07:00:00.000Z",
}
VERSION = {
    "version": 2,
    "texts": {"explanation": "They wore it."},
    "files": {"receipt": "file_1"},
    "createdAt": "2026-11-21T07:00:00.000Z",
}


def told(gateway, data, code="P0000", http_status=200):
    return lambda request: gateway.envelope(request, code, data, http_status=http_status)


def test_a_dispute_is_read_with_all_that_is_known(gateway, connect):
    sending = {"type": "evidence", "version": 2, "state": "sending"}
    gateway.replies = [told(gateway, DISPUTE), told(gateway, DISPUTE | {"response": sending})]
    quittance = connect()

    dispute = quittance.disputes.get("dp_1")
    pending = quittance.disputes.get(dispute)

    assert (dispute.status, dispute.amount) == (DisputeStatus.NEEDS_RESPONSE, Decimal("10.00"))
    assert (dispute.fee, dispute.already_returned) == (Decimal("15.00"), Decimal("2.00"))
    assert dispute.due_at == datetime(2026, 11, 28, 7, tzinfo=UTC)
    assert (dispute.response, dispute.is_pending, dispute.is_final) == (None, False, False)
    assert (pending.response, pending.response_version) == ("evidence", 2)
    assert pending.is_pending


def test_a_file_goes_as_it_is_and_evidence_names_it(gateway, connect):
    gateway.replies = [told(gateway, FILE), told(gateway, VERSION), told(gateway, DISPUTE)]
    quittance = connect()

    file = quittance.disputes.give_file("dp_1", b"abc", "image/png")
    evidence = quittance.disputes.add_evidence(
        "dp_1", {"explanation": "They wore it."}, {"receipt": file}
    )
    quittance.disputes.submit("dp_1", evidence.version)

    sent = gateway.seen[-3:]
    assert [request.url.path for request in sent] == [
        f"/v1/disputes/dp_1/{verb}" for verb in ("files", "evidence", "submit")
    ]
    assert (sent[0].content, sent[0].headers["content-type"]) == (b"abc", "image/png")
    said = {"texts": {"explanation": "They wore it."}, "files": {"receipt": "file_1"}}
    assert json.loads(sent[1].content) == said
    assert json.loads(sent[2].content) == {"version": 2}
    assert all("idempotency-key" in request.headers for request in sent)
    assert "wore" not in repr(evidence)


def test_pages_follow_each_other(gateway, connect):
    gateway.replies = [
        told(gateway, {"disputes": [DISPUTE], "next": "dp_1"}),
        told(gateway, {"disputes": [DISPUTE | {"id": "dp_0"}], "next": None}),
    ]

    found = list(connect().disputes.list(status="needs_response", payment="pay_1"))

    assert [each.id for each in found] == ["dp_1", "dp_0"]
    assert gateway.seen[-1].url.params["after"] == "dp_1"


@pytest.mark.parametrize(
    ("code", "http_status", "kind"),
    [("P2202", 404, DisputeUnknown), ("P2207", 409, EvidenceRefused)],
)
def test_a_no_is_raised(code, http_status, kind, gateway, connect):
    gateway.replies = [told(gateway, None, code, http_status)]

    with pytest.raises(kind):
        connect().disputes.accept("dp_1")
