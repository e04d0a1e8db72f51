"""All billers, each with its own connections, built from how an operator described them."""

import httpx2

from payments.adapters.billers.http.biller import HttpBiller
from payments.adapters.billers.http.client import Client
from payments.adapters.billers.recorded import RecordedBiller
from payments.domain.biller import BillerProfile
from payments.domain.partner import Standing
from payments.outside.plugged import Plugged
from payments.ports.biller import Biller, Capabilities


class PluggedBillers(Plugged[BillerProfile, Biller]):
    def _plug(self, row: BillerProfile, http: httpx2.AsyncClient) -> Biller:
        client = Client(http, base_url=row.base_url, biller_id=row.id, timeouts=self._timeouts)
        biller = HttpBiller(
            client,
            currency=row.currency,
            capabilities=Capabilities(row.honours_idempotency_keys, row.settles_within),
            accepts_new=row.standing is Standing.ACTIVE,
        )
        return RecordedBiller(row.id, biller, self._calls)
