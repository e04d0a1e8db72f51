"""All card providers, each with its own connections, built from how an operator described them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import httpx2

from payments.adapters.providers.recorded import RecordedProvider
from payments.adapters.providers.sandbox.client import Client as SandboxClient
from payments.adapters.providers.sandbox.provider import SandboxProvider
from payments.adapters.providers.stripe.client import Client as StripeClient
from payments.adapters.providers.stripe.provider import StripeProvider
from payments.domain.partner import Standing
from payments.domain.provider import ProviderKind, ProviderProfile
from payments.outside.wire import Timeouts, open_http
from payments.ports.journal import CallLog
from payments.ports.provider import Provider

# A method token's first letters name the kind of provider whose vault made it.
VAULTS: Final[Mapping[str, ProviderKind]] = {
    "tok_": ProviderKind.SANDBOX,
    "pm_": ProviderKind.STRIPE,
}


class PluggedProviders:
    """`rows` is asked every time, and answers from memory; a changed row is a new adapter.

    A suspended provider stays plugged in for what has begun, and takes nothing new.
    """

    def __init__(
        self, rows: Callable[[], Sequence[ProviderProfile]], calls: CallLog, timeouts: Timeouts
    ) -> None:
        self._rows = rows
        self._calls = calls
        self._timeouts = timeouts
        self._seen: Sequence[ProviderProfile] | None = None
        self._http: dict[str, httpx2.AsyncClient] = {}
        self._providers: dict[str, Provider] = {}
        self._kinds: dict[str, str] = {}
        self._vaults: dict[str, Provider] = {}

    def get(self, provider_id: str) -> Provider | None:
        self._look()
        return self._providers.get(provider_id)

    def kinds(self) -> Mapping[str, str]:
        self._look()
        return self._kinds

    def vault(self, token: str) -> Provider | None:
        self._look()
        kind = next((kind for start, kind in VAULTS.items() if token.startswith(start)), None)
        return self._vaults.get(kind) if kind is not None else None

    async def close(self) -> None:
        for http in self._http.values():
            await http.aclose()

    def _look(self) -> None:
        rows = self._rows()
        if rows is self._seen:
            return
        self._providers = {row.id: self._plugged(row) for row in rows}
        self._kinds = {row.id: row.kind.value for row in rows if row.standing is Standing.ACTIVE}
        # All providers of one kind share its vault. One that still takes payments is asked first.
        active_last = sorted(rows, key=lambda row: row.standing is Standing.ACTIVE)
        self._vaults = {row.kind.value: self._providers[row.id] for row in active_last}
        self._seen = rows

    def _plugged(self, row: ProviderProfile) -> Provider:
        # The connections stay when the description changes: a payment may be on one of them.
        http = self._http.get(row.id) or self._http.setdefault(row.id, open_http())
        return RecordedProvider(row.id, plugged(row, http, self._timeouts), self._calls)


def utc_now() -> datetime:
    return datetime.now(UTC)


def plugged(
    row: ProviderProfile,
    http: httpx2.AsyncClient,
    timeouts: Timeouts,
    now: Callable[[], datetime] = utc_now,
) -> Provider:
    """The adapter that a described provider asks for."""
    match row.kind:
        case ProviderKind.SANDBOX:
            return SandboxProvider(row, SandboxClient(http, row, timeouts), now)
        case ProviderKind.STRIPE:
            return StripeProvider(row, StripeClient(http, row, timeouts), now)
