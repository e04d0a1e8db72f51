"""What nobody could take when a provider told it is taken by ourselves, a little later."""

from typing import Final

from payments.domain import ids
from tests.api.dispute_shop import DisputeShop
from tests.api.shop import Acquirer, Shop
from tests.evidence import Evidence
from tests.patience import persistently, until

# What is asked about just now has no note yet.
_WAITS: Final = """
    SELECT note FROM inbound_event WHERE reference = $1 AND state = 'received' AND note <> ''"""
_NOW: Final = """
    UPDATE inbound_event SET look_at = now() WHERE reference = $1 AND state = 'received'"""
_STATE: Final = "SELECT state, note FROM inbound_event WHERE reference = $1"


async def test_news_of_a_dispute_that_came_before_its_payment_was_known(
    shop_beside: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    disputes = DisputeShop(shop_beside, acquirer)
    acquirer.tell("error_after_effect", operations=["authorize", "inquire"])
    order = await shop_beside.order()
    payment = (await persistently(lambda: shop_beside.create(order))).data
    assert payment["status"] == "processing"

    async def booked() -> bool:
        return ("capture", payment["amount"]) in acquirer.effects(payment)

    await until(booked, 60, "the acquirer never got it")
    there = disputes.open(payment)
    dispute_id = ids.dispute_id(acquirer.name, there["id"])
    [waiting] = await until(lambda: evidence.rows(_WAITS, dispute_id), 60, "it does not wait")
    assert waiting["note"] == "a dispute of a payment that has taken no such money yet"
    acquirer.forget()
    await shop_beside.until_status(payment, "captured")

    async def taken() -> bool:
        await evidence.rows(_NOW, dispute_id)
        [event] = await evidence.rows(_STATE, dispute_id)
        return bool(event["state"] == "applied")

    await until(taken, 90, "nobody has looked again")
    dispute = await disputes.known(payment)
    assert (dispute["id"], dispute["status"]) == (dispute_id, "needs_response")
    told = await evidence.rows("SELECT type FROM event WHERE object_id = $1", dispute_id)
    assert [each["type"] for each in told] == ["dispute.created"]
