"""The provider table, in memory: what the bootstrap needs to plug in each provider's adapter."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from payments.adapters.postgres.profiles import Profiles, Secrets
from payments.adapters.postgres.sealer import PROVIDER_SECRET, WEBHOOK_SECRETS, Sealer
from payments.db.session import Database, Row
from payments.domain.partner import Standing
from payments.domain.provider import ProviderKind, ProviderProfile

_COLUMNS: Final = (
    "id, kind, base_url, secret_sealed, webhook_secrets_sealed, settles_within_s,"
    " authorization_lasts_s, honours_idempotency_keys, standing"
)
_READ: Final = f"SELECT {_COLUMNS} FROM provider ORDER BY id"  # noqa: S608  # Ours.
_PUT: Final = f"""
    INSERT INTO provider ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (id) DO UPDATE SET ({_COLUMNS}) = ROW (
        EXCLUDED.id, EXCLUDED.kind, EXCLUDED.base_url, EXCLUDED.secret_sealed,
        EXCLUDED.webhook_secrets_sealed, EXCLUDED.settles_within_s,
        EXCLUDED.authorization_lasts_s, EXCLUDED.honours_idempotency_keys, EXCLUDED.standing)"""  # noqa: S608
_KINDS: Final = frozenset(ProviderKind)
_SECRETS: Final = Secrets("provider", PROVIDER_SECRET, WEBHOOK_SECRETS)


class PostgresProviders(Profiles[ProviderProfile]):
    """All providers with their opened secrets."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        super().__init__(database, _READ, partial(_provider, sealer))


def _provider(sealer: Sealer, row: Row) -> ProviderProfile | None:
    # A newer version, deployed beside this one, may know more kinds than we do.
    if row["kind"] not in _KINDS or (opened := _SECRETS.open(sealer, row)) is None:
        return None
    return ProviderProfile(
        id=row["id"],
        kind=ProviderKind(row["kind"]),
        base_url=row["base_url"],
        secret=opened[0],
        webhook_secrets=opened[1],
        settles_within=timedelta(seconds=row["settles_within_s"]),
        authorization_lasts=timedelta(seconds=row["authorization_lasts_s"]),
        honours_idempotency_keys=row["honours_idempotency_keys"],
        standing=Standing(row["standing"]),
    )


def put(sealer: Sealer, provider: ProviderProfile) -> tuple[str, Sequence[object]]:
    """The statement that adds a provider, or describes a known one anew, and its parameters."""
    return _PUT, (
        provider.id,
        provider.kind,
        provider.base_url,
        *_SECRETS.seal(sealer, provider),
        int(provider.settles_within.total_seconds()),
        int(provider.authorization_lasts.total_seconds()),
        provider.honours_idempotency_keys,
        provider.standing,
    )
