"""Money of a card, reserved, taken and given back in parts: four books that agree to the cent."""

import asyncio
from collections import Counter

from tests.api.shop import Acquirer, Shop
from tests.card_audit import CardAudit
from tests.patience import persistently
from tests.running_gateway import Answer, new_id

REFUND_FAILS_LATER = "4000000000000408"


async def test_taken_in_parts_and_given_back_in_parts(shop: Shop, audit: CardAudit) -> None:
    payment = await shop.paid(amount="100.00", capture=False)

    for amount, final in (("33.33", False), ("33.33", False), ("33.33", True)):
        part = {"amount": amount, "final": final, "reference": new_id("PART")}
        assert (await shop.do("capture", payment, part)).code == "P0000"
    for amount in ("11.11", "0.01", "88.87"):
        assert (await shop.refund(payment, amount)).code == "P0000"
    too_much = await shop.refund(payment, "0.01")

    assert too_much.code == "P2108"
    seen = await shop.show(payment)
    assert (seen["status"], seen["amountCaptured"], seen["amountRefunded"]) == (
        *("captured", "99.99", "99.99"),
    )
    case = await audit.fits(payment)
    assert [effect.kind for effect in case.effects] == [
        *("authorize", "capture", "capture", "capture", "void", "refund", "refund", "refund"),
    ]
    # All money went back; what is left is the fee, which is still owed to us.
    fee = case.payment["fee_minor"]
    left = {code.split(":")[0]: minor for code, minor in case.accounts.items() if minor}
    assert left == {"partner_payable": fee, "fee_income": -fee}
    assert seen["fee"] == f"{fee / 100:.2f}"


async def test_forty_refunds_at_once_are_never_too_much(
    shop: Shop, north: Acquirer, audit: CardAudit
) -> None:
    """The acquirer would let all of them through: the guard is ours alone."""
    north.tell(allowOverRefund=True)
    payment = await shop.paid(amount="10.00")

    async def refund(name: str) -> Answer:
        return await persistently(lambda: shop.refund(payment, "0.50", reference=name))

    answers = await asyncio.gather(*(refund(new_id("REFUND")) for _ in range(40)))

    assert Counter(answer.code for answer in answers) == {"P0000": 20, "P2108": 20}
    case = await audit.fits(payment)
    assert case.booked("refund") == 1000


async def test_a_refund_that_fails_later_is_given_back(shop: Shop, audit: CardAudit) -> None:
    payment = await shop.paid(REFUND_FAILS_LATER)
    asked = asyncio.create_task(shop.refund(payment, "4.00"))

    async def kept() -> bool:
        return bool((await audit.case(payment)).payment["refund_reserved_minor"] == 400)

    # While nobody knows, the money is kept for it.
    await shop.until(kept, "no money is kept for the refund")
    assert (await shop.refund(payment, "7.00")).code == "P2108"
    answer = await asked
    assert answer.code in ("P0001", "P2111")
    refund_id = answer.data["id"]

    async def failed() -> bool:
        answer = await shop.partner.get(f"/v1/refunds/{refund_id}")
        return bool(answer.data["status"] == "failed")

    await shop.until(failed, "the refund does not fail")

    case = await audit.fits(payment)
    assert (case.payment["refunded_minor"], case.payment["refund_reserved_minor"]) == (0, 0)
    assert (await shop.show(payment))["amountRefunded"] == "0.00"
