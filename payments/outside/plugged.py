"""Everybody of one kind whom we call, built from how operators described them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

import httpx2

from payments.outside.wire import Timeouts, open_http
from payments.ports.journal import CallLog


class _Described(Protocol):
    @property
    def id(self) -> str: ...


Profile = TypeVar("Profile", bound=_Described)
Adapter = TypeVar("Adapter")


class Plugged(ABC, Generic[Profile, Adapter]):
    """`rows` is asked every time, and answers from memory; a changed row is a new adapter.

    Who is suspended stays plugged in for what has begun, and takes nothing new.
    """

    def __init__(
        self, rows: Callable[[], Sequence[Profile]], calls: CallLog, timeouts: Timeouts
    ) -> None:
        self._rows = rows
        self._calls = calls
        self._timeouts = timeouts
        self._seen: Sequence[Profile] | None = None
        self._http: dict[str, httpx2.AsyncClient] = {}
        self._adapters: dict[str, Adapter] = {}

    def get(self, name: str) -> Adapter | None:
        rows = self._rows()
        if rows is not self._seen:
            self._adapters = {row.id: self._plug(row, self._connections(row)) for row in rows}
            self._seen = rows
        return self._adapters.get(name)

    async def close(self) -> None:
        for http in self._http.values():
            await http.aclose()

    @abstractmethod
    def _plug(self, row: Profile, http: httpx2.AsyncClient) -> Adapter: ...

    def _connections(self, row: Profile) -> httpx2.AsyncClient:
        """Its own. They stay when its description changes: money may be on one of them."""
        return self._http.get(row.id) or self._http.setdefault(row.id, open_http())


def utc_now() -> datetime:
    return datetime.now(UTC)
