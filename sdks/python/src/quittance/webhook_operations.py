"""Every call for webhooks as a value: what to ask, and how to read the answer."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from quittance.card_operations import moment, segment
from quittance.card_results import nothing
from quittance.listings import Listing
from quittance.operations import ANY_PRODUCT, Operation, key_for
from quittance.reading import Envelope, Fields
from quittance.webhook_results import (
    DeliveryHistory,
    DeliveryState,
    NewSecret,
    Replayed,
    SentTest,
    WebhookDelivery,
    WebhookEndpoint,
    one_event,
)
from quittance.webhooks import WebhookEvent

T = TypeVar("T")

_ENDPOINTS = "/v1/webhook-endpoints"


def create_endpoint(
    url: str,
    types: Iterable[str],
    payload: str | None,
    description: str | None,
    key: str | None,
) -> Operation[NewSecret]:
    body = _told({"url": url, "payload": payload, "description": description})
    if chosen := list(types):
        body["types"] = chosen
    return _write(_ENDPOINTS, NewSecret.read, body, key)


def list_endpoints() -> Operation[tuple[WebhookEndpoint, ...]]:
    return _read(_ENDPOINTS, WebhookEndpoint.read_all)


def get_endpoint(endpoint: WebhookEndpoint | str) -> Operation[WebhookEndpoint]:
    return _read(_path(endpoint), WebhookEndpoint.read)


def change_endpoint(
    endpoint: WebhookEndpoint | str,
    *,
    url: str | None,
    types: Iterable[str] | None,
    payload: str | None,
    version: str | None,
    description: str | None,
    key: str | None,
) -> Operation[WebhookEndpoint]:
    body = _told({"url": url, "payload": payload, "version": version, "description": description})
    if types is not None:
        body["types"] = list(types)
    return _write(_path(endpoint), WebhookEndpoint.read, body, key, method="PATCH")


def delete_endpoint(endpoint: WebhookEndpoint | str, key: str | None) -> Operation[None]:
    return _write(_path(endpoint), nothing, None, key, method="DELETE")


def enable(endpoint: WebhookEndpoint | str, key: str | None) -> Operation[WebhookEndpoint]:
    return _write(_path(endpoint, "enable"), WebhookEndpoint.read, None, key)


def disable(endpoint: WebhookEndpoint | str, key: str | None) -> Operation[WebhookEndpoint]:
    return _write(_path(endpoint, "disable"), WebhookEndpoint.read, None, key)


def rotate_secret(
    endpoint: WebhookEndpoint | str, overlap: timedelta | None, key: str | None
) -> Operation[NewSecret]:
    body: dict[str, object] = {}
    if overlap is not None:
        body["overlapSeconds"] = int(overlap.total_seconds())
    return _write(_path(endpoint, "rotate-secret"), NewSecret.read, body, key)


def test_endpoint(endpoint: WebhookEndpoint | str, key: str | None) -> Operation[SentTest]:
    return _write(_path(endpoint, "test"), SentTest.read, None, key)


def list_deliveries(
    endpoint: WebhookEndpoint | str, state: DeliveryState | str | None, page_size: int
) -> Listing[WebhookDelivery]:
    path = _path(endpoint, "deliveries")
    return Listing(path, "deliveries", WebhookDelivery.of, ANY_PRODUCT, {"state": state}, page_size)


def get_delivery(
    endpoint: WebhookEndpoint | str, event: WebhookEvent | str
) -> Operation[DeliveryHistory]:
    return _read(_path(endpoint, "deliveries", _event(event)), DeliveryHistory.read)


def replay(
    endpoint: WebhookEndpoint | str,
    key: str | None,
    *,
    event: WebhookEvent | str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    failures: bool = False,
) -> Operation[Replayed]:
    """One event, or all between two moments, or all failures."""
    body = _told(
        {
            "eventId": None if event is None else _event(event),
            "from": moment(since),
            "to": moment(until),
            "after": after,
        }
    )
    if failures:
        body["failures"] = True
    return _write(_path(endpoint, "replay"), Replayed.read, body, key)


def list_events(object_id: str | None, page_size: int) -> Listing[WebhookEvent]:
    def of(row: Fields, _trace: str) -> WebhookEvent:
        return WebhookEvent.of(row)

    query = {"objectId": object_id}
    return Listing("/v1/events", "events", of, ANY_PRODUCT, query, page_size)


def get_event(event: WebhookEvent | str) -> Operation[WebhookEvent]:
    return _read(f"/v1/events/{_event(event)}", one_event)


def _read(path: str, read: Callable[[Envelope], T]) -> Operation[T]:
    return Operation("GET", path, read, ANY_PRODUCT)


def _write(
    path: str,
    read: Callable[[Envelope], T],
    body: Mapping[str, object] | None,
    key: str | None,
    *,
    method: str = "POST",
) -> Operation[T]:
    return Operation(method, path, read, ANY_PRODUCT, body=body, key=key_for(key))


def _told(members: Mapping[str, str | None]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _path(endpoint: WebhookEndpoint | str, *more: str) -> str:
    name = endpoint if isinstance(endpoint, str) else endpoint.id
    return "/".join((_ENDPOINTS, segment(name), *more))


def _event(event: WebhookEvent | str) -> str:
    return segment(event if isinstance(event, str) else event.id)
