"""What `cli.py biller`, `provider` and `rail` have in common: each describes whom we call.

A description replaces the whole row but for its standing: what is suspended stays so until somebody
resumes it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar

import typer

from payments.cli.opened import there, with_record
from payments.domain.biller import BillerProfile
from payments.domain.partner import Standing
from payments.domain.provider import ProviderProfile
from payments.domain.rail import RailProfile

if TYPE_CHECKING:
    from payments.bootstrap import Record

Profile = TypeVar("Profile", BillerProfile, ProviderProfile, RailProfile)
_HOOKS_PROMPT: Final = "Webhook secrets (two, with a comma, while one is rotated)"


@dataclass(frozen=True, slots=True)
class Profiles(Generic[Profile]):
    """One table of them. `noun` is what one of them is called."""

    noun: str
    rows: Callable[["Record"], Sequence[Profile]]
    write: Callable[["Record", Profile], Awaitable[None]]

    def put(self, described: Profile) -> None:
        async def work(record: "Record") -> None:
            known = self._known(record, described.id)
            standing = described.standing if known is None else known.standing
            await self.write(record, replace(described, standing=standing))

        with_record(work)

    def change(self, name: str, **changes: Any) -> None:
        async def work(record: "Record") -> None:
            known = there(self._known(record, name), f"{self.noun} {name}")
            await self.write(record, replace(known, **changes))

        with_record(work)

    def _known(self, record: "Record", name: str) -> Profile | None:
        return next((each for each in self.rows(record) if each.id == name), None)


def add_standing(app: typer.Typer, table: Profiles[Profile]) -> None:
    """`suspend` and `resume`."""
    named = typer.Argument(metavar=f"{table.noun.upper()}_ID")

    @app.command()
    def suspend(name: Annotated[str, named]) -> None:
        """Send it nothing new. What it has already is finished with it."""
        table.change(name, standing=Standing.SUSPENDED)

    @app.command()
    def resume(name: Annotated[str, named]) -> None:
        """Let a suspended one take new work again."""
        table.change(name, standing=Standing.ACTIVE)


def add_webhook_secrets(app: typer.Typer, table: Profiles[Profile], envvar: str) -> None:
    """`webhook-secrets`, which are asked for when they are not in the environment."""
    asked = asked_for_webhook_secrets(envvar)

    @app.command(name="webhook-secrets")
    def webhook_secrets_(
        name: Annotated[str, typer.Argument(metavar=f"{table.noun.upper()}_ID")],
        webhook_secrets: Annotated[str, asked],
    ) -> None:
        """Replace its webhook secrets alone; an event signed with any of them is true."""
        table.change(name, webhook_secrets=split(webhook_secrets))


def asked_for_secret(envvar: str) -> Any:
    """Asked for when not in the environment; never on the command line, where others see it."""
    return typer.Option(envvar=envvar, prompt=True, hide_input=True, callback=_sealable)


def asked_for_webhook_secrets(envvar: str) -> Any:
    return typer.Option(envvar=envvar, prompt=_HOOKS_PROMPT, hide_input=True)


def _sealable(secret: str) -> str:
    """What we call with. Raises BadParameter."""
    if not secret.strip():
        raise typer.BadParameter("the secret is empty")
    return secret


def split(webhook_secrets: str) -> tuple[str, ...]:
    """What webhooks may be signed with. Raises BadParameter."""
    secrets = tuple(each.strip() for each in webhook_secrets.split(","))
    if not all(secrets):
        raise typer.BadParameter("a webhook secret is empty")
    return secrets
