"""The rail's answers and ours, as tables: what does not fit the question is unknown."""

from dataclasses import replace
from typing import Any

import pytest

from api.inbound.payouts import on_payout
from api.inbound.verdict import Next
from payments.adapters.rails.sandbox import mapping
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payout import PayoutStatus
from payments.domain.rail import TransferState
from payments.outside.wire import Reply
from payments.ports.inbox import InboundState
from payments.ports.provider import Meaning, Says, Told
from payments.ports.rail import RailUnavailable
from tests.payout_factories import make_destination, make_payout
from tests.payout_fakes import FakePayouts

K, T, S, P = OutcomeKind, TransferState, Says, PayoutStatus
ORDER = make_payout(make_destination(), 1_000)


def transfer(**changes: Any) -> dict[str, Any]:
    return {
        "id": "tr_1",
        "reference": ORDER.payout_id,
        "amount": "10.00",
        "currency": "USD",
        "state": "SENT",
        "reason": None,
        **changes,
    }


@pytest.mark.parametrize(
    ("status", "body", "kind", "state", "code"),
    [
        (201, transfer(), K.ACCEPTED, T.SENT, None),
        (200, transfer(state="PAID"), K.ACCEPTED, T.PAID, None),
        (
            *(200, transfer(state="FAILED", reason="ACCOUNT_UNKNOWN"), K.ACCEPTED),
            *(T.FAILED, Code.ACCOUNT_UNKNOWN),
        ),
        (
            *(200, transfer(state="RETURNED", reason="NOBODY_KNOWS"), K.ACCEPTED),
            *(T.RETURNED, Code.PAYOUT_REJECTED),
        ),
        (200, transfer(amount="10.01"), K.UNKNOWN, None, None),
        (200, transfer(currency="EUR"), K.UNKNOWN, None, None),
        (200, transfer(reference="po_other"), K.UNKNOWN, None, None),
        (200, transfer(state="LOST"), K.UNKNOWN, None, None),
        (200, transfer(amount=10), K.UNKNOWN, None, None),
        (200, None, K.UNKNOWN, None, None),
        (500, {"error": "INTERNAL_ERROR"}, K.UNKNOWN, None, None),
        (502, None, K.UNKNOWN, None, None),
        (409, {"error": "REFERENCE_USED"}, K.UNKNOWN, None, None),
        (422, {"error": "KEY_REUSED"}, K.UNKNOWN, None, None),
        (422, None, K.UNKNOWN, None, None),
        (422, {"error": "ACCOUNT_CLOSED"}, K.DECLINED, None, Code.ACCOUNT_CLOSED),
        (400, {"error": "BECAUSE"}, K.DECLINED, None, Code.PAYOUT_REJECTED),
        (503, {"error": "UNAVAILABLE"}, K.NOT_SENT, None, None),
        (503, None, K.UNKNOWN, None, None),
        (429, None, K.NOT_SENT, None, None),
        (401, {"error": "UNAUTHORIZED"}, K.NOT_SENT, None, None),
        (401, None, K.UNKNOWN, None, None),
    ],
)
def test_what_became_of_a_transfer_just_handed_over(
    status: int, body: Any, kind: OutcomeKind, state: TransferState | None, code: Code | None
) -> None:
    answer = mapping.sent(Reply(status, body), ORDER)

    assert (answer.kind, answer.state, answer.code) == (kind, state, code)


@pytest.mark.parametrize(
    ("status", "body", "settled", "kind"),
    [
        (200, transfer(), False, K.ACCEPTED),
        (404, {"error": "TRANSFER_NOT_FOUND"}, False, K.UNKNOWN),
        (404, {"error": "TRANSFER_NOT_FOUND"}, True, K.NOT_SENT),
        (404, {"error": "NO_SUCH_ROUTE"}, True, K.UNKNOWN),
        (404, None, True, K.UNKNOWN),
        (503, {"error": "UNAVAILABLE"}, True, K.UNKNOWN),
    ],
)
def test_only_a_rail_that_would_see_it_by_now_proves_that_it_never_came(
    status: int, body: Any, settled: bool, kind: OutcomeKind
) -> None:
    assert mapping.inquiry(Reply(status, body), ORDER, settled=settled).kind is kind


def test_only_a_clear_word_verifies() -> None:
    assert mapping.verification(Reply(200, {"state": "VERIFIED"})).verified
    no = mapping.verification(Reply(200, {"state": "REFUSED", "reason": "NAME_DIFFERS"}))
    assert (no.verified, no.reason) == (False, "name_differs")
    for reply in (Reply(200, {}), Reply(200, None), Reply(500, {"state": "VERIFIED"})):
        with pytest.raises(RailUnavailable):
            mapping.verification(reply)


async def standing(status: PayoutStatus) -> Any:
    record = FakePayouts()
    await record.begin(ORDER)
    return replace(record.rows[ORDER.payout_id], status=status)


@pytest.mark.parametrize(
    ("status", "says", "next_", "state"),
    [
        (P.QUEUED, S.PAYOUT_SENT, Next.ASK, InboundState.APPLIED),
        (P.QUEUED, S.PAYOUT_PAID, Next.ASK, InboundState.APPLIED),
        (P.SENT, S.PAYOUT_SENT, Next.KEEP, InboundState.APPLIED),
        (P.SENT, S.PAYOUT_PAID, Next.ASK, InboundState.APPLIED),
        (P.SENT, S.PAYOUT_RETURNED, Next.ASK, InboundState.APPLIED),
        (P.PAID, S.PAYOUT_SENT, Next.KEEP, InboundState.APPLIED),
        (P.PAID, S.PAYOUT_PAID, Next.KEEP, InboundState.APPLIED),
        (P.PAID, S.PAYOUT_RETURNED, Next.BEGIN, InboundState.APPLIED),
        (P.PAID, S.PAYOUT_FAILED, Next.KEEP, InboundState.QUARANTINED),
        (P.FAILED, S.PAYOUT_FAILED, Next.KEEP, InboundState.APPLIED),
        (P.FAILED, S.PAYOUT_PAID, Next.KEEP, InboundState.QUARANTINED),
        (P.RETURNED, S.PAYOUT_PAID, Next.KEEP, InboundState.APPLIED),
        (P.CANCELED, S.PAYOUT_PAID, Next.KEEP, InboundState.QUARANTINED),
        (P.ON_HOLD, S.PAYOUT_SENT, Next.KEEP, InboundState.QUARANTINED),
    ],
)
async def test_an_event_is_news_known_or_a_contradiction(
    status: PayoutStatus, says: Says, next_: Next, state: InboundState
) -> None:
    told = Told("evt_1", "transfer.updated", Meaning.PAYOUT, ORDER.payout_id, says=says)

    verdict = on_payout(told, "GIRO", await standing(status))

    assert (verdict.next, verdict.state) == (next_, state)


async def test_an_event_of_nothing_of_ours_is_set_aside() -> None:
    told = Told("evt_1", "transfer.updated", Meaning.PAYOUT, ORDER.payout_id, says=S.PAYOUT_PAID)
    known = await standing(P.SENT)
    another = Told(
        *("evt_1", "transfer.updated", Meaning.PAYOUT, ORDER.payout_id),
        amount=Money(1_001, "USD"),
        says=S.PAYOUT_PAID,
    )

    assert on_payout(told, "PUSH", known).state is InboundState.QUARANTINED
    assert on_payout(another, "GIRO", known).state is InboundState.QUARANTINED
