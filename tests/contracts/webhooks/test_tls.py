"""TLS to partners: the host is the one it says it is, or gets nothing (row U8 of the proof)."""

import asyncio

import pytest

from payments.adapters.webhooks.sender import HttpWebhookSender
from payments.domain.webhook import TryEnding
from tests.contracts.webhooks.certificates import Authority
from tests.contracts.webhooks.deliveries import make_delivery
from tests.contracts.webhooks.names import Names, sent
from tests.contracts.webhooks.receivers import RULES, Receiver, answering, flooding, silent


@pytest.mark.parametrize("url", ["https://hooks.example.com", "https://127.0.0.1"])
async def test_a_certificate_of_the_host_is_taken(authority: Authority, url: str) -> None:
    tls = authority.server("hooks.example.com", "127.0.0.1")
    async with Receiver(answering("200 OK"), tls=tls) as receiver:
        sender = HttpWebhookSender(RULES, resolve=Names(["127.0.0.1"]), tls=authority.trusting)
        made = await sender.send(make_delivery(f"{url}:{receiver.port}/"), 1)
        await sender.close()

    assert made.is_success
    assert receiver.received[0].headers["host"] == f"{url[8:]}:{receiver.port}"


@pytest.mark.parametrize(
    ("host", "flaws", "reason"),
    [
        ("hooks.example.com", {"expired": True}, "certificate has expired"),
        ("hooks.example.com", {"self_signed": True}, "self-signed certificate"),
        (
            "other.example.com",
            {},
            "Hostname mismatch, certificate is not valid for 'hooks.example.com'.",
        ),
        (
            "127.0.0.1",
            {},
            "Hostname mismatch, certificate is not valid for 'hooks.example.com'.",
        ),
    ],
    ids=["expired", "self-signed", "another host", "the address alone"],
)
async def test_a_bad_certificate_gets_nothing(
    authority: Authority, host: str, flaws: dict[str, bool], reason: str
) -> None:
    """U8: never downgraded, neither to a connection that is not verified nor to HTTP."""
    async with Receiver(answering("200 OK"), tls=authority.server(host, **flaws)) as receiver:
        sender = HttpWebhookSender(RULES, resolve=Names(["127.0.0.1"]), tls=authority.trusting)
        made = await sender.send(make_delivery(f"https://hooks.example.com:{receiver.port}/"), 1)
        await sender.close()

    assert made.ending is TryEnding.TLS_FAILED
    assert made.answer == f"the certificate is refused: {reason}"
    assert receiver.received == []


async def test_by_default_no_authority_of_ours_is_trusted(authority: Authority) -> None:
    tls = authority.server("127.0.0.1")
    async with Receiver(answering("200 OK"), tls=tls) as receiver:
        made = await sent(RULES, Names([]), receiver.url)

    assert made.ending is TryEnding.TLS_FAILED
    assert receiver.received == []


async def test_a_server_without_tls_gets_nothing() -> None:
    heard = b""

    async def answer_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard = await reader.read(10_000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_plainly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        made = await sent(RULES, Names([]), f"https://127.0.0.1:{port}/")

    assert (made.ending, made.answer) == (
        TryEnding.TLS_FAILED,
        "TLS failed: WRONG_VERSION_NUMBER",
    )
    assert b"POST" not in heard


async def test_a_handshake_that_never_ends_leaves_no_connection() -> None:
    closed = asyncio.Event()

    async def wait_for_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        closed.set()
        writer.close()

    server = await asyncio.start_server(wait_for_the_end, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = HttpWebhookSender(RULES, patience_s=0.3)
    async with server, asyncio.timeout(60):
        made = await sender.send(make_delivery(f"https://127.0.0.1:{port}/"), 1)
        # Before the sender is closed.
        await closed.wait()
    await sender.close()

    assert made.ending is TryEnding.TIMED_OUT


async def test_tls_is_used_again_for_the_next_delivery(authority: Authority) -> None:
    async with Receiver(answering("200 OK"), tls=authority.server("127.0.0.1")) as receiver:
        sender = HttpWebhookSender(RULES, tls=authority.trusting)
        for number in (1, 2, 3):
            assert (await sender.send(make_delivery(receiver.url), number)).is_success
        assert receiver.met == 1
        await sender.close()
        await receiver.left_alone()


async def test_silence_behind_tls_is_left(authority: Authority) -> None:
    async with Receiver(silent, tls=authority.server("127.0.0.1")) as receiver:
        sender = HttpWebhookSender(RULES, tls=authority.trusting, patience_s=0.3)
        made = await sender.send(make_delivery(receiver.url), 1)
        await receiver.left_alone()
        await sender.close()

    assert made.ending is TryEnding.TIMED_OUT


async def test_a_flood_behind_tls_is_cut_off_as_well(authority: Authority) -> None:
    flood = flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
    sender = HttpWebhookSender(RULES, tls=authority.trusting, patience_s=20)
    async with Receiver(flood, tls=authority.server("127.0.0.1")) as receiver, asyncio.timeout(60):
        made = await sender.send(make_delivery(receiver.url), 1)
        await receiver.left_alone()
        await sender.close()

    assert made.ending is TryEnding.UNREACHABLE
