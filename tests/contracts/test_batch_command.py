"""`cli.py batch`, as an operator types it."""

from uuid import uuid4

from payments.adapters.postgres.batches import PostgresBatches
from payments.db.session import Database
from payments.domain.batch import BatchMove, BatchStatus
from payments.domain.batch_row import RefusedRow
from payments.domain.codes import Code
from tests.command_line import typed
from tests.contracts.batch_record import make_batch
from tests.contracts.test_provider_command import environment

assert environment, "a fixture"


async def test_a_batch_is_listed_and_followed_to_its_end(
    environment: dict[str, str], database: Database
) -> None:
    batches, partner = PostgresBatches(database), f"partner_{uuid4().hex}"
    batch = await batches.create(make_batch(partner_id=partner))
    for row in await batches.take(batch.batch_id, 0, batch.rows):
        await batches.refuse(RefusedRow(row.ref, Code.BILL_NOT_FOUND))
    await batches.move(BatchMove(batch.batch_id, BatchStatus.FINISHED))

    wide = environment | {"COLUMNS": "200"}
    listed = typed(wide, "batch", "list", "--partner", partner)
    watched = typed(wide, "batch", "watch", batch.batch_id)

    assert (listed.returncode, watched.returncode) == (0, 0), listed.stderr + watched.stderr
    [line] = [each for each in listed.stdout.splitlines() if batch.batch_id in each]
    cells = [each.strip() for each in line.strip("│").split("│")]
    assert cells[4:] == ["finished", "3", "3", "3750.00 BDT"]
    assert "3/3" in watched.stdout
    assert "finished: 3 refused" in watched.stdout
