"""`cli.py rail`: the payout rails we have an agreement with."""

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import there, with_record
from payments.domain.destination import DestinationKind
from payments.domain.partner import Standing
from payments.domain.rail import RailKind, RailProfile, Timetable

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Payout rails, their addresses, times and secrets.")
console = Console()

# Asked for when they are not in the environment; never on the command line, where others see them.
Secret = Annotated[str, typer.Option(envvar="QUITTANCE_RAIL_SECRET", prompt=True, hide_input=True)]
WebhookSecrets = Annotated[
    str,
    typer.Option(
        envvar="QUITTANCE_RAIL_WEBHOOK_SECRETS",
        prompt="Webhook secrets (two, with a comma, while one is rotated)",
        hide_input=True,
    ),
]


@app.command()
def put(
    rail_id: str,
    *,
    kind: Annotated[RailKind, typer.Option(help="Which adapter speaks to it.")],
    base_url: Annotated[str, typer.Option(help="Where its API is.")],
    pays: Annotated[list[DestinationKind], typer.Option(help="What it pays to.")],
    currency: Annotated[list[str], typer.Option(help="In which currencies.")],
    secret: Secret,
    webhook_secrets: WebhookSecrets,
    zone: Annotated[str, typer.Option(help="Its time zone.")] = "UTC",
    cut_off: Annotated[str, typer.Option(help="HH:MM; what is later goes a day later.")] = "15:00",
    business_days: Annotated[
        int, typer.Option(help="Until it is there; 0: it never closes, see --takes-minutes.")
    ] = 1,
    takes_minutes: Annotated[int, typer.Option(help="Where it never closes.")] = 30,
    settles_within_s: Annotated[
        int, typer.Option(help="A transfer that reached it can be seen after this long.")
    ] = 60,
) -> None:
    """Add a rail, or describe a known one anew, with its secrets."""
    profile = RailProfile(
        rail_id,
        kind,
        base_url,
        secret,
        tuple(each.strip() for each in webhook_secrets.split(",") if each.strip()),
        settles_within=timedelta(seconds=settles_within_s),
        pays=frozenset(pays),
        currencies=frozenset(currency),
        timetable=Timetable(
            zone, time.fromisoformat(cut_off), business_days, timedelta(minutes=takes_minutes)
        ),
    )
    with_record(lambda record: record.administration.put_rail(profile))


@app.command()
def suspend(rail_id: str) -> None:
    """Send it no new payouts. What it has already is finished with it."""
    with_record(lambda record: _change(record, rail_id, standing=Standing.SUSPENDED))


@app.command()
def resume(rail_id: str) -> None:
    """Let a suspended rail take payouts again."""
    with_record(lambda record: _change(record, rail_id, standing=Standing.ACTIVE))


@app.command(name="list")
def list_() -> None:
    """Every rail; never a secret."""

    async def work(record: "Record") -> None:
        table = Table("rail", "pays", "currencies", "standing", "cut-off", "days", "address")
        for each in record.rails.rows():
            times = each.timetable
            table.add_row(
                each.id,
                " ".join(sorted(each.pays)),
                " ".join(sorted(each.currencies)),
                each.standing,
                f"{times.cut_off:%H:%M} {times.zone}",
                str(times.business_days),
                each.base_url,
            )
        console.print(table)

    with_record(work)


async def _change(record: "Record", rail_id: str, **changes: Any) -> None:
    found = (each for each in record.rails.rows() if each.id == rail_id)
    known = there(next(found, None), f"rail {rail_id}")
    await record.administration.put_rail(replace(known, **changes))
