"""The console when what is behind it fails: a page, never a bare error, and never with its headers
missing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Never

import httpx2
import pytest

from api import webhook_endpoints
from api.console import webhook_actions
from api.console import webhooks as webhook_pages
from api.console.app import console
from api.console.desk import WebhookConsole
from api.webhook_endpoints import EndpointDesk
from payments.domain import ids
from payments.domain.addresses import Rules
from payments.domain.webhook import Endpoint
from payments.ports.record import RecordUnavailable
from payments.ports.webhook_insight import WatchedEndpoint
from tests.api.hooks import NOBODYS
from tests.contracts.webhook_stage import VAULT, Webhooks, in_memory
from tests.webhook_factories import NOW, make_event


class Broken:
    """Stands for every port: whatever is asked raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        async def ask(*_: object, **__: object) -> Never:
            raise self._error

        return ask


async def asked(
    error: Exception, names: Sequence[str] = (), *, method: str = "GET", **headers: str
) -> httpx2.Response:
    ports = [Broken(error)] * 4
    desk = WebhookConsole(*ports)  # type: ignore[arg-type]
    pages = [*webhook_pages.routes(desk), *webhook_actions.routes(desk)]
    app = console(pages, tuple(names))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        path = "/webhooks" if method == "GET" else f"/webhooks/{NOBODYS}/enable"
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (RecordUnavailable("away"), 503, "The record does not answer."),
        (ZeroDivisionError("a secret"), 500, "Something of ours broke"),
    ],
)
async def test_what_fails_behind_it_is_told_on_a_page(
    error: Exception, status: int, words: str, method: str
) -> None:
    answer = await asked(error, method=method, Origin="http://127.0.0.1")

    assert answer.status_code == status
    assert words in answer.text
    # It may have been done before it broke.
    assert "Nothing was done" not in answer.text
    assert str(error) not in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


class Watching:
    """WebhookInsight for one endpoint that is well."""

    def __init__(self, webhooks: Webhooks, endpoint: Endpoint) -> None:
        self._webhooks, self._endpoint = webhooks, endpoint

    async def endpoint(self, _: str) -> WatchedEndpoint:
        seen = await self._webhooks.seen(self._endpoint)
        return WatchedEndpoint(seen, None, failures=0, pending=0, pending_since=None)

    async def missed(self, *_: object) -> int:
        return 1


async def test_what_one_form_does_not_replay_is_asked_about_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook_endpoints, "MOST_REPLAYED", 2)
    webhooks = in_memory()
    endpoint = await webhooks.add_endpoint(endpoint_id=NOBODYS)
    happened = [
        make_event(endpoint.partner_id, occurred_at=NOW + timedelta(minutes=number))
        for number in range(3)
    ]
    for event in happened:
        await webhooks.tell(event)
    desk = EndpointDesk(webhooks.endpoints, webhooks.log, vault=VAULT, rules=Rules())
    watching: Any = Watching(webhooks, endpoint)
    both = WebhookConsole(watching, webhooks.outbox, webhooks.log, desk)
    app = console([*webhook_pages.routes(both), *webhook_actions.routes(both)])
    form = {"from": f"{NOW:%Y-%m-%dT%H:%M:%S}", "to": "2030-01-01T00:00"}
    path = f"/webhooks/{NOBODYS}/replay-range"
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        told = await client.post(path, data=form, headers={"Origin": "http://127.0.0.1"})
        place = told.headers["location"].removeprefix("/console")
        question = await client.get(place)

    assert place.startswith(f"{path}?")
    assert f"after={ids.event_name(happened[1].event_id)}" in place
    assert "2 deliveries are on the way again." in question.text
    assert "Replay the rest of this time?" in question.text
    assert len(await webhooks.log.of_endpoint(NOBODYS)) == 2


async def test_a_name_with_a_dot_leads_there_once_it_is_told() -> None:
    away = RecordUnavailable("away")

    assert (await asked(away, Host="ops.example.com:8081")).status_code == 421
    known = await asked(away, ["Ops.example.com"], Host="ops.example.com:8081")
    assert known.status_code == 503
