"""One try against every kind of receiver: how it ends, and that nothing is left behind."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from payments.adapters.webhooks.sender import (
    LONGEST_KEPT_BYTES,
    HttpWebhookSender,
)
from payments.domain.webhook import SigningSecrets, Try, TryEnding
from tests.contracts.webhooks.deliveries import make_delivery, secret, verified
from tests.contracts.webhooks.receivers import (
    RULES,
    Behaviour,
    Receiver,
    answering,
    dripping,
    flooding,
    hanging_up,
    resetting,
    sending,
    silent,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


async def attempt(sender: HttpWebhookSender, behaviour: Behaviour) -> Try:
    """It is asked once, whatever it does, and nothing is left behind."""
    async with Receiver(behaviour) as receiver, asyncio.timeout(60):
        made = await sender.send(make_delivery(receiver.url), 1)
        await receiver.left_alone()
    assert len(receiver.received) == 1
    return made


async def test_a_delivery_is_one_signed_post(sender: HttpWebhookSender) -> None:
    async with Receiver(answering("200 OK")) as receiver:
        before = datetime.now(UTC)
        made = await sender.send(make_delivery(receiver.url + "?a=%20b"), 1)

    [received] = receiver.received
    assert made.ending is TryEnding.DELIVERED
    assert (made.http_status, made.answer, made.retry_after_s) == (200, "thanks", None)
    assert before <= made.at <= datetime.now(UTC)
    assert made.latency_ms >= 0
    assert received.line == "POST /hook?a=%20b HTTP/1.1"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["accept-encoding"] == "identity"
    assert verified(received, secret("a"))["type"] == "payment.captured"


async def test_a_receiver_with_either_secret_verifies_it_during_an_overlap(
    sender: HttpWebhookSender,
) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    rotated = SigningSecrets(secret("b"), secret("a"), until)
    over = replace(rotated, previous_until=until - timedelta(hours=2))
    async with Receiver(answering("204 No Content", body=b"")) as receiver:
        for secrets in (rotated, over):
            made = await sender.send(make_delivery(receiver.url, secrets=secrets), 1)
            assert made.is_success

    overlapping, later = receiver.received
    assert verified(overlapping, secret("a")) == verified(overlapping, secret("b"))
    assert verified(later, secret("b"))
    with pytest.raises(WebhookVerificationError):
        verified(later, secret("a"))


@pytest.mark.parametrize(
    "status",
    [
        "300 Choose",
        "304 Same",
        "400 Bad",
        "401 Who",
        "404 Gone?",
        "409 Twice",
        "500 Oh",
        "503 Busy",
    ],
)
async def test_any_other_answer_is_a_failed_try(sender: HttpWebhookSender, status: str) -> None:
    body = b"" if status.startswith("304") else b"no"
    async with Receiver(answering(status, body=body)) as receiver:
        made = await sender.send(make_delivery(receiver.url), 1)

    assert (made.ending, made.http_status) == (TryEnding.ANSWERED, int(status[:3]))
    assert (made.is_success, made.is_gone) == (False, False)


async def test_410_says_that_nobody_wants_it_any_more(sender: HttpWebhookSender) -> None:
    async with Receiver(answering("410 Gone")) as receiver:
        made = await sender.send(make_delivery(receiver.url), 1)

    assert made.is_gone
    assert made.ending is TryEnding.ANSWERED


async def test_a_receiver_says_when_to_come_back(sender: HttpWebhookSender) -> None:
    async with Receiver(answering("429 Slow down", "Retry-After: 7")) as receiver:
        made = await sender.send(make_delivery(receiver.url), 1)

    assert (made.ending, made.retry_after_s) == (TryEnding.ANSWERED, 7.0)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Again", "308 Always"])
async def test_a_redirect_is_not_followed(sender: HttpWebhookSender, status: str) -> None:
    async with Receiver(answering("200 OK")) as other:
        for location in ("http://169.254.169.254/latest/meta-data/", other.url, "/hook"):
            async with Receiver(answering(status, f"Location: {location}")) as receiver:
                made = await sender.send(make_delivery(receiver.url), 1)

            assert (made.ending, made.http_status) == (TryEnding.ANSWERED, int(status[:3]))
            assert len(receiver.received) == 1
    assert other.met == 0


@pytest.mark.parametrize(
    "behaviour",
    [
        silent,
        sending(b"HTTP/1.1 200 OK\r\nContent-"),
        dripping(OK, b"X-Y: z\r\n"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "half a header", "drips its header", "says wait"],
)
async def test_no_status_in_time_is_a_failed_try(
    impatient: HttpWebhookSender, behaviour: Behaviour
) -> None:
    made = await attempt(impatient, behaviour)

    assert (made.ending, made.http_status) == (TryEnding.TIMED_OUT, None)
    assert made.answer == "no answer in 0.5 s"
    assert made.latency_ms >= 450


@pytest.mark.parametrize(
    "behaviour",
    [
        dripping(CHUNKED, b"1\r\nx\r\n"),
        dripping(OK + b"\r\n", b"x"),
        sending(OK + b"Content-Length: 9\r\n\r\nhalf"),
    ],
    ids=["drips chunks", "drips without a length", "sends half of it"],
)
async def test_the_status_counts_though_the_rest_never_ends(
    willing: HttpWebhookSender, behaviour: Behaviour
) -> None:
    made = await attempt(willing, behaviour)

    assert (made.ending, made.http_status) == (TryEnding.DELIVERED, 200)
    assert made.answer[:1] in {"x", "h"}


@pytest.mark.parametrize(
    "behaviour",
    [
        flooding(CHUNKED, b"8000\r\n" + b"x" * 0x8000 + b"\r\n"),
        flooding(OK + b"\r\n", b"x" * 30_000),
        answering("200 OK", body=b"x" * 9_000_000),
    ],
    ids=["chunks", "no length", "9 MB"],
)
async def test_an_endless_answer_is_not_waited_for(behaviour: Behaviour) -> None:
    sender = HttpWebhookSender(RULES, patience_s=20)
    made = await attempt(sender, behaviour)
    await sender.close()

    assert made.ending is TryEnding.DELIVERED
    assert made.answer == "x" * LONGEST_KEPT_BYTES


@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [
        (flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000), TryEnding.UNREACHABLE),
        (flooding(OK, b"X-Y: z\r\n" * 1_000), TryEnding.UNREACHABLE),
        (flooding(OK + b"X: ", b"x" * 10_000), TryEnding.UNREACHABLE),
        (flooding(CHUNKED + b"1;", b"x" * 10_000), TryEnding.DELIVERED),
        (flooding(CHUNKED, b"1\r\nx\r\n" * 1_000), TryEnding.DELIVERED),
    ],
    ids=["says wait", "endless headers", "endless header", "endless chunk extension", "crumbs"],
)
async def test_a_flood_is_cut_off_before_the_time_is_up(
    behaviour: Behaviour, ending: TryEnding
) -> None:
    sender = HttpWebhookSender(RULES, patience_s=20)
    made = await attempt(sender, behaviour)
    await sender.close()

    assert made.ending is ending


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(resetting, id="resets"),
        pytest.param(hanging_up, id="hangs up"),
        pytest.param(sending(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), id="another protocol"),
        pytest.param(sending(bytes(range(256)) * 4), id="bytes"),
        pytest.param(sending(b"HTTP/1.1 2000 OK\r\n\r\n"), id="no status"),
        pytest.param(sending(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), id="lengths"),
        pytest.param(sending(OK + b"X\r\n\r\n"), id="no header"),
    ],
)
async def test_what_is_no_answer_is_a_failed_try(
    sender: HttpWebhookSender, behaviour: Behaviour
) -> None:
    made = await attempt(sender, behaviour)

    assert (made.ending, made.http_status) == (TryEnding.UNREACHABLE, None)
    assert made.answer == "the connection broke, or what came was no HTTP"


async def test_nobody_listens(sender: HttpWebhookSender) -> None:
    async with Receiver(silent) as receiver:
        url = receiver.url

    made = await sender.send(make_delivery(url), 1)

    assert (made.ending, made.answer) == (TryEnding.UNREACHABLE, "no connection")


async def test_a_small_answer_that_would_unpack_to_a_large_one_stays_packed(
    sender: HttpWebhookSender,
) -> None:
    packed = answering("200 OK", "Content-Encoding: gzip", body=b"\x1f\x8b" + b"\x00" * 50)
    async with Receiver(packed) as receiver:
        made = await sender.send(make_delivery(receiver.url), 1)

    assert made.ending is TryEnding.DELIVERED
    assert "\x00" not in made.answer


async def test_an_answer_is_kept_without_card_numbers(sender: HttpWebhookSender) -> None:
    async with Receiver(answering("200 OK", body=b'{"card": "4111 1111 1111 1111"}')) as receiver:
        made = await sender.send(make_delivery(receiver.url), 1)

    assert made.answer == '{"card": "[card number]"}'
