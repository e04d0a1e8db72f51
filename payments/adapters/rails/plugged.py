"""The rails that we have, each with connections of its own."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx2

from payments.adapters.rails.recorded import RecordedRail
from payments.adapters.rails.sandbox.client import Client
from payments.adapters.rails.sandbox.rail import SandboxRail
from payments.domain.destination import DestinationKind
from payments.domain.rail import RailKind, RailProfile
from payments.outside.wire import Timeouts, open_http
from payments.ports.journal import CallLog
from payments.ports.rail import Rail


class PluggedRails:
    """`rows` is asked every time, and answers from memory; a changed row is a new adapter.

    A suspended rail stays plugged in for what has begun, and takes nothing new.
    """

    def __init__(
        self, rows: Callable[[], Sequence[RailProfile]], calls: CallLog, timeouts: Timeouts
    ) -> None:
        self._rows = rows
        self._calls = calls
        self._timeouts = timeouts
        self._seen: Sequence[RailProfile] | None = None
        self._http: dict[str, httpx2.AsyncClient] = {}
        self._rails: dict[str, Rail] = {}

    def get(self, rail_id: str) -> Rail | None:
        self._look()
        return self._rails.get(rail_id)

    def profile(self, rail_id: str) -> RailProfile | None:
        return next((row for row in self._rows() if row.id == rail_id), None)

    def taking(self, kind: DestinationKind, currency: str) -> RailProfile | None:
        return next((row for row in self._rows() if row.takes(kind, currency)), None)

    async def close(self) -> None:
        for http in self._http.values():
            await http.aclose()

    def _look(self) -> None:
        rows = self._rows()
        if rows is not self._seen:
            self._rails = {row.id: self._plugged(row) for row in rows}
            self._seen = rows

    def _plugged(self, row: RailProfile) -> Rail:
        # The connections stay when the description changes: a transfer may be on one of them.
        http = self._http.get(row.id) or self._http.setdefault(row.id, open_http())
        return RecordedRail(row.id, plugged(row, http, self._timeouts), self._calls)


def utc_now() -> datetime:
    return datetime.now(UTC)


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
