"""One way to each code of payouts and destinations."""

from dataclasses import replace
from typing import Any, Final

from payments.domain.codes import Code
from tests.api.office import PAYOUT_TERMS
from tests.api.producers import World, produces, simply
from tests.api.till import SandboxRail, Till
from tests.patience import until
from tests.running_gateway import Answer, new_id

NOBODYS: Final = "0" * 26

simply(Code.PAYOUT_UNKNOWN, lambda world: world.till.partner.get(f"/v1/payouts/po_{NOBODYS}"))
simply(
    Code.DESTINATION_UNKNOWN,
    lambda world: world.till.partner.get(f"/v1/destinations/dst_{NOBODYS}"),
)


async def ended(till: Till, order: dict[str, Any]) -> Answer:
    """The same question again, until the payout is over."""

    async def over() -> Answer | None:
        answer = await till.create(order)
        return answer if answer.code != Code.PENDING else None

    return await until(over, 30, "the payout does not end")


def by_ending(code: Code, ending: str) -> None:
    async def produce(world: World) -> Answer:
        return await ended(world.till, await world.till.order(ending))

    produces(code)(produce)


by_ending(Code.ACCOUNT_CLOSED, "01")
by_ending(Code.ACCOUNT_UNKNOWN, "02")
by_ending(Code.BENEFICIARY_REFUSED, "09")


@produces(Code.PAYOUT_STATE)
async def payout_state(world: World) -> Answer:
    till = world.till
    return await till.cancel(await till.becomes(await till.pay(), "paid"))


@produces(Code.FUNDS_INSUFFICIENT)
async def funds_insufficient(world: World) -> Answer:
    """Nothing was ever earned in this currency."""
    return await world.till.create(await world.till.order(currency="EUR"))


@produces(Code.DESTINATION_UNVERIFIED)
async def destination_unverified(world: World) -> Answer:
    return await world.till.create(await world.till.order("05"))


@produces(Code.PAYOUT_LIMIT)
async def payout_limit(world: World) -> Answer:
    return await world.till.create(await world.till.order(amount="5000.01"))


@produces(Code.PAYOUT_VELOCITY)
async def payout_velocity(world: World) -> Answer:
    """Of a partner who may pay out less than a cent more in a day."""
    guest = await world.office.partner(payouts=replace(PAYOUT_TERMS, daily_sum={"USD": 999}))
    till = Till(world.gateway, world.shop, guest)
    return await till.create(await till.order())


@produces(Code.NO_RAIL)
async def no_rail(world: World) -> Answer:
    return await world.till.add(world.till.account(currency="BHD"))


@produces(Code.RAIL_UNAVAILABLE)
async def rail_unavailable(world: World) -> Answer:
    rail = SandboxRail(world.gateway)
    rail.tell("refuse")
    try:
        kept = await world.till.add(world.till.account())
        token = kept.data["destinationToken"]
        return await world.till.partner.post(f"/v1/destinations/{token}/verify", {})
    finally:
        rail.forget()


@produces(Code.DESTINATION_NEEDED)
async def destination_needed(world: World) -> Answer:
    """Nothing of it ever came from this customer."""
    customer = await world.till.shop.customer()
    return await world.till.create(await world.till.order(customerId=customer))


@produces(Code.PAYOUT_REJECTED)
async def payout_rejected(world: World) -> Answer:
    till = world.till
    order = await till.order("04")
    answer = await till.create(order)
    await till.becomes(answer.data, "sent")
    SandboxRail(world.gateway).move(answer.data, "FAILED", "BECAUSE_WE_SAY_SO")
    return await ended(till, order)


@produces(Code.HOLD_REJECTED)
async def hold_rejected(world: World) -> Answer:
    till = world.till
    order = await till.order(amount="1000.01")
    held = (await till.create(order)).data
    await till.review(held, "ann", approve=False)
    return await ended(till, order)


@produces(Code.DESTINATION_FORGOTTEN)
async def destination_forgotten(world: World) -> Answer:
    till, shop = world.till, world.till.shop
    customer = (await shop.partner.post("/v1/customers", {"reference": new_id()})).data["id"]
    order = await till.order(destinationToken=await till.destination(customerId=customer))
    held = (await till.create(order)).data
    assert held["heldFor"] == "closed_loop"
    assert (await shop.delete(f"/v1/customers/{customer}")).code == Code.OK
    for by in ("ann", "bob"):
        await till.review(held, by)
    return await ended(till, order)
