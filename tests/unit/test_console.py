"""The console when what is behind it fails: a page, never a bare error, and never with its headers
missing.
"""

from collections.abc import Sequence
from typing import Any, Never

import httpx2
import pytest

from api.console.app import console
from api.console.desk import WebhookConsole
from payments.ports.record import RecordUnavailable
from tests.api.hooks import NOBODYS


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
    app = console(WebhookConsole(*ports), tuple(names))  # type: ignore[arg-type]
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


async def test_a_name_with_a_dot_leads_there_once_it_is_told() -> None:
    away = RecordUnavailable("away")

    assert (await asked(away, Host="ops.example.com:8081")).status_code == 421
    known = await asked(away, ["Ops.example.com"], Host="ops.example.com:8081")
    assert known.status_code == 503
