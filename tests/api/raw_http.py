"""HTTP by hand, for what no client library would send; the answer's signature is verified."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import httpx2
from http_message_signatures import HTTPMessageVerifier, algorithms

from payments.domain.trace import Trace
from tests.published_keys import PublishedKeys
from tests.running_gateway import Answer

ANSWER_WITHIN_S: Final = 60
LIVE: Final = "/health/live"
BOUND: Final = ('"@method";req', '"@target-uri";req')
_ALWAYS: Final = ("@status", "content-type", "quittance-trace")


@dataclass(frozen=True, slots=True)
class Question:
    """What a signature may say of the request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    status_code: int
    headers: httpx2.Headers
    request: Question | None


async def say(api: str, *pieces: bytes) -> bytes:
    """Send the bytes, and return all that comes back until the other side hangs up."""
    reader, writer = await _connect(api)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await reader.read()
    finally:
        writer.close()


async def ask(api: str, *pieces: bytes, question: Question | None = None) -> Answer:
    """The one answer to these bytes. With a question, the answer must be signed as one to it."""
    return verified(api, await say(api, *pieces), question)


@cache
def keys_of(api: str) -> PublishedKeys:
    """Remembered for a whole run, as a careful partner does."""
    return PublishedKeys(api)


def verified(api: str, told: bytes, question: Question | None = None) -> Answer:
    head, _, body = told.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    assert first.startswith("HTTP/1.1 "), told
    split = (line.partition(": ") for line in lines)
    headers = httpx2.Headers([(name, value) for name, _, value in split])
    assert len(body) == int(headers["content-length"]), "not one answer, whole"
    status = int(first.split(" ")[1])
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519, key_resolver=keys_of(api)
    )
    verifier.verify(
        Message(status, headers, question),
        expect_tag="quittance",
        require_components=(*_ALWAYS, *(BOUND if question else ())),
        body=body,
    )
    envelope = json.loads(body)
    assert list(envelope) == ["status", "code", "message", "data", "trace"], envelope
    Trace.parse(envelope["trace"])
    assert headers["quittance-trace"] == envelope["trace"]
    return Answer(status, headers, body, **envelope)


def get(path: str, *lines: str) -> bytes:
    """A GET by hand; every line is sent as it is."""
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "Connection: close", "", ""]).encode(
        "latin-1"
    )


def live(api: str) -> Question:
    """The question that needs nothing but the process."""
    return Question("GET", api + LIVE)


def place(api: str) -> str:
    """host:port, as in the Host header."""
    return urlsplit(api).netloc


async def _connect(api: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(api)
    return await asyncio.open_connection(parts.hostname, parts.port)
