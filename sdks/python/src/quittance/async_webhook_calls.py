"""The calls for webhooks, awaiting. The calls are described in quittance.webhook_calls."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

from quittance import webhook_operations as operations
from quittance.drivers import AwaitingCalls
from quittance.webhook_results import (
    DeliveryHistory,
    DeliveryState,
    NewSecret,
    Replayed,
    SentTest,
    WebhookDelivery,
    WebhookEndpoint,
)
from quittance.webhooks import WebhookEvent


class AsyncWebhookEndpoints(AwaitingCalls):
    async def create(
        self,
        url: str,
        types: Iterable[str] = (),
        *,
        payload: str | None = None,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewSecret:
        operation = operations.create_endpoint(url, types, payload, description, idempotency_key)
        return await self._driver.call(operation)

    async def list(self) -> tuple[WebhookEndpoint, ...]:
        return await self._driver.call(operations.list_endpoints())

    async def get(self, endpoint: WebhookEndpoint | str) -> WebhookEndpoint:
        return await self._driver.call(operations.get_endpoint(endpoint))

    async def update(
        self,
        endpoint: WebhookEndpoint | str,
        *,
        url: str | None = None,
        types: Iterable[str] | None = None,
        payload: str | None = None,
        version: str | None = None,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> WebhookEndpoint:
        operation = operations.change_endpoint(
            endpoint,
            url=url,
            types=types,
            payload=payload,
            version=version,
            description=description,
            key=idempotency_key,
        )
        return await self._driver.call(operation)

    async def enable(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        return await self._driver.call(operations.enable(endpoint, idempotency_key))

    async def disable(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        return await self._driver.call(operations.disable(endpoint, idempotency_key))

    async def delete(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> None:
        await self._driver.call(operations.delete_endpoint(endpoint, idempotency_key))

    async def rotate_secret(
        self,
        endpoint: WebhookEndpoint | str,
        overlap: timedelta | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> NewSecret:
        return await self._driver.call(operations.rotate_secret(endpoint, overlap, idempotency_key))

    async def test(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> SentTest:
        return await self._driver.call(operations.test_endpoint(endpoint, idempotency_key))

    def deliveries(
        self,
        endpoint: WebhookEndpoint | str,
        *,
        state: DeliveryState | str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[WebhookDelivery]:
        return self._driver.list(operations.list_deliveries(endpoint, state, page_size))

    async def delivery(
        self, endpoint: WebhookEndpoint | str, event: WebhookEvent | str
    ) -> DeliveryHistory:
        return await self._driver.call(operations.get_delivery(endpoint, event))

    async def replay(
        self,
        endpoint: WebhookEndpoint | str,
        event: WebhookEvent | str,
        *,
        idempotency_key: str | None = None,
    ) -> Replayed:
        return await self._driver.call(operations.replay(endpoint, idempotency_key, event=event))

    async def replay_between(
        self,
        endpoint: WebhookEndpoint | str,
        since: datetime,
        until: datetime,
        *,
        after: str | None = None,
        idempotency_key: str | None = None,
    ) -> Replayed:
        asked = operations.replay(endpoint, idempotency_key, since=since, until=until, after=after)
        return await self._driver.call(asked)

    async def replay_failures(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> Replayed:
        return await self._driver.call(operations.replay(endpoint, idempotency_key, failures=True))


class AsyncEvents(AwaitingCalls):
    async def get(self, event: WebhookEvent | str) -> WebhookEvent:
        return await self._driver.call(operations.get_event(event))

    def list(
        self, object_id: str | None = None, *, page_size: int = 100
    ) -> AsyncIterator[WebhookEvent]:
        return self._driver.list(operations.list_events(object_id, page_size))
