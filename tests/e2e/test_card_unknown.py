"""Acquirers that took the money and did not say so, or said no and took it all the same."""

import asyncio

from tests.api.shop import Acquirer, Shop
from tests.card_audit import CardAudit

HANGS, FAILS, BREAKS_OFF, DECIDES_LATER = (
    *("4000000000000341", "4000000000000358", "4000000000000366", "4000000000000374"),
)
SAYS_NO_AND_TAKES_IT = "4000000000000390"


async def test_silence_with_success_behind_it_is_a_success(shop: Shop, audit: CardAudit) -> None:
    """At no moment is it a decline, and nothing is sent a second time."""
    cards = (HANGS, FAILS, BREAKS_OFF, DECIDES_LATER)

    answers = await asyncio.gather(*(shop.pay(card) for card in cards))

    for answer in answers:
        assert (answer.code, answer.data["status"]) in (
            *(("P0001", "processing"), ("P0000", "captured")),
        )
        case = await audit.ends(answer.data, "captured", within_s=40)
        assert [effect.kind for effect in case.effects] == ["authorize", "capture"]
        assert len(case.attempts) == 1
        assert (await shop.show(answer.data))["amountCaptured"] == "10.00"


async def test_a_capture_and_a_refund_whose_answers_are_lost_happen_once(
    shop: Shop, north: Acquirer, audit: CardAudit
) -> None:
    payment = await shop.paid(capture=False)
    north.tell("reset_after_effect", operations=["capture", "refund"], times=1)

    captured = await shop.do("capture", payment, {"amount": "6.00", "final": True})
    assert captured.code in ("P0000", "P0001")
    await shop.until_status(payment, "captured")
    north.tell("error_after_effect", operations=["refund"], times=1)
    refund = await shop.refund(payment, "2.50")

    assert refund.code in ("P0000", "P0001")
    case = await audit.ends(payment, "captured")
    kinds = [effect.kind for effect in case.effects]
    assert kinds == ["authorize", "capture", "void", "refund"]


async def test_a_no_that_becomes_a_yes_goes_back_to_the_customer(
    shop: Shop, audit: CardAudit
) -> None:
    """NORTH and SOUTH both say no, and both take it a little later: nobody keeps anything."""
    answer = await shop.pay(SAYS_NO_AND_TAKES_IT)
    assert (answer.http_status, answer.data["status"]) == (402, "failed")

    async def back() -> bool:
        case = await audit.case(answer.data)
        return [effect.is_way_back for effect in case.effects].count(True) == len(case.attempts)

    await shop.until(back, "the late money does not go back")

    case = await audit.ends(answer.data, "failed")
    assert not any(case.accounts.values())
    told = [kind for _, kind in case.events[case.id]]
    assert told[0] == "payment.failed"
    assert sorted(told[1:]) == ["payment.late_success"] * 2 + ["payment.reversed"] * 2
    assert (await shop.show(answer.data))["status"] == "failed"
