"""One try of one delivery: a signed POST to a partner, whatever the other side makes of it.

The status line decides; of the rest of an answer only so much is read as the delivery log keeps.
"""

import asyncio
import ssl
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

import httpcore2
import httpx2
import structlog

from payments.adapters.webhooks.message import Message, message
from payments.adapters.webhooks.pools import Pools
from payments.domain import ids
from payments.domain.addresses import Rules, Target, read
from payments.domain.card_numbers import redact
from payments.domain.webhook import Delivery, Try, TryEnding
from payments.outside.guard import (
    AddressRefused,
    GuardedNetwork,
    NameUnknown,
    Resolve,
    Resolver,
)

PATIENCE_S: Final = 15.0
LARGEST_ANSWER_BYTES: Final = 65_536
LONGEST_KEPT_BYTES: Final = 2_048
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
# More tries than these at once wait for one another, within their patience.
_MOST_CONNECTIONS: Final = 64
# As many as a lane is wide, for less time than servers usually keep them (gunicorn: 2 s).
_MOST_IDLE: Final = 8
_IDLE_S: Final = 1.5
# Read for what is kept; a card number that is cut in two would not be found.
_REDACTED_BYTES: Final = 4_096
_CUT_BYTES: Final = 512

# An endpoint gets many, and reading its URL takes as long as signing.
_read: Final = lru_cache(maxsize=1024)(read)

log = structlog.get_logger()


class HttpWebhookSender:
    """`resolve`, `tls` and `patience_s` are for tests; otherwise they are the system's and ours."""

    def __init__(
        self,
        rules: Rules,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._rules = rules
        self._resolver = Resolver()
        self._network = GuardedNetwork(rules, resolve or self._resolver)
        # One for all, as it takes long to read every authority's certificate.
        self._tls = tls or httpx2.create_ssl_context(trust_env=False)
        self._patience_s = patience_s
        self._pools = Pools(self._open_pool)

    async def send(self, delivery: Delivery, number: int) -> Try:
        at, began = datetime.now(UTC), time.perf_counter()
        answer = _Answer()
        target = _read(delivery.endpoint.url, self._rules)
        if isinstance(target, str):
            # It was taken by other rules than today's.
            fault: tuple[TryEnding, str] | None = (TryEnding.BLOCKED, f"the URL {target}")
        else:
            fault = await self._exchange(delivery, target, message(delivery, at), answer)
        made = answer.as_try(at, int((time.perf_counter() - began) * 1_000), fault)
        log.info(
            "webhook.tried",
            event_id=ids.event_name(delivery.event.event_id),
            endpoint_id=delivery.endpoint.endpoint_id,
            number=number,
            ending=made.ending,
            http_status=made.http_status,
            latency_ms=made.latency_ms,
        )
        return made

    async def close(self) -> None:
        await self._pools.close()
        self._resolver.close()

    async def _exchange(
        self, delivery: Delivery, target: Target, sent: Message, answer: "_Answer"
    ) -> tuple[TryEnding, str] | None:
        """Fill in the answer. What went wrong, in our words, if anything did."""
        url = httpcore2.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path
        )
        headers = {"host": target.authority, "accept-encoding": "identity", **sent.headers}
        try:
            async with (
                self._pools.of(delivery.endpoint.endpoint_id) as pool,
                asyncio.timeout(self._patience_s),
                pool.stream("POST", url, headers=list(headers.items()), content=sent.body) as reply,
            ):
                await answer.read(reply)
        except TimeoutError:
            return TryEnding.TIMED_OUT, f"no answer in {self._patience_s:g} s"
        except _FAULTS as error:
            return _fault(error)
        return None

    def _open_pool(self) -> httpcore2.AsyncConnectionPool:
        return httpcore2.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=_MOST_CONNECTIONS,
            max_keepalive_connections=_MOST_IDLE,
            keepalive_expiry=_IDLE_S,
            network_backend=self._network,
        )


class _Answer:
    """As much of an answer as has come."""

    def __init__(self) -> None:
        self._status: int | None = None
        self._retry_after_s: float | None = None
        self._content = bytearray()

    async def read(self, reply: httpcore2.Response) -> None:
        """To its end, or as far as anybody wants to know: then the connection is closed."""
        self._status = reply.status
        headers = {name.lower(): value for name, value in reply.headers}
        self._retry_after_s = retry_after_s(
            headers.get(b"retry-after", b"").decode("ascii", "replace"), datetime.now(UTC)
        )
        async with aclosing(reply.aiter_stream()) as chunks:
            async for chunk in chunks:
                self._content += chunk
                if len(self._content) >= LARGEST_ANSWER_BYTES:
                    break

    def as_try(self, at: datetime, latency_ms: int, fault: tuple[TryEnding, str] | None) -> Try:
        if self._status is None:
            ending, text = fault or (TryEnding.ANSWERED, "no HTTP")
            return Try(at, latency_ms, ending, answer=text)
        is_success = 200 <= self._status < 300
        return Try(
            at,
            latency_ms,
            TryEnding.DELIVERED if is_success else TryEnding.ANSWERED,
            self._status,
            kept(bytes(self._content)),
            None if is_success else self._retry_after_s,
        )


def kept(content: bytes) -> str:
    """The beginning of an answer as text without card numbers, in at most 2 kB."""
    beginning = content[:_REDACTED_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
    text = redact(beginning).encode()
    if len(content) > _REDACTED_BYTES:
        text = text[:-_CUT_BYTES]
    return text[:LONGEST_KEPT_BYTES].decode("utf-8", "ignore")


def retry_after_s(text: str, now: datetime) -> float | None:
    """How long they want to be left alone: seconds or a date. None when they say neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER.total_seconds())


# Everything that the other side, or the way there, can do to a request.
_FAULTS: Final = (
    AddressRefused,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    OSError,
)


def _fault(error: Exception) -> tuple[TryEnding, str]:
    if isinstance(error, AddressRefused):
        return TryEnding.BLOCKED, f"the URL {error}"
    # The library hands on the failure of a TLS handshake as the argument of its own.
    for each in (error, *error.args[:1]):
        if isinstance(each, ssl.SSLCertVerificationError):
            return TryEnding.TLS_FAILED, f"the certificate is refused: {each.verify_message}"
        if isinstance(each, ssl.SSLError):
            return TryEnding.TLS_FAILED, f"TLS failed: {each.reason or 'no reason given'}"
    if isinstance(error, NameUnknown):
        return TryEnding.UNREACHABLE, "the host name has no address"
    if isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout):
        return TryEnding.UNREACHABLE, "no connection"
    return TryEnding.UNREACHABLE, "the connection broke, or what came was no HTTP"
