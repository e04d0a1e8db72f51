"""What the pages of webhooks stand on: looks at the record, and the desk that partners have."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from api.answers import Refusal
from api.console import asked
from api.webhook_endpoints import EndpointDesk
from payments.bootstrap import Gateway
from payments.domain.codes import Code
from payments.domain.webhook import Disabled, Endpoint
from payments.ports.webhook_insight import WatchedEndpoint, WebhookInsight
from payments.ports.webhooks import DeliveryLog, Outbox


@dataclass(frozen=True, slots=True)
class WebhookConsole:
    insight: WebhookInsight
    outbox: Outbox
    log: DeliveryLog
    endpoints: EndpointDesk

    @classmethod
    def of(cls, gateway: Gateway) -> Self:
        record, rules = gateway.record, gateway.settings.webhook_rules
        endpoints = EndpointDesk(
            record.endpoints, record.delivery_log, vault=record.vault, rules=rules
        )
        return cls(record.webhook_insight, record.outbox, record.delivery_log, endpoints)

    async def watched(self, name: str) -> WatchedEndpoint:
        """By the name in a path. Raises Refusal and HTTPException."""
        found = await self.insight.endpoint(asked.endpoint_named(name))
        if found is None:
            raise Refusal(Code.ENDPOINT_UNKNOWN)
        return found

    async def endpoint(self, name: str) -> Endpoint:
        """The same, to do something with: it is not removed."""
        found = await self.watched(name)
        if found.removed_at is not None:
            raise Refusal(Code.ENDPOINT_UNKNOWN)
        return found.endpoint

    async def disable(self, endpoint: Endpoint) -> None:
        """As an operator, so that the partner's other endpoints are told. Raises Refusal."""
        disabled = await self.endpoints.endpoints.disable(
            endpoint.partner_id, endpoint.endpoint_id, Disabled.BY_OPERATOR, datetime.now(UTC)
        )
        if disabled is None:
            raise Refusal(Code.ENDPOINT_UNKNOWN)
