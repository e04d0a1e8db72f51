"""Payments at banks without a browser: each of their ends, and everything that can come between."""

import asyncio
from typing import Any

import pytest

from tests.api.bank_shop import BankShop
from tests.api.shop import Acquirer, Shop
from tests.card_audit import CardAudit

TAKEN = ["authorize", "capture"]


@pytest.fixture
def banks(shop: Shop) -> BankShop:
    return BankShop(shop)


async def test_a_customer_who_never_answers_lets_it_expire(
    banks: BankShop, north: Acquirer, audit: CardAudit
) -> None:
    north.tell(challengeLifeMs=1_500)
    order = banks.order()
    payment = (await banks.shop.create(order)).data

    case = await audit.ends(payment, "expired")

    assert (case.booked("authorize"), case.booked("capture")) == (0, 0)
    seen = await banks.shop.show(payment)
    assert (seen["declineCode"], seen["reason"]) == ("P2019", "action_expired")
    assert seen["nextAction"] is None
    # The customer who comes back now, and the partner who asks for the same payment again.
    confirmed = await banks.shop.do("confirm", payment)
    assert (confirmed.http_status, confirmed.code) == (409, "P2106")
    again = await banks.shop.create(order)
    assert (again.http_status, again.code, again.data) == (402, "P2019", seen)


async def test_a_partner_who_cancels_takes_the_page_away(banks: BankShop, audit: CardAudit) -> None:
    payment = await banks.begun()

    canceled = await banks.shop.do("cancel", payment)
    sent_to = await banks.decide(payment, "approve")

    assert (canceled.code, canceled.data["status"]) == ("P0000", "canceled")
    assert "state=VOIDED" in sent_to
    case = await audit.fits(payment)
    assert (case.booked("authorize"), case.booked("capture")) == (0, 0)


@pytest.mark.parametrize("end", ["canceled", "expired"])
async def test_a_yes_that_comes_too_late_goes_back_to_the_customer(
    banks: BankShop, north: Acquirer, audit: CardAudit, end: str
) -> None:
    payment = await banks.begun("LATE")
    if end == "expired":
        north.ends(payment)
    else:
        assert (await banks.shop.do("cancel", payment)).code == "P0000"
    await banks.shop.until_status(payment, end)
    told = await banks.shop.show(payment)

    assert "state=CAPTURED" in await banks.decide(payment, "approve")

    await gone_back(banks, audit, payment)
    case = await audit.ends(payment, end)
    assert (case.booked("capture"), case.sent_back) == (1000, 1000)
    assert kinds(case.events[case.id]) == ["requires_action", end, "late_success", "reversed"]
    assert not any(case.accounts.values())
    assert await banks.shop.show(payment) == told


async def test_a_no_that_becomes_a_yes_goes_back_to_the_customer(
    banks: BankShop, audit: CardAudit
) -> None:
    payment = await banks.begun("FICKLE")
    await banks.decide(payment, "approve")

    confirmed = await banks.shop.do("confirm", payment)

    assert (confirmed.http_status, confirmed.data["status"]) == (402, "failed")
    await gone_back(banks, audit, payment)
    case = await audit.ends(payment, "failed")
    assert kinds(case.events[case.id]) == ["requires_action", "failed", "late_success", "reversed"]
    assert not any(case.accounts.values())


async def gone_back(banks: BankShop, audit: CardAudit, payment: dict[str, Any]) -> None:
    async def back() -> bool:
        return (await audit.case(payment)).sent_back > 0

    await banks.shop.until(back, f"the late money of {payment['id']} does not go back")


def kinds(told: list[tuple[int, str]]) -> list[str]:
    return [kind.removeprefix("payment.") for _, kind in told]


async def test_a_bank_whose_answer_got_lost_is_asked_and_nobody_is_sent_there_twice(
    banks: BankShop, audit: CardAudit
) -> None:
    answer = await banks.begin("STORMY")
    assert (answer.http_status, answer.code) == (202, "P0001")
    assert answer.data["status"] in ("processing", "requires_action")
    payment = await banks.shop.until_status(answer.data, "requires_action")

    await banks.decide(payment, "approve")

    assert (await banks.shop.do("confirm", payment)).data["status"] == "captured"
    case = await audit.fits(payment)
    assert [each.kind for each in case.effects] == TAKEN
    assert len(case.attempts) == 1


async def test_a_return_that_the_bank_leaves_unanswered_is_asked_on(
    banks: BankShop, north: Acquirer, audit: CardAudit
) -> None:
    payment = await banks.begun("SILENT")
    await banks.decide(payment, "approve")
    north.tell("error_before_effect", operations=["inquire"], times=2)

    confirmed = await banks.shop.do("confirm", payment)

    assert confirmed.data["status"] in ("requires_action", "processing", "captured")
    case = await audit.ends(payment, "captured")
    assert [each.kind for each in case.effects] == TAKEN


async def test_a_bank_that_thinks_is_waited_for(banks: BankShop, audit: CardAudit) -> None:
    payment = await banks.begun("FOGGY")
    await banks.decide(payment, "approve")

    confirmed = await banks.shop.do("confirm", payment)

    assert (confirmed.code, confirmed.data["status"]) == ("P0001", "processing")
    assert confirmed.data["nextAction"] is None
    assert (await banks.shop.do("confirm", payment)).data["status"] in ("processing", "captured")
    case = await audit.ends(payment, "captured")
    assert [each.kind for each in case.effects] == TAKEN


async def test_a_bank_that_is_closed_is_a_no_at_once(banks: BankShop, audit: CardAudit) -> None:
    answer = await banks.begin("CLOSED")

    assert (answer.http_status, answer.code) == (402, "P2006")
    assert (await audit.fits(answer.data)).effects == []


async def test_another_amount_than_was_ordered_is_not_kept(
    banks: BankShop, north: Acquirer, audit: CardAudit
) -> None:
    payment = await banks.begun("SILENT")
    await banks.decide(payment, "approve")
    north.tell("lying_amount", operations=["inquire"], times=1)

    confirmed = await banks.shop.do("confirm", payment)

    assert (confirmed.http_status, confirmed.code) == (402, "P2016")
    await gone_back(banks, audit, payment)
    case = await audit.ends(payment, "failed")
    assert (case.booked("capture"), case.sent_back) == (1000, 1000)


async def test_nothing_that_anybody_says_is_believed(
    banks: BankShop, north: Acquirer, audit: CardAudit
) -> None:
    """Neither a browser that is back nor a signed event: the bank has nothing, and is asked."""
    payment = await banks.begun()

    returned = [await banks.shop.do("confirm", payment) for _ in range(2)]
    lie = await north.send(banks.partner, north.event(payment, "CAPTURED"))

    assert {(each.code, each.data["status"]) for each in returned} == {("P0001", "requires_action")}
    assert lie.http_status == 200
    assert (await banks.shop.do("confirm", payment)).data["status"] == "requires_action"
    assert (await audit.case(payment)).effects == []
    await banks.decide(payment, "no_money")
    assert (await banks.shop.do("confirm", payment)).code == "P2001"
    await audit.fits(payment)


async def test_everybody_comes_back_at_once(banks: BankShop, audit: CardAudit) -> None:
    """The customer's tabs, and the bank's webhook, which comes twice."""
    payment = await banks.begun("TWICE")
    await banks.decide(payment, "approve")

    answers = await asyncio.gather(*(banks.shop.do("confirm", payment) for _ in range(6)))

    assert {(each.code, each.data["status"]) for each in answers} == {("P0000", "captured")}
    case = await audit.fits(payment)
    assert [each.kind for each in case.effects] == TAKEN
    assert kinds(case.events[case.id]) == ["requires_action", "captured"]


async def test_without_a_return_the_bank_s_webhook_settles_it(
    banks: BankShop, audit: CardAudit
) -> None:
    payment = await banks.begun("TWICE")

    await banks.decide(payment, "approve")

    case = await audit.ends(payment, "captured")
    assert [each.kind for each in case.effects] == TAKEN
    assert kinds(case.events[case.id]) == ["requires_action", "captured"]


async def test_without_return_and_webhook_the_end_of_the_time_finds_the_money(
    banks: BankShop, north: Acquirer, audit: CardAudit
) -> None:
    north.tell(challengeLifeMs=2_000)
    payment = await banks.begun("SILENT")

    await banks.decide(payment, "approve")

    case = await audit.ends(payment, "captured")
    assert [each.kind for each in case.effects] == TAKEN


async def test_the_same_question_is_the_same_payment_at_every_moment(
    banks: BankShop, audit: CardAudit
) -> None:
    order = banks.order()

    first = await asyncio.gather(*(banks.shop.create(order) for _ in range(6)))
    payment = first[0].data
    await banks.decide(payment, "approve")
    await banks.shop.do("confirm", payment)
    late = await banks.shop.create(order)

    assert len({(each.data["id"], str(each.data["nextAction"])) for each in first}) == 1
    assert (late.code, late.data["id"], late.data["status"]) == (
        *("P0000", payment["id"], "captured"),
    )
    case = await audit.fits(payment)
    assert [each.kind for each in case.effects] == TAKEN


async def test_a_yes_and_a_cancel_at_once_end_in_one_of_the_two(
    banks: BankShop, audit: CardAudit
) -> None:
    """Whoever was first: what is captured stays, and money of a cancelled payment goes back."""
    payments = [await banks.begun() for _ in range(4)]

    async def race(payment: dict[str, Any]) -> tuple[str, int]:
        _, canceled = await asyncio.gather(
            banks.decide(payment, "approve"), banks.shop.do("cancel", payment)
        )
        assert (canceled.code, canceled.data.get("status")) in (
            *(("P0000", "canceled"), ("P2106", None)),
        )
        end = "canceled" if canceled.code == "P0000" else "captured"
        case = await audit.ends(payment, end)
        return end, case.booked("capture") - case.sent_back

    ended = await asyncio.gather(*(race(each) for each in payments))

    assert set(ended) <= {("canceled", 0), ("captured", 1000)}


async def test_a_large_payment_waits_for_a_person_before_anybody_is_sent_anywhere(
    banks: BankShop, audit: CardAudit
) -> None:
    held = await banks.begin(amount="500000.01")
    assert (held.http_status, held.code, held.data["status"]) == (202, "P0001", "review")
    assert held.data["nextAction"] is None
    assert (await audit.case(held.data)).attempts == []

    banks.shop.gateway.cli("review", held.data["id"], "--by", "ann", "--approve")

    payment = await banks.shop.until_status(held.data, "requires_action")
    await banks.decide(payment, "approve")
    assert (await banks.shop.do("confirm", payment)).data["status"] == "captured"
    assert (await audit.fits(payment)).booked("capture") == 50_000_001
