"""POST to one place over kept connections: as little of an HTTP client as a webhook needs.

A webhook follows every payment, so in a load test its cost is the sandbox's cost.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 10.0
MOST_CONNECTIONS = 32


class BadAnswer(OSError):
    """What came back is not HTTP as we know it."""


class Poster:
    def __init__(self) -> None:
        self._idle: dict[str, deque[_Connection]] = {}
        self._turns = asyncio.Semaphore(MOST_CONNECTIONS)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status. Raises OSError or TimeoutError; then nobody knows whether it arrived."""
        parts = urlsplit(url)
        request = _request(parts, headers, body)
        place = f"{parts.scheme}://{parts.netloc}"
        async with self._turns, asyncio.timeout(TIMEOUT_S):
            idle = self._idle.setdefault(place, deque())
            while idle:
                # A kept connection may have been closed meanwhile; then the next one has a go.
                with suppress(OSError, EOFError):
                    return await self._over(idle.pop(), request, idle)
            return await self._over(await _connect(parts), request, idle)

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    async def _over(
        self, connection: "_Connection", request: bytes, idle: "deque[_Connection]"
    ) -> int:
        try:
            status, kept = await connection.exchange(request)
        except (EOFError, asyncio.LimitOverrunError) as error:
            connection.close()
            raise BadAnswer("the answer broke off, or never ended") from error
        except BaseException:
            connection.close()
            raise
        if kept:
            idle.append(connection)
        else:
            connection.close()
        return status


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def exchange(self, request: bytes) -> tuple[int, bool]:
        """The status, and whether the connection can be used again."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise BadAnswer("no HTTP answer")
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        length = fields.get("content-length", "")
        if not length.isdigit() or fields.get("connection", "").lower() == "close":
            return int(words[1]), False
        await self._reader.readexactly(int(length))
        return int(words[1]), True

    def close(self) -> None:
        self._writer.close()


async def _connect(parts: SplitResult) -> _Connection:
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    return _Connection(*await asyncio.open_connection(parts.hostname, port, ssl=secure or None))


def _request(parts: SplitResult, headers: Mapping[str, str], body: bytes) -> bytes:
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body
