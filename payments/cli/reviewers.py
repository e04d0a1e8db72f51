"""`cli.py reviewer`: who may say a word on payouts that wait for two people."""

from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import with_record
from payments.domain.partner import Standing

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Who says a word on held payouts, each by a token.")
console = Console()


@app.command()
def token(name: str) -> None:
    """Make somebody a token, shown this once. One that they had is good no more."""

    async def work(record: "Record") -> None:
        typer.echo(await record.reviewers.token_for(name))

    with_record(work)


@app.command()
def suspend(name: str) -> None:
    """Take no more words from somebody. Those that were said stay."""
    with_record(lambda record: record.reviewers.set_standing(name, Standing.SUSPENDED))


@app.command()
def resume(name: str) -> None:
    """Let somebody who was suspended speak again."""
    with_record(lambda record: record.reviewers.set_standing(name, Standing.ACTIVE))


@app.command(name="list")
def list_() -> None:
    """Everybody; never a token."""

    async def work(record: "Record") -> None:
        table = Table("reviewer", "standing", "token made")
        for each in await record.reviewers.list():
            table.add_row(each.name, each.standing, f"{each.token_made_at:%F %T}")
        console.print(table)

    with_record(work)
