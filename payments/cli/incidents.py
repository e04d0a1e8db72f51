"""`cli.py incidents`: what must not have happened, the newest first."""

from rich.console import Console
from rich.table import Table

from payments.bootstrap import open_record
from payments.config import Settings


async def show(settings: Settings, limit: int, console: Console) -> None:
    table = Table(
        "at", "kind", "partner", "place", "trace", title="Incidents", title_justify="left"
    )
    async with open_record(settings) as record:
        found = await record.incidents.latest(limit)
    for each in found:
        incident = each.incident
        table.add_row(
            each.occurred_at.isoformat(timespec="seconds"),
            incident.kind,
            incident.partner_id or "unknown",
            incident.place,
            incident.trace,
        )
    console.print(table if found else "no incidents", markup=False)
