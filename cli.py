"""The command line: `python cli.py dev | demo | migrate | partner | ledger | trace | …`.

Each command is a few lines here; what it does lives in payments/cli or behind payments.bootstrap.
"""

import gc

if __name__ == "__main__":
    gc.set_threshold(10_000)  # Every 700 new objects, as by default, a start takes a third longer.

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console

from payments.cli import (
    batches,
    billers,
    cases,
    disputes,
    partners,
    payouts,
    providers,
    rails,
    reviewers,
    routing,
    webhooks,
)
from payments.cli.opened import heard
from payments.config import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Quittance, the gateway.")
app.add_typer(cases.app, name="case")
app.add_typer(partners.app, name="partner")
app.add_typer(billers.app, name="biller")
app.add_typer(providers.app, name="provider")
app.add_typer(rails.app, name="rail")
app.add_typer(payouts.app, name="payout")
app.add_typer(reviewers.app, name="reviewer")
app.add_typer(disputes.app, name="dispute")
app.add_typer(routing.app, name="routing")
app.add_typer(routing.switches, name="switch")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(batches.app, name="batch")
ledger = typer.Typer(no_args_is_help=True, help="Read the ledger.")
app.add_typer(ledger, name="ledger")

DOCUMENT = Path(__file__).parent / "docs" / "openapi.json"


@app.command()
def dev(
    *,
    no_demo: Annotated[
        bool, typer.Option("--no-demo", help="Pay nothing when everything is up.")
    ] = False,
    ephemeral: Annotated[
        bool,
        typer.Option("--ephemeral", help="Keep nothing: use a new home, remove it at the end."),
    ] = False,
    ports: Annotated[
        str,
        typer.Option(
            "--ports",
            metavar="NAME=PORT,…|auto",
            help="For example api=8080,postgres=5433, or auto: a free one for each."
            " A busy port is always replaced by a free one.",
        ),
    ] = "",
    workers: Annotated[int, typer.Option("--workers", min=1, help="How many workers to run.")] = 1,
    together: Annotated[
        bool,
        typer.Option("--together", help="Let them do batches too, instead of one that gives way."),
    ] = False,
    until_eof: Annotated[
        bool,
        typer.Option(
            "--until-eof",
            help="Stop when the standard input ends: hold a pipe to it, and the stack never"
            " outlives you.",
        ),
    ] = False,
) -> None:
    """Start the whole gateway on this machine and stay in the foreground until Ctrl-C."""
    # The stack needs the servers' wheels, which no image for production has.
    from payments.cli import dev as stack

    raise typer.Exit(
        stack.run(
            no_demo=no_demo,
            ephemeral=ephemeral,
            ports=ports,
            workers=workers,
            together=together,
            until_eof=until_eof,
        )
    )


@app.command()
def demo() -> None:
    """Pay a bill and by card against the running stack; show what is kept of it, and where."""
    from payments.cli import demo as scenario
    from payments.stack.home import Home

    try:
        scenario.main(Home.find().path)
    except FileNotFoundError as missing:
        raise _failed(f"no stack is running: there is no {missing.filename}") from None


@app.command()
def migrate() -> None:
    """Bring the database up to date; needs QUITTANCE_MIGRATION_DATABASE_URL, the owner's."""
    from payments.db import migrate as migration

    settings = Settings.from_env()
    if settings.migration_database_url is None:
        raise _failed("QUITTANCE_MIGRATION_DATABASE_URL is not set")
    asyncio.run(migration.migrate(str(settings.migration_database_url)))


@app.command()
def seed(
    *,
    biller_url: Annotated[str, typer.Option(help="Where the sandbox's billers listen.")],
    acquirer_url: Annotated[
        str | None,
        typer.Option(
            envvar="QUITTANCE_SEED_ACQUIRER_URL", help="Where the sandbox's acquirers listen."
        ),
    ] = None,
    acquirer_secrets: Annotated[
        str, typer.Option(envvar="QUITTANCE_SEED_ACQUIRER_SECRETS", hidden=True)
    ] = "",
    webhook_secrets: Annotated[
        str, typer.Option(envvar="QUITTANCE_SEED_WEBHOOK_SECRETS", hidden=True)
    ] = "",
    rail_secrets: Annotated[
        str, typer.Option(envvar="QUITTANCE_SEED_RAIL_SECRETS", hidden=True)
    ] = "",
    rail_webhook_secrets: Annotated[
        str, typer.Option(envvar="QUITTANCE_SEED_RAIL_WEBHOOK_SECRETS", hidden=True)
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the partners' secrets.")] = False,
    migrating: Annotated[
        bool, typer.Option("--migrate", help="Bring the database up to date first.")
    ] = False,
) -> None:
    """Make the sandbox's billers, acquirers and two partners; again it changes nothing."""
    from payments.cli import seed as seeds

    if migrating:
        migrate()
    acquirers = None
    if acquirer_url is not None:
        acquirers = seeds.Acquirers(
            acquirer_url, acquirer_secrets, webhook_secrets, rail_secrets, rail_webhook_secrets
        )
    told = asyncio.run(seeds.seed(Settings.from_env(), biller_url, acquirers))
    typer.echo(told if json else "seeded")


@app.command()
def api() -> None:
    """Serve the partner API."""
    from api import server

    _serve(server.serve(Settings.from_env()))


@app.command()
def operator() -> None:
    """Serve health, metrics and the documentation; never on a public port."""
    from api import operator as private

    _serve(private.serve(Settings.from_env()))


@app.command()
def openapi(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; fail on a difference.")
    ] = False,
) -> None:
    """Write docs/openapi.json from the routes."""
    from api.app import routes
    from api.openapi import as_file

    made = as_file(routes())
    if not check:
        DOCUMENT.write_text(made)
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != made:
        raise _failed("docs/openapi.json is not what the routes say; run `make openapi`")


@app.command()
def trace(text: str) -> None:
    """What one request was: its trace taken apart, and its request-log row."""
    from payments.cli import traces

    if not asyncio.run(traces.show(Settings.from_env(), text, Console())):
        raise _failed("no request-log row has this trace")


@app.command()
def incidents(last: Annotated[int, typer.Option(min=1, help="How many.")] = 20) -> None:
    """What must not have happened, such as a card number in a request; the newest first."""
    from payments.cli import incidents as list_

    asyncio.run(list_.show(Settings.from_env(), last, Console()))


@app.command()
def review(
    payment_id: str,
    by: Annotated[str, typer.Option(help="Who decides; kept in the payment's history.")],
    approve: Annotated[bool, typer.Option("--approve/--decline", help="The decision.")],
) -> None:
    """Decide on a payment that risk holds; without a word it expires after a day."""
    from payments.cli import doors
    from payments.domain.payment import Review

    typer.echo(heard(doors.reviewed_payment(payment_id, Review(approve, by))))


@app.command()
def purge() -> None:
    """Delete expired answers, token requests and revocations; for a schedule, never blocks."""
    from payments.cli import purges

    typer.echo(asyncio.run(purges.purge(Settings.from_env())))


@app.command()
def reseal() -> None:
    """Seal every stored secret under the first of QUITTANCE_SECRET_KEYS; a second run says 0."""
    from payments.cli import reseals

    typer.echo(asyncio.run(reseals.reseal(Settings.from_env())))


@ledger.command()
def balances() -> None:
    """Every account and its sum."""
    from payments.cli import ledgers

    asyncio.run(ledgers.balances(Settings.from_env(), Console()))


@ledger.command()
def show(transaction_id: str) -> None:
    """All entries about one transaction."""
    from payments.cli import ledgers

    if not asyncio.run(ledgers.show(Settings.from_env(), transaction_id, Console())):
        raise _failed("the ledger has no entries about this")


def _serve(server: Coroutine[Any, Any, None]) -> None:
    """Until it is told to stop; a failure is logged and ends with 1.

    The engine's runtime must be collected before the interpreter ends, or the process can abort
    after all work is done; a traceback would keep it alive, so the failure becomes a log line.
    """
    import uvloop

    status = 0
    try:
        uvloop.run(server)
    except Exception:  # noqa: BLE001  # whatever it was, it is logged and ends the process
        structlog.get_logger().exception("process.failed")
        status = 1
    gc.collect()
    raise typer.Exit(status)


def _failed(text: str) -> typer.Exit:
    Console(stderr=True).print(text, style="red", markup=False)
    return typer.Exit(1)


if __name__ == "__main__":
    app()
