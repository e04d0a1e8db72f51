"""`cli.py biller`: the billers whose bills can be paid."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import with_record
from payments.cli.profiles import Profiles, add_standing
from payments.domain.biller import BillerProfile
from payments.domain.money import digits

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Billers, their addresses and what they promise.")
console = Console()
_BILLERS: Final[Profiles[BillerProfile]] = Profiles(
    "biller",
    lambda record: record.billers.rows(),
    lambda record, biller: record.administration.put_biller(biller),
)


def _known_currency(currency: str) -> str:
    try:
        digits(currency)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return currency


@app.command()
def put(
    biller_id: str,
    *,
    name: Annotated[str, typer.Option(help="What it is called.")],
    base_url: Annotated[str, typer.Option(help="Where its API is.")],
    currency: Annotated[str, typer.Option(help="Of its bills.", callback=_known_currency)],
    honours_keys: Annotated[
        bool,
        typer.Option(
            "--honours-keys/--ignores-keys",
            help="Whether the same Idempotency-Key is the same payment to it.",
        ),
    ] = True,
    settles_within_s: Annotated[
        int, typer.Option(help="A call that reached it can be seen after this long.")
    ] = 60,
) -> None:
    """Add a biller, or describe a known one anew. Who may pay it: `cli.py partner agree`."""
    _BILLERS.put(
        BillerProfile(
            biller_id,
            name,
            base_url,
            currency,
            honours_idempotency_keys=honours_keys,
            settles_within=timedelta(seconds=settles_within_s),
        )
    )


add_standing(app, _BILLERS)


@app.command(name="list")
def list_() -> None:
    """Every biller."""

    async def work(record: "Record") -> None:
        table = Table("biller", "name", "currency", "standing", "keys", "address")
        for each in record.billers.rows():
            keys = "honoured" if each.honours_idempotency_keys else "ignored"
            table.add_row(each.id, each.name, each.currency, each.standing, keys, each.base_url)
        console.print(table)

    with_record(work)
