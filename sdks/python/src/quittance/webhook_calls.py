"""The calls for webhooks, blocking: endpoints, their deliveries, and events.

An endpoint or event may be given as the object or as its id.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from quittance import webhook_operations as operations
from quittance.drivers import BlockingCalls
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


class WebhookEndpoints(BlockingCalls):
    def create(
        self,
        url: str,
        types: Iterable[str] = (),
        *,
        payload: str | None = None,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewSecret:
        """Have events sent to `url`: those of these types, or all. Keep the secret that comes.

        `payload="thin"` sends ids instead of data. Raises InvalidRequest, EndpointRefused.
        """
        operation = operations.create_endpoint(url, types, payload, description, idempotency_key)
        return self._driver.call(operation)

    def list(self) -> tuple[WebhookEndpoint, ...]:
        """All of yours, the oldest first."""
        return self._driver.call(operations.list_endpoints())

    def get(self, endpoint: WebhookEndpoint | str) -> WebhookEndpoint:
        """Raises EndpointUnknown."""
        return self._driver.call(operations.get_endpoint(endpoint))

    def update(
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
        """What is left out stays. Empty `types` means all of them."""
        operation = operations.change_endpoint(
            endpoint,
            url=url,
            types=types,
            payload=payload,
            version=version,
            description=description,
            key=idempotency_key,
        )
        return self._driver.call(operation)

    def enable(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Send there again, from now on: replay_failures() brings what was missed."""
        return self._driver.call(operations.enable(endpoint, idempotency_key))

    def disable(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Send nothing there; what is on its way is canceled."""
        return self._driver.call(operations.disable(endpoint, idempotency_key))

    def delete(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> None:
        self._driver.call(operations.delete_endpoint(endpoint, idempotency_key))

    def rotate_secret(
        self,
        endpoint: WebhookEndpoint | str,
        overlap: timedelta | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> NewSecret:
        """A new secret. The old one signs as well for `overlap`, a day if you do not say.

        Give both to verify_webhook() meanwhile. Those before it sign until their own ends; no
        overlap at all ends them with it, for when one has leaked.
        """
        return self._driver.call(operations.rotate_secret(endpoint, overlap, idempotency_key))

    def test(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> SentTest:
        """Have a webhook_endpoint.test sent. Raises EndpointRefused while it is disabled."""
        return self._driver.call(operations.test_endpoint(endpoint, idempotency_key))

    def deliveries(
        self,
        endpoint: WebhookEndpoint | str,
        *,
        state: DeliveryState | str | None = None,
        page_size: int = 100,
    ) -> Iterator[WebhookDelivery]:
        """What was sent there, newest first; each page is asked for when it is needed."""
        return self._driver.list(operations.list_deliveries(endpoint, state, page_size))

    def delivery(
        self, endpoint: WebhookEndpoint | str, event: WebhookEvent | str
    ) -> DeliveryHistory:
        """Every try with one event. Raises EventUnknown when it never went there."""
        return self._driver.call(operations.get_delivery(endpoint, event))

    def replay(
        self,
        endpoint: WebhookEndpoint | str,
        event: WebhookEvent | str,
        *,
        idempotency_key: str | None = None,
    ) -> Replayed:
        """Send one event again, under the id that it has."""
        return self._driver.call(operations.replay(endpoint, idempotency_key, event=event))

    def replay_between(
        self,
        endpoint: WebhookEndpoint | str,
        since: datetime,
        until: datetime,
        *,
        after: str | None = None,
        idempotency_key: str | None = None,
    ) -> Replayed:
        """Send again what happened from `since` on and before `until`.

        While there is `more`, call again with `after=done.next` and the same two moments.
        """
        asked = operations.replay(endpoint, idempotency_key, since=since, until=until, after=after)
        return self._driver.call(asked)

    def replay_failures(
        self, endpoint: WebhookEndpoint | str, *, idempotency_key: str | None = None
    ) -> Replayed:
        """Send again all that failed or was canceled. Look at `more`."""
        return self._driver.call(operations.replay(endpoint, idempotency_key, failures=True))


class Events(BlockingCalls):
    def get(self, event: WebhookEvent | str) -> WebhookEvent:
        """With all its data, however thin or long ago it was sent. Raises EventUnknown."""
        return self._driver.call(operations.get_event(event))

    def list(self, object_id: str | None = None, *, page_size: int = 100) -> Iterator[WebhookEvent]:
        """Yours, or those of one object, newest first: here is what is missing in a gap."""
        return self._driver.list(operations.list_events(object_id, page_size))
