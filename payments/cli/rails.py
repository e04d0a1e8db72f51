"""`cli.py rail`: the payout rails we have an agreement with."""

from datetime import time, timedelta
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import with_record
from payments.cli.profiles import (
    Profiles,
    add_standing,
    add_webhook_secrets,
    asked_for_secret,
    asked_for_webhook_secrets,
    split,
)
from payments.domain import business_days
from payments.domain.destination import DestinationKind
from payments.domain.rail import RailKind, RailProfile, Timetable

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Payout rails, their addresses, times and secrets.")
console = Console()

_RAILS: Final[Profiles[RailProfile]] = Profiles(
    "rail",
    lambda record: record.rails.rows(),
    lambda record, rail: record.administration.put_rail(rail),
)
_HOOKS: Final = "QUITTANCE_RAIL_WEBHOOK_SECRETS"

Secret = Annotated[str, asked_for_secret("QUITTANCE_RAIL_SECRET")]
WebhookSecrets = Annotated[str, asked_for_webhook_secrets(_HOOKS)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError):
        raise typer.BadParameter(f"no time zone is called {name!r}") from None
    return name


def _known_calendar(name: str | None) -> str | None:
    try:
        business_days.check(name)
    except business_days.CalendarUnknown as error:
        raise typer.BadParameter(str(error)) from None
    return name


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
    zone: Annotated[str, typer.Option(help="Its time zone.", callback=_known_zone)] = "UTC",
    cut_off: Annotated[str, typer.Option(help="HH:MM; what is later goes a day later.")] = "15:00",
    settles_after: Annotated[
        int,
        typer.Option(
            "--business-days",
            help="Until it is there; 0: it never closes, see --takes-minutes.",
        ),
    ] = 1,
    calendar: Annotated[
        str | None,
        typer.Option(
            help="On whose holidays it does not settle: TARGET2, FEDWIRE, a country as BD or a part"
            " of one as GB-ENG. Otherwise from Monday to Friday.",
            callback=_known_calendar,
        ),
    ] = None,
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
        split(webhook_secrets),
        settles_within=timedelta(seconds=settles_within_s),
        pays=frozenset(pays),
        currencies=frozenset(currency),
        timetable=Timetable(
            *(zone, time.fromisoformat(cut_off), settles_after),
            *(timedelta(minutes=takes_minutes), calendar),
        ),
    )
    _RAILS.put(profile)


add_webhook_secrets(app, _RAILS, _HOOKS)
add_standing(app, _RAILS)


@app.command(name="list")
def list_() -> None:
    """Every rail; never a secret."""

    async def work(record: "Record") -> None:
        table = Table(
            *("rail", "kind", "standing", "pays", "currencies", "cut-off", "days", "calendar"),
            *("address", "webhook secrets"),
        )
        for each in record.rails.rows():
            times = each.timetable
            table.add_row(
                each.id,
                each.kind,
                each.standing,
                " ".join(sorted(each.pays)),
                " ".join(sorted(each.currencies)),
                f"{times.cut_off:%H:%M} {times.zone}",
                str(times.business_days),
                times.calendar or "",
                each.base_url,
                str(len(each.webhook_secrets)),
            )
        console.print(table)

    with_record(work)
