"""One way to each code of webhook endpoints and events."""

from typing import Any

from payments.domain.codes import Code
from tests.api.hooks import NO_EVENT, NOBODYS, PATH, new_url
from tests.api.producers import World, produces, simply
from tests.running_gateway import Answer, PartnerClient

simply(Code.ENDPOINT_UNKNOWN, lambda world: world.partner.get(f"{PATH}/{NOBODYS}"))
simply(Code.EVENT_UNKNOWN, lambda world: world.partner.get(f"/v1/events/{NO_EVENT}"))


async def added(client: PartnerClient) -> Answer:
    return await client.post(PATH, {"url": new_url()})


@produces(Code.TOO_MANY_ENDPOINTS)
async def too_many_endpoints(world: World) -> Answer:
    guest = await world.office.partner(cards=None)
    for _ in range(16):
        await added(guest)
    return await added(guest)


@produces(Code.ENDPOINT_DISABLED)
async def endpoint_disabled(world: World) -> Answer:
    guest = await world.office.partner(cards=None)
    made: dict[str, Any] = (await added(guest)).data
    await guest.post(f"{PATH}/{made['id']}/disable", None)
    return await guest.post(f"{PATH}/{made['id']}/test", None)
