"""`cli.py batch`: which there are, how far one is, and an operator's hand on it."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from payments.cli.opened import there, with_record
from payments.domain.batch import Batch, Tally

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Batches of payments.")
console: Final = Console()

_LOOK_EVERY_S: Final = 0.5
Partner = Annotated[str | None, typer.Option(help="Only this partner's.")]
Last = Annotated[int, typer.Option(min=1, help="How many.")]


@app.command(name="list")
def list_(partner: Partner = None, last: Last = 20) -> None:
    """The newest ones, and how far each is."""

    async def work(record: "Record") -> None:
        table = Table("batch", "partner", "reference", "kind", "status", "rows", "ended", "amount")
        for batch, tally in await record.batches.latest(partner, last):
            table.add_row(
                *(batch.batch_id, batch.partner_id, batch.reference, batch.kind),
                batch.status,
                *(str(batch.rows), str(tally.ended)),
                f"{batch.amount} {batch.amount.currency}",
            )
        console.print(table)

    with_record(work)


@app.command()
def watch(batch_id: str) -> None:
    """A bar that follows a batch to its end."""

    async def work(record: "Record") -> None:
        batch = await _found(record, batch_id)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[told]}"),
        )
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task(batch.reference, total=batch.rows, told="")
            while True:
                tally = await record.batches.tally(batch_id)
                batch = await _found(record, batch_id)
                told = f"{batch.status}: {_told(tally)}"
                progress.update(bar, completed=tally.ended, told=told)
                if batch.ended_at is not None:
                    return
                await asyncio.sleep(_LOOK_EVERY_S)

    with_record(work)


@app.command()
def pause(batch_id: str) -> None:
    """Begin no more rows of it for now."""
    _ask(batch_id, "pause")


@app.command()
def resume(batch_id: str) -> None:
    """Go on with a paused one."""
    _ask(batch_id, "resume")


@app.command()
def cancel(batch_id: str) -> None:
    """Begin no more rows of it, ever."""
    _ask(batch_id, "cancel")


def _ask(batch_id: str, door: str) -> None:
    from payments.cli import doors

    async def work(record: "Record") -> None:
        await _found(record, batch_id)
        answer = await doors.moved_batch(batch_id, door)
        if not answer.is_moved:
            raise ValueError(f"{batch_id} is {answer.status}")
        console.print(answer.status)

    with_record(work)


async def _found(record: "Record", batch_id: str) -> Batch:
    return there(await record.batches.get(batch_id), f"batch {batch_id}")


def _told(tally: Tally) -> str:
    counts = {
        "under way": tally.dispatched,
        "held": tally.held,
        "with their rail": tally.sent,
        "paid": tally.paid,
        "partly paid": tally.partly_paid,
        "declined": tally.declined,
        "returned": tally.returned,
        "refused": tally.refused,
        "canceled": tally.canceled,
    }
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "waiting"
