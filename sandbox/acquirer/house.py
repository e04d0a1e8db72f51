"""The acquirers' house: books, vault, desk and doors, put together."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.acquirer import fields_app
from sandbox.acquirer.app import AcquirerDoor
from sandbox.acquirer.bank_app import BankDoor
from sandbox.acquirer.behaviour import ACQUIRERS, Conduct
from sandbox.acquirer.books import Books
from sandbox.acquirer.challenge_app import ChallengeDoor
from sandbox.acquirer.clearing import Clearing
from sandbox.acquirer.code_app import CodeDoor
from sandbox.acquirer.desk import Desk
from sandbox.acquirer.dispute_app import DisputeDoor
from sandbox.acquirer.entries import Delivered, TokenMade, entry_from
from sandbox.acquirer.events import secret_bytes
from sandbox.acquirer.outbox import Outbox
from sandbox.acquirer.vault import Vault
from sandbox.acquirer.vault_app import VaultDoor
from sandbox.answers import Answer, application
from sandbox.journal import Journal


class SettingsWrong(ValueError):
    """The environment cannot be understood."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Secrets by acquirer. Who is not named here gets one that nobody knows."""

    secrets: Mapping[str, str] = field(repr=False)
    webhook_secrets: Mapping[str, bytes] = field(repr=False)
    # With {acquirer} in it.
    webhook_url: str | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        given = _by_acquirer("SANDBOX_ACQUIRER_SECRETS", environment)
        webhooks = _by_acquirer("SANDBOX_WEBHOOK_SECRETS", environment)
        try:
            known = {name: secret_bytes(secret) for name, secret in webhooks.items()}
        except ValueError:
            raise SettingsWrong("SANDBOX_WEBHOOK_SECRETS are not whsec_ and base64") from None
        return cls(
            {name: given.get(name) or secrets.token_urlsafe(32) for name in ACQUIRERS},
            {name: known.get(name) or secrets.token_bytes(32) for name in ACQUIRERS},
            environment.get("SANDBOX_WEBHOOK_URL") or None,
        )

    @property
    def fingerprint_key(self) -> bytes:
        """The same after a restart, and useless to who has the journal alone."""
        together = "\n".join(self.secrets[name] for name in ACQUIRERS)
        return hmac.new(together.encode(), b"card fingerprint", hashlib.sha256).digest()


class House:
    def __init__(self, journal: Journal, settings: Settings) -> None:
        self.journal = journal
        self.settings = settings
        self.conduct = Conduct()
        self.vault = Vault(journal.append, settings.fingerprint_key)
        self.outbox = Outbox(
            journal,
            self.conduct,
            settings.webhook_secrets,
            settings.webhook_url,
            lambda payment: self.desk.payer_of(payment).webhook_copies,
        )
        self.books = Books(journal.append, self.outbox)
        self.desk = Desk(self.books, self.vault, self.conduct)
        self.clearing = Clearing(self.desk, journal)
        self._app: ASGIApp | None = None

    def fold(self, fields: Mapping[str, Any]) -> None:
        match entry_from(fields):
            case TokenMade() as made:
                self.vault.fold(made)
            case Delivered() as delivered:
                self.outbox.fold(delivered)
            case entry:
                self.books.fold(entry)

    def open(self, public_url: str) -> None:
        """Build the door. The address that browsers know is known only once there is a port."""
        self.outbox.public_url = public_url
        shared = (self.desk, self.journal, self.conduct, self.clearing, self.settings.secrets)
        acquirers = AcquirerDoor(*shared, public_url)
        disputes = DisputeDoor(*shared, public_url)
        vault = VaultDoor(self.vault, self.journal)
        challenges = ChallengeDoor(self.desk, self.journal, self.clearing)
        banks = BankDoor(self.desk, self.journal, self.clearing)
        codes = CodeDoor(self.desk, self.journal, self.clearing)
        self._app = application(
            [
                *acquirers.routes(),
                *disputes.routes(),
                *vault.routes(),
                *challenges.routes(),
                *banks.routes(),
                *codes.routes(),
                *fields_app.routes(),
                ("GET", "/health", _health),
            ]
        )

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None, "opened before anybody is let in"
        await self._app(scope, receive, send)

    def resume(self) -> None:
        self.clearing.resume()
        self.outbox.resume()

    async def stop(self) -> None:
        await self.clearing.stop()
        await self.outbox.stop()


async def _health(_: Request) -> Response:
    return Answer(200, {"state": "ready"})


def _by_acquirer(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """`NORTH=…,SOUTH=…`; the values are never told in an error."""
    found: dict[str, str] = {}
    for item in filter(None, environment.get(name, "").split(",")):
        acquirer, equals, value = item.strip().partition("=")
        if not equals or acquirer not in ACQUIRERS or not value:
            raise SettingsWrong(f"{name} is not {'=…,'.join(ACQUIRERS)}=…")
        found[acquirer] = value
    return found
