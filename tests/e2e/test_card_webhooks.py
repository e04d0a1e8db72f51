"""What the acquirer tells unasked: late, many times, in the wrong order, forged."""

from typing import Any

from tests.api.shop import CHALLENGE, Acquirer, Shop
from tests.card_audit import CardAudit
from tests.patience import until

STATES = "SELECT state FROM inbound_event WHERE reference = $1"


async def events(
    shop: Shop, payment: dict[str, Any], number: int, copies: int = 1
) -> list[dict[str, Any]]:
    """The acquirer's own list, newest first, once so many copies of so many have been taken."""
    path = f"/control/events?acquirer=NORTH&reference={payment['id']}-1"

    async def taken() -> list[dict[str, Any]] | None:
        found = shop.gateway.sandbox("GET", path)["events"]
        enough = [each for each in found if each["tries"].count("200") >= copies]
        return found if len(found) == len(enough) == number else None

    return await until(taken, 20, f"{payment['id']} has not {number} events with {copies} copies")


async def applied(audit: CardAudit, payment: dict[str, Any]) -> None:
    """Wait until everything that was told of it has been looked at: it was kept first."""

    async def settled() -> bool:
        rows = await audit.evidence.rows(STATES, f"{payment['id']}-1")
        return {row["state"] for row in rows} == {"applied"}

    await until(settled, 20, f"not all events of {payment['id']} are applied")


async def test_late_and_five_times(shop: Shop, north: Acquirer, audit: CardAudit) -> None:
    north.tell(webhookCopies=5, webhookDelayMs=1000)
    payment = (await shop.pay(CHALLENGE, capture=False)).data
    await shop.decide(payment, "approve")
    await shop.do("confirm", payment)
    for amount in ("4.00", "6.00"):
        taken = await shop.do("capture", payment, {"amount": amount, "reference": amount})
        assert taken.code == "P0000"
    assert (await shop.refund(payment, "1.00")).code == "P0000"
    before = await audit.fits(payment)

    # A challenge, a reservation, two captures and a refund; of the refund the reference is its own.
    await events(shop, payment, 5, copies=5)

    await applied(audit, payment)
    after = await audit.fits(payment)
    assert (after.events, after.accounts) == (before.events, before.accounts)


async def test_in_the_wrong_order_and_again(shop: Shop, north: Acquirer, audit: CardAudit) -> None:
    payment = await shop.paid(capture=False)
    await shop.do("capture", payment, {"amount": "4.00", "reference": "a"})
    await shop.do("capture", payment, {"amount": "5.00", "final": True, "reference": "b"})
    before, told = await audit.fits(payment), await events(shop, payment, 3)

    for each in told:
        path = f"/control/webhooks/{each['id']}/duplicate"
        results = shop.gateway.sandbox("POST", path, {"times": 20})["results"]
        assert results == ["200"] * 20

    await applied(audit, payment)
    after = await audit.fits(payment)
    assert (after.events, after.accounts) == (before.events, before.accounts)


async def test_forged_and_lying(shop: Shop, north: Acquirer, audit: CardAudit) -> None:
    payment = await shop.paid()
    (event,) = await events(shop, payment, 1)

    def forge(how: str) -> str:
        path = f"/control/webhooks/{event['id']}/forge"
        (result,) = shop.gateway.sandbox("POST", path, {"how": how})["results"]
        return str(result)

    for how in ("signature", "body", "stale", "unsigned"):
        assert forge(how) == "401", how
    # Properly signed, and still not believed.
    for how in ("amount", "state", "payment", "type"):
        assert forge(how) == "200", how

    await audit.fits(payment)
    assert (await shop.show(payment))["amountCaptured"] == "10.00"


async def test_a_payment_that_nobody_comes_back_to_is_ended_by_the_acquirers_word(
    shop: Shop, north: Acquirer, audit: CardAudit
) -> None:
    payment = (await shop.pay(CHALLENGE)).data

    await shop.decide(payment, "approve")

    case = await audit.ends(payment, "captured")
    assert [kind for _, kind in case.events[case.id]] == [
        *("payment.requires_action", "payment.captured"),
    ]
