"""What an event about a dispute means, before anybody is asked; and when one is woken for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.inbound.disputes import on_dispute
from api.inbound.verdict import Next
from payments.domain.dispute import Dispute, DisputeReason, DisputeStatus, Response, ResponseState
from payments.domain.dispute_steps import Reminder, Sending, next_moment
from payments.domain.money import Money
from payments.ports.inbox import InboundState
from payments.ports.provider import DisputeTold, Meaning, Told
from tests.card_factories import NOW
from tests.dispute_factories import FEE, make_dispute_order

S = DisputeStatus
ORDER = make_dispute_order()
DUE = NOW + timedelta(days=7)
AGREED, ASKED = (Next.KEEP, InboundState.APPLIED), (Next.ASK, InboundState.APPLIED)
LOOKED_AT = (Next.KEEP, InboundState.QUARANTINED)
DAY = timedelta(days=1)


def make_dispute(status: DisputeStatus = S.NEEDS_RESPONSE) -> Dispute:
    return Dispute(
        dispute_id=ORDER.dispute_id,
        payment_id="pay_1",
        partner_id="partner_1",
        provider="NORTH",
        reference=ORDER.reference,
        amount=Money(10_000, "USD"),
        status=status,
        reason=DisputeReason.GENERAL,
        raw_reason="",
        fee_minor=FEE,
        taken_minor=0,
        returned_minor=0,
        due_at=DUE,
        reminded=0,
        response=None,
        response_version=None,
        response_state=None,
        opened_at=NOW,
        updated_at=NOW,
        closed_at=None,
    )


def told(status: DisputeStatus, *, minor: int = 10_000, fee: int = FEE, late: int = 0) -> Told:
    claims = DisputeTold(ORDER, status, Money(fee, "USD"), DUE + timedelta(days=late))
    return Told(
        *("evt_1", "dispute.updated", Meaning.DISPUTE, ORDER.dispute_id),
        amount=Money(minor, "USD"),
        dispute=claims,
    )


def test_a_dispute_that_nobody_knows_is_asked_after() -> None:
    assert on_dispute(told(S.LOST), None).next is Next.ASK


@pytest.mark.parametrize(
    ("standing", "says", "verdict"),
    [
        (S.NEEDS_RESPONSE, told(S.NEEDS_RESPONSE), AGREED),
        (S.NEEDS_RESPONSE, told(S.NEEDS_RESPONSE, late=1), ASKED),
        (S.LOST, told(S.LOST, fee=0), ASKED),
        (S.NEEDS_RESPONSE, told(S.UNDER_REVIEW), ASKED),
        (S.NEEDS_RESPONSE, told(S.WON), ASKED),
        (S.WARNING_UNDER_REVIEW, told(S.LOST), ASKED),
        (S.UNDER_REVIEW, told(S.NEEDS_RESPONSE), AGREED),
        (S.LOST, told(S.NEEDS_RESPONSE), AGREED),
        (S.LOST, told(S.WARNING_NEEDS_RESPONSE), AGREED),
        (S.LOST, told(S.WON), LOOKED_AT),
        (S.WON, told(S.LOST), LOOKED_AT),
        (S.WARNING_CLOSED, told(S.NEEDS_RESPONSE), LOOKED_AT),
        (S.NEEDS_RESPONSE, told(S.NEEDS_RESPONSE, minor=9_999), LOOKED_AT),
    ],
)
def test_only_what_can_come_next_is_news(
    standing: DisputeStatus, says: Told, verdict: tuple[Next, InboundState]
) -> None:
    found = on_dispute(says, make_dispute(standing))

    assert (found.next, found.state) == verdict


def reminder(number: int) -> Reminder:
    return Reminder(ORDER.dispute_id, number, number == 2)


SENT = replace(
    make_dispute(),
    response=Response.EVIDENCE,
    response_version=3,
    response_state=ResponseState.TAKEN,
)


@pytest.mark.parametrize(
    ("dispute", "days", "moment", "what"),
    [
        (make_dispute(), 0.0, 1.0, None),
        (make_dispute(), 3.5, 4.0, reminder(1)),
        (replace(make_dispute(), reminded=1), 4.0, 5.0, None),
        (replace(make_dispute(), reminded=1), 5.5, 6.0, reminder(2)),
        # It was due while nobody looked.
        (make_dispute(), 4.2, 4.0, reminder(1)),
        # It had passed when the time was told of.
        (replace(make_dispute(), updated_at=NOW + 5 * DAY), 5.2, 6.0, reminder(2)),
        (SENT, 5.9, 6.9, None),
        (make_dispute(S.UNDER_REVIEW), 6.9, 7.9, None),
        (replace(make_dispute(), due_at=None), 6.9, 7.9, None),
        (make_dispute(), 8.0, 9.0, None),
    ],
)
def test_it_is_woken_for_what_comes_first(
    dispute: Dispute, days: float, moment: float, what: Reminder | None
) -> None:
    if days > 6:
        dispute = replace(dispute, reminded=2)

    assert next_moment(dispute, NOW + days * DAY) == (NOW + moment * DAY, what)


def test_the_provider_is_asked_a_minute_after_it_was_due() -> None:
    dispute = replace(make_dispute(), reminded=2)

    moment, what = next_moment(dispute, DUE - timedelta(hours=1))

    assert (moment, what) == (DUE + timedelta(minutes=1), None)


def test_each_stage_and_version_has_a_key_of_its_own() -> None:
    keys = {
        Sending.of(replace(SENT, status=status, response_version=version)).key
        for status in (S.WARNING_NEEDS_RESPONSE, S.NEEDS_RESPONSE)
        for version in (1, 2)
    }
    accepted = replace(SENT, response=Response.ACCEPTANCE, response_version=None)

    assert keys | {Sending.of(accepted).key} == {
        f"{ORDER.dispute_id}-{name}"
        for name in ("warning-1", "warning-2", "chargeback-1", "chargeback-2", "chargeback-accept")
    }
