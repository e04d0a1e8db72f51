"""`cli.py provider`: the card providers we have an agreement with."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from payments.cli.opened import there, with_record
from payments.domain.partner import Standing
from payments.domain.provider import ProviderKind, ProviderProfile

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Card providers, their addresses and secrets.")
console = Console()

# Asked for when they are not in the environment; never on the command line, where others see them.
Secret = Annotated[
    str, typer.Option(envvar="QUITTANCE_PROVIDER_SECRET", prompt=True, hide_input=True)
]
WebhookSecrets = Annotated[
    str,
    typer.Option(
        envvar="QUITTANCE_PROVIDER_WEBHOOK_SECRETS",
        prompt="Webhook secrets (two, with a comma, while one is rotated)",
        hide_input=True,
    ),
]


@app.command()
def put(
    provider_id: str,
    *,
    kind: Annotated[ProviderKind, typer.Option(help="Which adapter speaks to it.")],
    base_url: Annotated[str, typer.Option(help="Where its API is.")],
    secret: Secret,
    webhook_secrets: WebhookSecrets,
    settles_within_s: Annotated[
        int, typer.Option(help="A call that reached it can be seen after this long.")
    ] = 60,
    authorization_lasts_days: Annotated[
        int, typer.Option(help="How long reserved money can be taken.")
    ] = 7,
) -> None:
    """Add a provider, or describe a known one anew, with its secrets."""
    profile = ProviderProfile(
        provider_id,
        kind,
        base_url,
        secret,
        _split(webhook_secrets),
        settles_within=timedelta(seconds=settles_within_s),
        authorization_lasts=timedelta(days=authorization_lasts_days),
    )
    with_record(lambda record: record.administration.put_provider(profile))


@app.command(name="webhook-secrets")
def webhook_secrets_(provider_id: str, webhook_secrets: WebhookSecrets) -> None:
    """Replace its webhook secrets and nothing else; an event signed with any of them is true."""
    with_record(
        lambda record: _change(record, provider_id, webhook_secrets=_split(webhook_secrets))
    )


@app.command()
def suspend(provider_id: str) -> None:
    """Send it no new payments. What it holds already is finished with it."""
    with_record(lambda record: _change(record, provider_id, standing=Standing.SUSPENDED))


@app.command()
def resume(provider_id: str) -> None:
    """Let a suspended provider take new payments again."""
    with_record(lambda record: _change(record, provider_id, standing=Standing.ACTIVE))


@app.command(name="list")
def list_() -> None:
    """Every provider; never a secret."""

    async def work(record: "Record") -> None:
        table = Table("provider", "kind", "standing", "address", "webhook secrets")
        for each in record.providers.rows():
            count = str(len(each.webhook_secrets))
            table.add_row(each.id, each.kind, each.standing, each.base_url, count)
        console.print(table)

    with_record(work)


async def _change(record: "Record", provider_id: str, **changes: Any) -> None:
    found = (each for each in record.providers.rows() if each.id == provider_id)
    known = there(next(found, None), f"provider {provider_id}")
    await record.administration.put_provider(replace(known, **changes))


def _split(webhook_secrets: str) -> tuple[str, ...]:
    secrets = tuple(each.strip() for each in webhook_secrets.split(","))
    if not all(secrets):
        raise typer.BadParameter("a webhook secret is empty")
    return secrets
