"""`cli.py webhooks`: partners' endpoints and deliveries, for when somebody calls about them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import with_record
from payments.domain.webhook import Disabled, Endpoint, EndpointState

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Webhooks to partners: endpoints, lag, replays.")
console = Console()

# With one statement.
MOST_REPLAYED: Final = 10_000


@app.command(name="list")
def list_(partner_id: str) -> None:
    """A partner's endpoints; never a secret."""

    async def work(record: "Record") -> None:
        table = Table("endpoint", "state", "why", "failing since", "types", "url")
        for each in await record.endpoints.of_partner(partner_id):
            failing = each.failing_since
            table.add_row(
                each.endpoint_id,
                each.state,
                each.disabled or "",
                failing.isoformat(timespec="seconds") if failing else "",
                " ".join(each.types) or "all",
                each.url,
            )
        console.print(table if table.row_count else "no endpoints", markup=False)

    with_record(work)


@app.command()
def disable(partner_id: str, endpoint_id: str) -> None:
    """Send nothing there; what is on its way is canceled. The partner's others are told."""

    async def work(record: "Record") -> None:
        found = await record.endpoints.disable(
            partner_id, endpoint_id, Disabled.BY_OPERATOR, datetime.now(UTC)
        )
        console.print(_there(found, endpoint_id).state)

    with_record(work)


@app.command()
def enable(partner_id: str, endpoint_id: str) -> None:
    """Send events there again, from now on; replay what it has missed."""

    async def work(record: "Record") -> None:
        found = await record.endpoints.enable(partner_id, endpoint_id)
        console.print(_there(found, endpoint_id).state)

    with_record(work)


@app.command()
def lag() -> None:
    """How far deliveries are behind."""

    async def work(record: "Record") -> None:
        behind = await record.outbox.lag()
        console.print(f"events not planned: {behind.unplanned}")
        console.print(f"deliveries never tried: {behind.untried}")
        console.print(f"the oldest of them waits for: {behind.oldest_untried_s:.1f} s")
        console.print(f"endpoints where nothing succeeds: {behind.failing_endpoints}")

    with_record(work)


@app.command()
def replay_between(partner_id: str, endpoint_id: str, since: datetime, until: datetime) -> None:
    """Send again what happened from one moment on and before another, in UTC."""

    async def work(record: "Record") -> None:
        endpoint = await _enabled(record, partner_id, endpoint_id)
        span = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
        log, made = record.delivery_log, 0
        replayed = await log.replay_range(endpoint, *span, MOST_REPLAYED)
        while replayed.after is not None:
            made += replayed.made
            replayed = await log.replay_range(endpoint, *span, MOST_REPLAYED, replayed.after)
        console.print(f"{made + replayed.made} on their way again")

    with_record(work)


@app.command()
def replay_failures(partner_id: str, endpoint_id: str) -> None:
    """Send everything again whose last round failed or was canceled, under the same ids."""

    async def work(record: "Record") -> None:
        endpoint = await _enabled(record, partner_id, endpoint_id)
        made = await record.delivery_log.replay_failures(endpoint, MOST_REPLAYED)
        console.print(f"{made} on their way again")

    with_record(work)


async def _enabled(record: "Record", partner_id: str, endpoint_id: str) -> Endpoint:
    endpoint = _there(await record.endpoints.find(partner_id, endpoint_id), endpoint_id)
    if endpoint.state is EndpointState.DISABLED:
        raise ValueError(f"{endpoint_id} is disabled; enable it first")
    return endpoint


def _there(endpoint: Endpoint | None, endpoint_id: str) -> Endpoint:
    if endpoint is None:
        raise LookupError(f"the partner has no endpoint {endpoint_id}")
    return endpoint
