"""TCP to hosts that partners name: the address that is connected to is the one that was judged.

httpcore2 connection pool -> GuardedNetwork: resolve, judge, connect to that very address -> TLS

A name that changes its address after it was looked at gains nothing: nobody looks it up again. TLS
still verifies the name. The pools are httpcore2's own, which follow no redirects, read no proxies
from the environment and take the network as an argument.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final

import httpcore2

from payments.domain.addresses import (
    Address,
    Rules,
    literal,
    refusal_of_address,
    refusal_of_namesake,
)

Resolve = Callable[[str], Awaitable[Sequence[Address]]]
_Connect = Coroutine[Any, Any, httpcore2.AsyncNetworkStream]

# A host with many addresses must not use up the patience for the whole request.
_CONNECT_S: Final = 4.0
_MOST_ADDRESSES: Final = 3
# Threads that wait for name servers. A name has one at most, however many ask for it.
_LOOKUPS: Final = 64
_OWN_NAMES_S: Final = 60.0
_OWN_NAME_PATIENCE_S: Final = 2.0
# What may be read for one request, with headers and the frames of chunks.
_LARGEST_EXCHANGE_BYTES: Final = 131_072


class AddressRefused(Exception):
    """Nothing was sent. The text is the reason, for the partner."""


class NameUnknown(httpcore2.ConnectError):
    """No address is known for the name."""


class Resolver:
    """The system's, in threads of its own: a dead name server must not hold up other lookups."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS, "lookup")
        self._under_way: dict[str, asyncio.Future[Sequence[Address]]] = {}

    async def __call__(self, host: str) -> Sequence[Address]:
        """Raises OSError or UnicodeError when the name means nothing."""
        lookup = self._under_way.get(host)
        if lookup is None:
            lookup = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)
            self._under_way[host] = lookup
            lookup.add_done_callback(lambda done: self._forget(host, done))
        # Whoever gives up takes nobody else's answer along.
        return await asyncio.shield(lookup)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget(self, host: str, done: "asyncio.Future[Sequence[Address]]") -> None:
        del self._under_way[host]
        if not done.cancelled():
            # Perhaps nobody waits for it any more.
            done.exception()


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects by the rules, or raises AddressRefused."""

    def __init__(self, rules: Rules, resolve: Resolve) -> None:
        self._rules = rules
        self._resolve = resolve
        self._network = httpcore2.AnyIOBackend()
        self._late: set[asyncio.Task[None]] = set()
        self._own: dict[str, tuple[float, tuple[Address, ...]]] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 # The library's signature.
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = NameUnknown("the host name has no address")
        for address in (await self._allowed(host, port))[:_MOST_ADDRESSES]:
            try:
                stream = await self._whole(
                    self._network.connect_tcp(
                        str(address),
                        port,
                        timeout=min(timeout or _CONNECT_S, _CONNECT_S),
                        local_address=local_address,
                        socket_options=socket_options,
                    )
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _BoundedStream(stream)
        raise failure

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _whole(self, connect: _Connect) -> httpcore2.AsyncNetworkStream:
        """Whoever gives up while the connection is made leaves none, at whatever moment it is."""
        connecting = asyncio.create_task(connect)
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            late = asyncio.create_task(_close_late(connecting))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
            raise

    async def _allowed(self, host: str, port: int) -> list[Address]:
        """Where the host may be reached; of several addresses the forbidden ones are left out."""
        allowed, refusal = [], None
        for address in await self._addresses(host):
            reason = await self._refusal(address, port)
            if reason is None:
                allowed.append(address)
            refusal = refusal or reason
        if refusal is not None and not allowed:
            raise AddressRefused(refusal)
        return allowed

    async def _addresses(self, host: str) -> Sequence[Address]:
        address = literal(host)
        if address is not None:
            return (address,)
        try:
            return await self._resolve(host)
        except (OSError, UnicodeError) as error:
            raise NameUnknown("the host name has no address") from error

    async def _refusal(self, address: Address, port: int) -> str | None:
        reason = refusal_of_address(address, port, self._rules)
        for place in self._rules.own:
            if reason is None and place.address is None:
                behind = await self._behind(place.host)
                reason = refusal_of_namesake(address, port, place, behind)
        return reason

    async def _behind(self, own_name: str) -> tuple[Address, ...]:
        """The addresses of a place of ours. Without an answer it keeps those that it had."""
        looked_at, addresses = self._own.get(own_name, (float("-inf"), ()))
        if time.monotonic() - looked_at >= _OWN_NAMES_S:
            try:
                async with asyncio.timeout(_OWN_NAME_PATIENCE_S):
                    addresses = tuple(await self._resolve(own_name))
            except (OSError, UnicodeError, TimeoutError):
                pass
            self._own[own_name] = (time.monotonic(), addresses)
        return addresses


class _BoundedStream(httpcore2.AsyncNetworkStream):
    """One connection, over which only so much is read for each thing that is written."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left_bytes = _LARGEST_EXCHANGE_BYTES

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 # The library's signature.
    ) -> bytes:
        if self._left_bytes <= 0:
            # For example endless headers of 1xx, of which the library never tells us.
            raise httpcore2.ReadError("the answer is too long")
        content = await self._stream.read(max_bytes, timeout)
        self._left_bytes -= len(content)
        return content

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 # The library's signature.
    ) -> None:
        self._left_bytes = _LARGEST_EXCHANGE_BYTES
        await self._stream.write(buffer, timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 # The library's signature.
    ) -> httpcore2.AsyncNetworkStream:
        try:
            secure = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except asyncio.CancelledError:
            # After a failure the library closes it, but not when our patience is at its end.
            await self._stream.aclose()
            raise
        return _BoundedStream(secure)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


async def _close_late(connecting: asyncio.Task[httpcore2.AsyncNetworkStream]) -> None:
    with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
        stream = await connecting
        await stream.aclose()


def _look_up(host: str) -> Sequence[Address]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ip_address(place[0]) for *_, place in found]
