"""The ways to the codes of batches."""

from payments.domain.codes import Code
from tests.api.producers import World, produces, simply
from tests.batch_files import csv_of, ended, numbered, rows_of, send
from tests.running_gateway import Answer

simply(Code.ROWS_REFUSED, lambda world: send(world.partner, csv_of(numbered(1, "0.00"))))
simply(Code.TOO_MANY_ROWS, lambda world: send(world.partner, csv_of(numbered(50_001))))
simply(Code.FILE_MALFORMED, lambda world: send(world.partner, b""))
simply(Code.BATCH_UNKNOWN, lambda world: world.partner.get("/v1/batches/ba_" + "0" * 26))


@produces(Code.BATCH_STATE)
async def _(world: World) -> Answer:
    batch = await send(world.partner, csv_of(rows_of(1)))
    await ended(world.partner, batch.data["id"])
    return await world.partner.post(f"/v1/batches/{batch.data['id']}/pause", None)
