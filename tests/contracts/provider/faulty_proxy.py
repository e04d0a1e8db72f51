"""A proxy that spoils one request that moves money, the same way whoever stands behind it."""

import asyncio
import socket
import struct
from enum import StrEnum
from typing import Protocol

import httpx2

from payments.stack.ports import free_port
from tests.closing import close


class Fault(StrEnum):
    LOSE_REQUEST = "never forwarded, never answered"
    HANG = "forwarded, never answered"
    RESET = "forwarded, then the connection is reset"
    ERROR = "forwarded, then HTTP 500"
    GARBAGE = "forwarded, then JSON that is cut short"
    BUSY = "not forwarded: HTTP 429, come back later"


BUSY_S = 7.0
# Only the caller's own patience ends these.
SILENT = (Fault.LOSE_REQUEST, Fault.HANG)
AFTER_EFFECT = (Fault.HANG, Fault.RESET, Fault.ERROR, Fault.GARBAGE)


class Changes(Protocol):
    """What is changed on the way."""

    def request(self, target: str, body: bytes) -> tuple[str, bytes]: ...
    def answer(self, body: bytes) -> bytes: ...


class FaultyProxy:
    """`next` spoils the next POST; questions always pass. `passed` counts the unspoilt POSTs.

    No question overtakes what its caller has given up waiting for.
    """

    def __init__(self, upstream: str, changes: Changes | None = None) -> None:
        self.next: Fault | None = None
        self.passed = 0
        self._changes = changes
        self._http = httpx2.AsyncClient(
            base_url=upstream, timeout=60, trust_env=False, verify=False
        )
        self._unheard = asyncio.Lock()
        self._server: asyncio.Server | None = None
        # Of those that no connection takes for its own end while the door is closed.
        self._port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Also after stop(): then on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Close the door: whoever knocks is refused."""
        if self._server is not None:
            await close(self._server)
            await self._server.wait_closed()
            self._server = None

    async def close(self) -> None:
        await self.stop()
        await self._http.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = [tuple(line.split(": ", 1)) for line in head[1:] if line]
        lower = {name.lower(): value for name, value in headers}
        body = await reader.readexactly(int(lower.get("content-length", "0")))
        fault = None
        if method == "POST":
            fault, self.next = self.next, None
            self.passed += fault is None
        if fault is Fault.BUSY:
            _write(writer, 429, b'{"error":"BUSY"}', f"Retry-After: {BUSY_S:.0f}\r\n")
            return
        if fault is Fault.LOSE_REQUEST:
            await reader.read()
            return
        if fault is Fault.HANG:
            async with self._unheard:
                await self._forward(method, target, lower, body)
            # Until the caller has had enough.
            await reader.read()
            return
        async with self._unheard:
            pass
        status, answer, more = await self._forward(method, target, lower, body)
        match fault:
            case Fault.RESET:
                # Without this the end of the connection is a polite one.
                linger = struct.pack("ii", 1, 0)
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            case Fault.ERROR:
                _write(writer, 500, b'{"error":{"type":"api_error","message":"oops"}}')
            case Fault.GARBAGE:
                _write(writer, status, answer[: len(answer) // 2])
            case _:
                _write(writer, status, answer, more)

    async def _forward(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes, str]:
        if self._changes is not None:
            target, body = self._changes.request(target, body)
        passed = {
            name: value
            for name, value in headers.items()
            if name in ("authorization", "content-type", "idempotency-key")
        }
        reply = await self._http.request(method, target, headers=passed, content=body)
        content = self._changes.answer(reply.content) if self._changes else reply.content
        pause = reply.headers.get("retry-after")
        return reply.status_code, content, f"Retry-After: {pause}\r\n" if pause else ""


def _write(writer: asyncio.StreamWriter, status: int, body: bytes, more: str = "") -> None:
    writer.write(
        f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nConnection: close\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
