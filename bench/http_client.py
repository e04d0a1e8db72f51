"""A small fast HTTP/1.1 client: prepared bytes out, status and body back, one request at a time.

It reads no more of an answer than a measurement needs, so that on a small machine the load costs
little of what is measured. No pipelining; connections are kept.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_WITHOUT_BODY = frozenset({204, 304})


class BadAnswer(RuntimeError):
    """Not the status that was expected; says what came."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.closed = False
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answered: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        assert self._transport is not None, "connected before it is asked"
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = self._whole()
        if answer is not None and self._answered is not None and not self._answered.done():
            self._answered.set_result(answer)

    def _whole(self) -> Answer | None:
        end = self._received.find(_END_OF_HEAD)
        if end < 0:
            return None
        head = bytes(self._received[:end])
        status = int(head[9:12])
        start = end + len(_END_OF_HEAD)
        length = 0 if status in _WITHOUT_BODY else _length(head)
        if len(self._received) < start + length:
            return None
        body = bytes(self._received[start : start + length])
        del self._received[: start + length]
        return Answer(status, head, body)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionError(f"the server closed: {exc}"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    low = head.lower()
    at = low.find(_LENGTH)
    if at < 0:
        raise BadAnswer(f"an answer without a length: {head[:200]!r}")
    return int(low[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


class HttpClient:
    """Keeps as many connections as were ever needed at the same time."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._idle: list[_Connection] = []

    async def ask(self, request: bytes, *expected: int) -> Answer:
        """Raises BadAnswer unless the status is one of `expected` (200 when none is named)."""
        connection = await self._connection()
        answer = await connection.ask(request)
        self._idle.append(connection)
        if answer.status not in (expected or (200,)):
            raise BadAnswer(f"{answer.status} {answer.body[:300].decode(errors='replace')}")
        return answer

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        return connection

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
