"""The rails that we have, each with connections of its own."""

from collections.abc import Callable
from datetime import datetime

import httpx2

from payments.adapters.rails.recorded import RecordedRail
from payments.adapters.rails.sandbox.client import Client
from payments.adapters.rails.sandbox.rail import SandboxRail
from payments.domain.destination import DestinationKind
from payments.domain.rail import RailKind, RailProfile
from payments.outside.plugged import Plugged, utc_now
from payments.outside.wire import Timeouts
from payments.ports.rail import Rail


class PluggedRails(Plugged[RailProfile, Rail]):
    def profile(self, rail_id: str) -> RailProfile | None:
        return next((row for row in self._rows() if row.id == rail_id), None)

    def taking(self, kind: DestinationKind, currency: str) -> RailProfile | None:
        return next((row for row in self._rows() if row.takes(kind, currency)), None)

    def _plug(self, row: RailProfile, http: httpx2.AsyncClient) -> Rail:
        return RecordedRail(row.id, plugged(row, http, self._timeouts), self._calls)


def plugged(
    row: RailProfile,
    http: httpx2.AsyncClient,
    timeouts: Timeouts,
    now: Callable[[], datetime] = utc_now,
) -> Rail:
    """The adapter that a described rail asks for."""
    match row.kind:
        case RailKind.SANDBOX:
            return SandboxRail(row, Client(http, row, timeouts), now)
