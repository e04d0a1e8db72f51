"""A dispute is followed to its end, answered once, and its money is where the provider says."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from payments.domain.codes import Code
from payments.domain.dispute import (
    DisputeStatus,
    Response,
    ResponseOrder,
    ResponseState,
    Unopened,
)
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from tests.patience import until
from tests.provider_script import How
from tests.workflows.card_desk import CardDesk
from tests.workflows.disputing import WEEK, Disputing, disputed, opened, warned

S = DisputeStatus
NO_FEE = Money(0, "USD")


def taken(dispute: Disputing) -> int:
    """What the ledger says that the provider has taken back of the captured payment."""
    return 10_000 - dispute.desk.balance().get("provider_receivable", 0)


async def test_a_chargeback_opens_with_its_money(cards: CardDesk) -> None:
    dispute = await disputed(cards)

    answer = await dispute.told()

    assert answer.dispute == dispute.row
    assert dispute.row.status is S.NEEDS_RESPONSE
    assert dispute.events == ["created"]
    assert taken(dispute) == 11_500


@pytest.mark.parametrize(
    ("end", "fee", "left"), [(S.WON, 0, 0), (S.WON, 1_500, 1_500), (S.LOST, 1_500, 11_500)]
)
async def test_the_provider_decides(
    cards: CardDesk, end: DisputeStatus, fee: int, left: int
) -> None:
    dispute = await opened(cards)
    dispute.decide(S.UNDER_REVIEW)
    await dispute.told()

    dispute.decide(end, fee=Money(fee, "USD"))
    await dispute.told()

    ended = await dispute.handle.result()
    assert ended.dispute is not None
    assert ended.dispute.status is end
    assert dispute.events == ["created", "updated", "closed"]
    assert taken(dispute) == left


async def test_a_warning_is_closed_without_money(cards: CardDesk) -> None:
    dispute = await warned(cards)
    dispute.decide(S.WARNING_CLOSED)

    await dispute.told()

    assert (await dispute.handle.result()).dispute == dispute.row
    assert dispute.events == ["created", "closed"]
    assert taken(dispute) == 0


async def test_a_warning_becomes_a_chargeback_that_is_answered_anew(cards: CardDesk) -> None:
    dispute = await warned(cards)
    version = await dispute.said()
    await dispute.respond(version)
    assert dispute.row.status is S.WARNING_UNDER_REVIEW
    dispute.decide(S.NEEDS_RESPONSE, fee=Money(1_500, "USD"), answered=False)
    await dispute.told()

    answer = await dispute.respond(version)

    assert answer.dispute is not None
    assert answer.dispute.status is S.UNDER_REVIEW
    keys = [said.key.rsplit("-", 2)[1:] for said in cards.north.said]
    assert keys == [["warning", "1"], ["chargeback", "1"]]
    assert taken(dispute) == 11_500


async def test_evidence_goes_out_once_with_all_that_is_in_it(cards: CardDesk) -> None:
    dispute = await opened(cards)
    version = await dispute.said()

    first, again = await asyncio.gather(dispute.respond(version), dispute.respond(version))

    assert first.dispute is not None
    assert again.dispute is not None
    assert dispute.row.status is S.UNDER_REVIEW
    assert dispute.row.response_state is ResponseState.TAKEN
    [said] = cards.north.said
    assert list(said.texts.values()) == ["They wore it for a year."]
    assert [file.content[:4] for file in said.enclosures] == [b"\x89PNG"]
    # Histories hold its number alone.
    history = (await dispute.handle.fetch_history()).to_json()
    assert "wore" not in history
    assert "explanation" not in history


async def test_what_is_accepted_is_lost(cards: CardDesk) -> None:
    dispute = await opened(cards)

    answer = await dispute.respond()

    assert answer.dispute is not None
    assert answer.dispute.status is S.LOST
    assert (await dispute.handle.result()).dispute == dispute.row
    assert dispute.events == ["created", "closed"]


@pytest.mark.parametrize("how", [How.LOSE_ANSWER, How.BREAK, How.LOSE_REQUEST, How.UNREACHABLE])
async def test_an_answer_of_unknown_outcome_is_asked_after(cards: CardDesk, how: How) -> None:
    dispute = await opened(cards)
    version = await dispute.said()
    cards.north.responses.append(how)

    answer = await dispute.respond(version)

    assert answer.refused is None
    assert dispute.row.status is S.UNDER_REVIEW
    assert len(cards.north.said) == 1
    sent = [call for call in cards.north.calls if call.startswith("respond ")]
    assert len(set(sent)) == 1
    assert len(sent) == (2 if how in (How.LOSE_REQUEST, How.UNREACHABLE) else 1)


async def test_a_refused_answer_may_be_followed_by_another(cards: CardDesk) -> None:
    dispute = await opened(cards)
    version = await dispute.said()
    cards.north.responses.append(OutcomeKind.DECLINED)

    refused = await dispute.respond(version)
    accepted = await dispute.respond(version)

    assert refused.refused is Code.ANSWER_REFUSED
    assert accepted.refused is None
    assert dispute.row.response_state is ResponseState.TAKEN


async def test_what_the_record_refuses_is_told_and_not_sent(cards: CardDesk) -> None:
    dispute = await opened(cards)
    version = await dispute.said()
    assert (await dispute.respond(7)).refused is Code.EVIDENCE_MISSING
    await dispute.respond(version)

    assert (await dispute.respond()).refused is Code.DISPUTE_ANSWERED
    dispute.decide(S.LOST)
    await dispute.told()
    assert (await dispute.respond()).refused is Code.DISPUTE_ANSWERED
    assert len(cards.north.said) == 1


async def test_reminders_come_before_the_due_date_and_then_the_provider_is_asked(
    cards: CardDesk,
) -> None:
    dispute = await opened(cards)

    await cards.skip(dispute.handle, WEEK - timedelta(days=3, hours=-1))
    await dispute.until_event("evidence_due")
    assert dispute.row.reminded == 1
    await cards.skip(dispute.handle, timedelta(days=2))
    await dispute.until_reminded(2)
    assert [call for call in cards.disputes.calls if call.startswith("remind")] == [
        f"remind 1 {dispute.order.dispute_id}",
        f"remind 2 last {dispute.order.dispute_id}",
    ]
    dispute.decide(S.LOST)
    await cards.skip(dispute.handle, timedelta(days=1, hours=1))

    ended = await dispute.handle.result()
    assert ended.dispute is not None
    assert ended.dispute.status is S.LOST
    assert dispute.events == ["created", "evidence_due", "evidence_due", "closed"]


async def test_who_has_answered_is_not_reminded_and_a_lost_webhook_is_made_up_for(
    cards: CardDesk,
) -> None:
    dispute = await opened(cards)
    await dispute.respond(await dispute.said())
    dispute.decide(S.WON, fee=NO_FEE)

    await cards.skip(dispute.handle, timedelta(days=1, minutes=1))

    assert (await dispute.handle.result()).dispute == dispute.row
    assert dispute.events == ["created", "updated", "closed"]
    assert taken(dispute) == 0


async def test_a_webhook_without_a_provider_is_answered_and_asked_after(cards: CardDesk) -> None:
    dispute = await opened(cards)
    cards.north.silent = True
    dispute.decide(S.UNDER_REVIEW)

    still = await dispute.told()

    assert still.dispute is not None
    assert still.dispute.status is S.NEEDS_RESPONSE
    cards.north.silent = False
    await dispute.until_status(S.UNDER_REVIEW)


async def test_what_contradicts_the_record_changes_nothing(cards: CardDesk) -> None:
    dispute = await opened(cards)
    dispute.decide(S.UNDER_REVIEW)
    await dispute.told()

    dispute.decide(S.NEEDS_RESPONSE)
    told = await dispute.told()

    assert told.dispute == dispute.row
    assert dispute.row.status is S.UNDER_REVIEW
    assert dispute.events == ["created", "updated"]


async def test_a_dispute_of_nobodys_payment_is_not_opened_until_it_is_ours(
    cards: CardDesk,
) -> None:
    dispute = await disputed(cards, payment="pay_nobodys-1")
    assert (await dispute.told()).unopened is Unopened.NO_PAYMENT
    assert (await dispute.handle.result()).dispute is None

    dispute.decide(S.NEEDS_RESPONSE, payment=f"{dispute.payment.payment_id}-1")

    assert (await dispute.told()).dispute == dispute.row


async def test_a_dispute_that_the_provider_does_not_know_is_not_opened(cards: CardDesk) -> None:
    dispute = await disputed(cards)
    cards.north.disputes.clear()

    assert (await dispute.told()).unopened is Unopened.NOT_THERE


async def test_a_closed_dispute_is_looked_at_again_for_its_fee(cards: CardDesk) -> None:
    dispute = await opened(cards)
    dispute.decide(S.LOST)
    await dispute.told()
    await dispute.handle.result()

    dispute.decide(S.LOST, fee=NO_FEE)
    await dispute.told()

    assert taken(dispute) == 10_000
    assert dispute.events == ["created", "closed", "closed"]


async def test_a_run_that_is_lost_in_mid_answer_is_followed_by_one_that_finishes_it(
    cards: CardDesk,
) -> None:
    dispute = await opened(cards)
    version = await dispute.said()
    await dispute.handle.terminate()
    order = ResponseOrder(dispute.order.dispute_id, Response.EVIDENCE, datetime.now(UTC), version)
    await cards.disputes.answer(order)

    await dispute.told()
    await dispute.until_status(S.UNDER_REVIEW)

    assert len(cards.north.said) == 1
    assert dispute.row.response_state is ResponseState.TAKEN


async def test_temporals_cancel_button_does_not_lose_a_dispute(cards: CardDesk) -> None:
    dispute = await opened(cards)
    await dispute.handle.cancel()
    await cards.until_cancel_arrived(dispute.handle)

    dispute.decide(S.LOST)
    await dispute.told()

    assert (await dispute.handle.result()).dispute == dispute.row
    assert dispute.row.status is S.LOST


async def test_an_outage_of_the_record_delays_and_loses_nothing(cards: CardDesk) -> None:
    dispute = await disputed(cards)
    cards.disputes.unavailable = True
    telling = asyncio.create_task(dispute.told())

    async def tried() -> bool:
        return bool(cards.disputes.calls)

    await until(tried, 20, "nothing was written")

    cards.disputes.unavailable = False

    assert (await telling).dispute == dispute.row
    assert taken(dispute) == 11_500
