"""Settings: read from the environment once, frozen, passed down. Secrets have no default."""

import os
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, PostgresDsn, SecretStr, field_validator

from payments.domain.addresses import Place, Rules

LIVE: Final = "live"
_POSTGRES_PORT: Final = 5432


class Work(StrEnum):
    """What a worker may do. Each has a queue of its own, so that none waits behind another."""

    # Whatever somebody waits for, and what became of it.
    COUNTER = "counter"
    # Events to partners, and those from providers that nobody could take at first.
    WEBHOOKS = "webhooks"
    # Files of fifty thousand rows.
    BATCHES = "batches"


class Settings(BaseModel):
    """Every setting is `QUITTANCE_` and its name in capitals. Lists are separated by commas."""

    # An error is logged, and what it complains of may be a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: str = "sandbox"
    database_url: PostgresDsn
    migration_database_url: PostgresDsn | None = None

    # Base64url, 32 bytes each. The first is current; the others still open, verify, are published.
    secret_keys: Annotated[tuple[SecretStr, ...], Field(min_length=1)]
    token_keys: Annotated[tuple[SecretStr, ...], Field(min_length=1)]
    answer_keys: Annotated[tuple[SecretStr, ...], Field(min_length=1)]

    api_host: str = "127.0.0.1"
    api_port: int = 8080
    operator_host: str = "127.0.0.1"
    operator_port: int = 8081
    # By which names with a dot browsers reach the console; addresses and plain names always do.
    operator_names: tuple[str, ...] = ()
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    # Only these peers may say in X-Forwarded-For whom they speak for.
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    token_issuer: str = "quittance"
    token_ttl_s: int = 900
    max_body_bytes: int = 65_536
    # The vault's page for a card number; partners give it to their customers' browsers.
    fields_url: str = "http://127.0.0.1:8092/fields"
    rate_limit_storage: str = "async+memory://"

    task_queue: str = "payments"
    lock_ttl_s: float = 300.0
    # How long a request waits for the biller before it answers 202; below Temporal's long poll.
    pay_wait_s: float = 4.0
    biller_timeout_s: float = 8.0
    # Hold and release run inside a workflow task, so they must be short.
    biller_hold_timeout_s: float = 3.0
    lookup_cache_s: int = 5
    # An issuer may take its time with a card; what its vault knows comes quickly or not at all.
    provider_timeout_s: float = 8.0
    provider_quick_timeout_s: float = 3.0

    # What a worker does; the rest is for others. One that does batches alone gives way to all.
    work: Annotated[frozenset[Work], Field(min_length=1)] = frozenset(Work)
    # Where webhooks may lead besides the public internet, for sandboxes; and what is ours besides
    # the places named here, the database's and Temporal's: host or host:port.
    webhook_http: bool = False
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    webhook_own: tuple[str, ...] = ()
    # How long what became of a delivery is kept after its end; the database keeps it for a week.
    webhook_retention_days: Annotated[int, Field(ge=7)] = 90

    database_pool_size: int = 10
    database_timeout_s: float = 5.0
    log_format: str = "json"

    @field_validator(
        *("secret_keys", "token_keys", "answer_keys", "trusted_proxies"),
        *("webhook_networks", "webhook_own", "operator_names", "work"),
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    def queue(self, work: Work) -> str:
        return self.task_queue if work is Work.COUNTER else f"{self.task_queue}-{work}"

    @property
    def metrics_address(self) -> str | None:
        """host:port, or None: then the process shows no metrics of its own."""
        return None if self.metrics_port is None else f"{self.metrics_host}:{self.metrics_port}"

    @cached_property
    def is_live(self) -> bool:
        return self.environment == LIVE

    @cached_property
    def webhook_rules(self) -> Rules:
        """Where a partner's webhook may lead."""
        ours = [
            f"{self.api_host}:{self.api_port}",
            f"{self.operator_host}:{self.operator_port}",
            self.metrics_address or "",
            # Temporal has an environment of its own.
            os.environ.get("TEMPORAL_ADDRESS", ""),
            *(_place(each["host"], each["port"]) for each in self.database_url.hosts()),
            *self.webhook_own,
        ]
        own = tuple(Place.parse(each) for each in ours if each)
        return Rules(self.webhook_networks, allows_http=self.webhook_http, own=own)

    @classmethod
    def from_env(cls) -> Self:
        return cls.of(os.environ)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Those of a process with this environment. Raises ValidationError."""
        variables = {name: f"QUITTANCE_{name.upper()}" for name in cls.model_fields}
        told: dict[str, Any] = {
            name: environment[variable]
            for name, variable in variables.items()
            if variable in environment
        }
        return cls(**told)


def _place(host: str | None, port: int | None) -> str:
    """Without a host the database is reached over a socket of the file system."""
    return f"{host}:{port or _POSTGRES_PORT}" if host else ""
