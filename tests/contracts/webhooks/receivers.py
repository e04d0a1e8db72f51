"""A partner's server as it can be: it reads a request and then does as it likes with the socket."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Self

from payments.domain.addresses import Rules
from payments.stack.ports import free_port
from tests.closing import close

# They listen on this machine, most of them without TLS.
RULES = Rules(networks=(ip_network("127.0.0.0/8"),), allows_http=True)
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received:
    line: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """`received` are whole requests; `met` counts connections, `open_now` those that are open."""

    def __init__(
        self, behaviour: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.received: list[Received] = []
        self.met = 0
        self.port = 0
        self._behaviour = behaviour
        self._tls = tls
        self._host = host
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        # Not one that another test had before, and that somebody still sends to.
        self.port = self.port or free_port()
        self._server = await asyncio.start_server(self._meet, self._host, self.port, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        await close(self._server)
        for writer in self._open:
            writer.transport.abort()
        await self.left_alone()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{self._host}:{self.port}/hook"

    async def left_alone(self) -> None:
        """Wait until the other side has closed every connection."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: not self._open)

    async def has_received(self, count: int) -> None:
        """Wait for as many requests."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: len(self.received) >= count)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met += 1
        self._open.add(writer)
        try:
            while True:
                self.received.append(await _request(reader))
                await self._tell()
                await self._behaviour(writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            # The other side has closed it, or the test is over.
            pass
        finally:
            writer.close()
            self._open.discard(writer)
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *lines = head.strip().split("\r\n")
    headers = {}
    for each in lines:
        name, _, value = each.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(line, headers, body)


def answering(status: str, *headers: str, body: bytes = b"thanks") -> Behaviour:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return sending("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def sending(content: bytes) -> Behaviour:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return send


def dripping(beginning: bytes, drop: bytes, every_s: float = 0.02) -> Behaviour:
    """A drop every now and then, for ever."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(every_s)

    return drip


def flooding(beginning: bytes, wave: bytes) -> Behaviour:
    """As fast as the other side reads, for ever."""
    return dripping(beginning, wave, every_s=0)


async def silent(_: asyncio.StreamWriter) -> None:
    """Reads the next request, which never comes."""


async def resetting(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def hanging_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()
