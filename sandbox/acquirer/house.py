"""The acquirers' house: books, vault, desk and doors, put together."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
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
from sandbox.rail.app import RailDoor
from sandbox.rail.behaviour import RAILS
from sandbox.rail.house import RailHouse


class SettingsWrong(ValueError):
    """The environment cannot be understood."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Secrets by acquirer and by rail. Who is not named here gets one that nobody knows."""

    secrets: Mapping[str, str] = field(repr=False)
    webhook_secrets: Mapping[str, bytes] = field(repr=False)
    # With {acquirer} in it.
    webhook_url: str | None
    rail_secrets: Mapping[str, str] = field(repr=False, default_factory=dict)
    rail_webhook_secrets: Mapping[str, bytes] = field(repr=False, default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        return cls(
            _secrets("SANDBOX_ACQUIRER_SECRETS", environment, ACQUIRERS),
            _webhook_secrets("SANDBOX_WEBHOOK_SECRETS", environment, ACQUIRERS),
            environment.get("SANDBOX_WEBHOOK_URL") or None,
            _secrets("SANDBOX_RAIL_SECRETS", environment, RAILS),
            _webhook_secrets("SANDBOX_RAIL_WEBHOOK_SECRETS", environment, RAILS),
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
        self.rails = RailHouse(
            journal, settings.rail_secrets, settings.rail_webhook_secrets, settings.webhook_url
        )
        self._app: ASGIApp | None = None

    def fold(self, fields: Mapping[str, Any]) -> None:
        if "rail" in fields:
            self.rails.fold(fields)
            return
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
                *RailDoor(self.rails, self.vault).routes(),
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
        self.rails.resume()

    async def stop(self) -> None:
        await self.clearing.stop()
        await self.outbox.stop()
        await self.rails.stop()


async def _health(_: Request) -> Response:
    return Answer(200, {"state": "ready"})


def _secrets(name: str, environment: Mapping[str, str], houses: Sequence[str]) -> dict[str, str]:
    given = _by_house(name, environment, houses)
    return {house: given.get(house) or secrets.token_urlsafe(32) for house in houses}


def _webhook_secrets(
    name: str, environment: Mapping[str, str], houses: Sequence[str]
) -> dict[str, bytes]:
    given = _by_house(name, environment, houses)
    try:
        known = {house: secret_bytes(secret) for house, secret in given.items()}
    except ValueError:
        raise SettingsWrong(f"{name} are not whsec_ and base64") from None
    return {house: known.get(house) or secrets.token_bytes(32) for house in houses}


def _by_house(name: str, environment: Mapping[str, str], houses: Sequence[str]) -> dict[str, str]:
    """`NORTH=…,SOUTH=…`; the values are never told in an error."""
    found: dict[str, str] = {}
    for item in filter(None, environment.get(name, "").split(",")):
        house, equals, value = item.strip().partition("=")
        if not equals or house not in houses or not value:
            raise SettingsWrong(f"{name} is not {'=…,'.join(houses)}=…")
        found[house] = value
    return found
