"""HTTP to somebody else and nothing else: what came back, and whether the request ever left.

NeverLeft   surely not sent: no connection was made
NoAnswer    it may have arrived: no answer, half an answer, or an endless one
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import httpx2

from payments.outside.exchange import CURRENT, Exchange

CONNECT_TIMEOUT_S: Final = 2.0
LARGEST_ANSWER_BYTES: Final = 65_536
_LONGEST_PAUSE_S: Final = 3600.0


class NeverLeft(Exception):
    pass


class NoAnswer(Exception):
    pass


# Raised before the first byte of the request is written. Everything else may be after it.
_NEVER_LEFT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)


@cache
def _trust() -> ssl.SSLContext:
    """One for all, as it takes 20 ms to read every authority's certificate."""
    return httpx2.create_ssl_context(trust_env=False)


def open_http() -> httpx2.AsyncClient:
    """One for each of them, so that one that hangs cannot use up the others' connections."""
    return httpx2.AsyncClient(
        # Kept shorter than servers usually keep theirs: a connection that the other side is just
        # closing turns a payment into an unknown outcome.
        limits=httpx2.Limits(
            max_connections=500, max_keepalive_connections=50, keepalive_expiry=3.0
        ),
        timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S),
        follow_redirects=False,
        trust_env=False,
        verify=_trust(),
    )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """From the request to the end of the answer. Reads and holds are short, money takes longer."""

    quick_s: float = 3.0
    money_s: float = 8.0


@dataclass(frozen=True, slots=True)
class RawReply:
    """An answer as it came, read to its end."""

    status: int
    text: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in JSON. `body` is None when it is not one JSON object."""

    status: int
    body: Mapping[str, Any] | None
    retry_after_s: float | None = None

    @property
    def error(self) -> str:
        """Their word for what is wrong, or nothing: then it is not their word."""
        error = (self.body or {}).get("error")
        return error if isinstance(error, str) else ""

    def __str__(self) -> str:
        return f"HTTP {self.status} {self.error}".rstrip()


@dataclass(frozen=True, slots=True)
class Api:
    """Somebody's JSON over HTTP. `headers`, which prove who we are, go with every call."""

    http: httpx2.AsyncClient
    root: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def ask(
        self,
        method: str,
        path: str,
        timeout_s: float,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Reply:
        """Raises NeverLeft or NoAnswer."""
        options["headers"] = {**self.headers, **(headers or {})}
        raw = await ask_raw(self.http, method, self.root + path, timeout_s, **options)
        return Reply(raw.status, _object(raw.text), retry_after(raw.headers))


async def ask_raw(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    timeout_s: float,
    *,
    largest_bytes: int = LARGEST_ANSWER_BYTES,
    **options: Any,
) -> RawReply:
    """Raises NeverLeft or NoAnswer."""
    exchange = CURRENT.get() or Exchange()
    exchange.begin()
    try:
        async with (
            asyncio.timeout(timeout_s),
            http.stream(method, url, **options) as response,
        ):
            text = await _read(response, largest_bytes)
    except _NEVER_LEFT as error:
        exchange.left = False
        exchange.fault = type(error).__name__
        raise NeverLeft(type(error).__name__) from error
    except (httpx2.HTTPError, TimeoutError, NoAnswer) as error:
        exchange.fault = type(error).__name__
        raise NoAnswer(str(error) or type(error).__name__) from error
    exchange.status, exchange.body = response.status_code, text
    return RawReply(response.status_code, text, response.headers)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How long they want to be left alone; dates are not read."""
    text = headers.get("retry-after", "")
    return min(float(text), _LONGEST_PAUSE_S) if text.isascii() and text.isdigit() else None


async def _read(response: httpx2.Response, largest_bytes: int) -> str:
    """Bounded: an endless answer is no answer."""
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > largest_bytes:
            raise NoAnswer("the answer is too long")
    return content.decode("utf-8", errors="replace")


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
