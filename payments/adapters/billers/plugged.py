"""All billers, each with its own connections, built from how an operator described them."""

from collections.abc import Callable, Sequence

import httpx2

from payments.adapters.billers.http.biller import HttpBiller
from payments.adapters.billers.http.client import Client
from payments.adapters.billers.recorded import RecordedBiller
from payments.domain.biller import BillerProfile
from payments.domain.partner import Standing
from payments.outside.wire import Timeouts, open_http
from payments.ports.biller import Biller, Capabilities
from payments.ports.journal import CallLog


class PluggedBillers:
    """`rows` is asked every time, and answers from memory; a changed row is a new adapter.

    A suspended biller stays plugged in for what has begun, and refuses what is new.
    """

    def __init__(
        self, rows: Callable[[], Sequence[BillerProfile]], calls: CallLog, timeouts: Timeouts
    ) -> None:
        self._rows = rows
        self._calls = calls
        self._timeouts = timeouts
        self._seen: Sequence[BillerProfile] | None = None
        self._http: dict[str, httpx2.AsyncClient] = {}
        self._billers: dict[str, Biller] = {}

    def get(self, biller_id: str) -> Biller | None:
        rows = self._rows()
        if rows is not self._seen:
            self._billers = {row.id: self._plugged(row) for row in rows}
            self._seen = rows
        return self._billers.get(biller_id)

    async def close(self) -> None:
        for http in self._http.values():
            await http.aclose()

    def _plugged(self, row: BillerProfile) -> Biller:
        # The connections stay when the description changes: a payment may be on one of them.
        http = self._http.get(row.id) or self._http.setdefault(row.id, open_http())
        client = Client(http, base_url=row.base_url, biller_id=row.id, timeouts=self._timeouts)
        biller = HttpBiller(
            client,
            currency=row.currency,
            capabilities=Capabilities(row.honours_idempotency_keys, row.settles_within),
            accepts_new=row.standing is Standing.ACTIVE,
        )
        return RecordedBiller(row.id, biller, self._calls)
