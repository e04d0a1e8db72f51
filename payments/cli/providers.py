"""`cli.py provider`: the card providers we have an agreement with."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

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
from payments.domain.provider import ProviderKind, ProviderProfile

if TYPE_CHECKING:
    from payments.bootstrap import Record

app = typer.Typer(no_args_is_help=True, help="Card providers, their addresses and secrets.")
console = Console()

_PROVIDERS: Final[Profiles[ProviderProfile]] = Profiles(
    "provider",
    lambda record: record.providers.rows(),
    lambda record, provider: record.administration.put_provider(provider),
)
_HOOKS: Final = "QUITTANCE_PROVIDER_WEBHOOK_SECRETS"

Secret = Annotated[str, asked_for_secret("QUITTANCE_PROVIDER_SECRET")]
WebhookSecrets = Annotated[str, asked_for_webhook_secrets(_HOOKS)]


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
        split(webhook_secrets),
        settles_within=timedelta(seconds=settles_within_s),
        authorization_lasts=timedelta(days=authorization_lasts_days),
    )
    _PROVIDERS.put(profile)


add_webhook_secrets(app, _PROVIDERS, _HOOKS)
add_standing(app, _PROVIDERS)


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
