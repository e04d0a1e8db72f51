"""All card providers, each with its own connections, built from how an operator described them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import httpx2

from payments.adapters.providers.recorded import RecordedProvider
from payments.adapters.providers.sandbox.client import Client as SandboxClient
from payments.adapters.providers.sandbox.provider import SandboxProvider
from payments.adapters.providers.stripe.client import Client as StripeClient
from payments.adapters.providers.stripe.provider import StripeProvider
from payments.domain.partner import Standing
from payments.domain.provider import ProviderKind, ProviderProfile
from payments.outside.plugged import Plugged, utc_now
from payments.outside.wire import Timeouts
from payments.ports.provider import Provider

# A method token's first letters name the kind of provider whose vault made it.
VAULTS: Final[Mapping[str, ProviderKind]] = {
    "tok_": ProviderKind.SANDBOX,
    "pm_": ProviderKind.STRIPE,
}


class PluggedProviders(Plugged[ProviderProfile, Provider]):
    def kinds(self) -> Mapping[str, str]:
        rows = self._rows()
        return {row.id: row.kind.value for row in rows if row.standing is Standing.ACTIVE}

    def vault(self, token: str) -> Provider | None:
        kind = next((kind for start, kind in VAULTS.items() if token.startswith(start)), None)
        # All providers of one kind share its vault. One that still takes payments is asked first.
        sharing = [row for row in self._rows() if row.kind is kind]
        sharing.sort(key=lambda row: row.standing is Standing.ACTIVE)
        return self.get(sharing[-1].id) if sharing else None

    def _plug(self, row: ProviderProfile, http: httpx2.AsyncClient) -> Provider:
        return RecordedProvider(row.id, plugged(row, http, self._timeouts), self._calls)


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
