"""Where a try may lead: judged at connect time, at the address that is connected to."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import httpcore2
import pytest

from payments.adapters.webhooks.sender import HttpWebhookSender
from payments.domain.addresses import Address, Place, Rules
from payments.domain.webhook import TryEnding
from payments.outside import guard
from payments.outside.guard import GuardedNetwork, Resolver
from tests.contracts.webhooks.deliveries import make_delivery
from tests.contracts.webhooks.names import Names, sent
from tests.contracts.webhooks.receivers import Receiver, answering

LOCAL = (ip_network("127.0.0.0/8"),)
RULES = Rules(networks=LOCAL, allows_http=True)
# Of all local addresses only this one may be reached.
ONE = Rules(networks=(ip_network("127.0.0.1/32"),), allows_http=True)
PRIVATE = "the URL must not lead to a private, local or reserved address"


async def test_a_name_that_changes_its_address_after_the_look_up_gains_nothing() -> None:
    """127.0.0.2 is where a second look-up would lead: the trap answers, but nobody comes."""
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with Receiver(answering("200 OK")) as receiver:
        trap = Receiver(answering("200 OK"), host="127.0.0.2")
        trap.port = receiver.port
        async with trap:
            made = await sent(ONE, names, f"http://rebind.example.com:{receiver.port}/")

    assert made.is_success
    assert names.asked == ["rebind.example.com"]
    assert (receiver.met, trap.met) == (1, 0)


async def test_a_name_that_has_become_private_is_blocked_at_the_next_try() -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with Receiver(answering("200 OK", "Connection: close")) as receiver:
        trap = Receiver(answering("200 OK"), host="127.0.0.2")
        trap.port = receiver.port
        async with trap:
            sender = HttpWebhookSender(ONE, resolve=names)
            delivery = make_delivery(f"http://rebind.example.com:{receiver.port}/")
            first, second = await sender.send(delivery, 1), await sender.send(delivery, 2)
            await sender.close()

    assert first.is_success
    assert (second.ending, second.answer) == (TryEnding.BLOCKED, PRIVATE)
    assert trap.met == 0


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1"),
        *(
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "fd00::1",
            "fe80::1%lo",
            "2002:a00::",
        ),
    ],
)
async def test_a_name_of_a_private_address_is_blocked(address: str) -> None:
    async with Receiver(answering("200 OK")) as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        made = await sent(Rules(allows_http=True), Names([address]), url)

    assert (made.ending, made.answer, made.http_status) == (TryEnding.BLOCKED, PRIVATE, None)
    assert receiver.met == 0


async def test_of_several_addresses_the_private_ones_are_left_out() -> None:
    async with Receiver(answering("200 OK")) as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        made = await sent(ONE, Names(["10.0.0.1", "::1", "127.0.0.1"]), url)

    assert made.is_success


async def test_an_address_that_refuses_leaves_it_to_the_next() -> None:
    async with Receiver(answering("200 OK")) as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        made = await sent(RULES, Names(["127.0.0.9", "127.0.0.1"]), url)

    assert made.is_success


@pytest.mark.parametrize("answer", [[], socket.gaierror(-2, "unknown")], ids=["empty", "unknown"])
async def test_a_name_without_an_address_is_not_reached(answer: list[str] | OSError) -> None:
    made = await sent(RULES, Names(answer), "https://hooks.example.com/")

    assert (made.ending, made.answer) == (TryEnding.UNREACHABLE, "the host name has no address")


async def test_a_url_that_was_saved_under_other_rules_is_blocked() -> None:
    async with Receiver(answering("200 OK")) as receiver:
        plain = await sent(Rules(networks=LOCAL), Names(["127.0.0.1"]), receiver.url)
        literal = await sent(Rules(allows_http=True), Names([]), receiver.url)

    assert (plain.ending, plain.answer) == (TryEnding.BLOCKED, "the URL must begin with https://")
    assert (literal.ending, literal.answer) == (TryEnding.BLOCKED, PRIVATE)
    assert receiver.met == 0


async def test_our_own_places_are_met_under_no_other_name() -> None:
    async with Receiver(answering("200 OK")) as ours, Receiver(answering("200 OK")) as theirs:
        by_name = Rules(LOCAL, allows_http=True, own=(Place("db.example.com", ours.port),))
        by_address = Rules(LOCAL, allows_http=True, own=(Place("127.0.0.1", ours.port),))
        for rules in (by_name, by_address):
            names = Names(["127.0.0.1"])
            blocked = await sent(rules, names, f"http://alias.example.com:{ours.port}/")
            made = await sent(rules, names, f"http://alias.example.com:{theirs.port}/")

            assert blocked.ending is TryEnding.BLOCKED
            assert blocked.answer == "the URL must not lead to this gateway itself"
            assert made.is_success
    assert ours.met == 0


async def test_our_own_names_are_looked_up_once_in_a_while_and_may_be_unknown() -> None:
    rules = Rules(LOCAL, allows_http=True, own=(Place("db.example.com", 5432),))
    names = Names(["127.0.0.1"], OSError("no name server"), ["127.0.0.1"])
    sender = HttpWebhookSender(rules, resolve=names)
    async with Receiver(answering("200 OK", "Connection: close")) as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        for number in (1, 2):
            assert (await sender.send(make_delivery(url), number)).is_success
    await sender.close()

    assert names.asked == ["hooks.example.com", "db.example.com", "hooks.example.com"]


async def test_whoever_gives_up_while_it_connects_leaves_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connecting, connected, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Stream(httpcore2.AsyncNetworkStream):
        async def aclose(self) -> None:
            closed.set()

    async def connect_tcp(*_: object, **__: object) -> httpcore2.AsyncNetworkStream:
        connecting.set()
        await connected.wait()
        return Stream()

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect_tcp)
    network = GuardedNetwork(RULES, Names(["127.0.0.1"]))
    giving_up = asyncio.create_task(network.connect_tcp("hooks.example.com", 443))
    async with asyncio.timeout(60):
        await connecting.wait()
        giving_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await giving_up
        connected.set()
        await closed.wait()


async def test_a_dead_name_server_holds_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask for the name, it takes one thread."""
    answered, asked = threading.Event(), []

    def look_up(host: str) -> Sequence[Address]:
        asked.append(host)
        if host == "dead.example.com":
            answered.wait()
        return [ip_address("127.0.0.1")]

    monkeypatch.setattr(guard, "_look_up", look_up)
    resolver = Resolver()
    waiting = [asyncio.create_task(resolver("dead.example.com")) for _ in range(200)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(60):
            assert await resolver("hooks.example.com") == [ip_address("127.0.0.1")]
        # Whoever gives up takes nobody else's answer along.
        waiting[0].cancel()
        await asyncio.sleep(0)
    finally:
        answered.set()
    assert await asyncio.gather(*waiting[1:]) == [[ip_address("127.0.0.1")]] * 199
    resolver.close()

    assert asked.count("dead.example.com") == 1


async def test_the_system_knows_localhost_and_no_invalid_name() -> None:
    resolver = Resolver()

    assert ip_address("127.0.0.1") in await resolver("localhost")
    with pytest.raises(OSError):
        await resolver("nobody.invalid")
    resolver.close()


async def test_by_default_the_system_is_asked_for_names() -> None:
    """It knows ::1 as well, which may not be reached."""
    sender = HttpWebhookSender(RULES)
    async with Receiver(answering("200 OK")) as receiver:
        made = await sender.send(make_delivery(f"http://localhost:{receiver.port}/"), 1)
    await sender.close()

    assert made.is_success


async def test_a_name_that_is_never_answered_is_a_timeout() -> None:
    async def never(_: str) -> Sequence[Address]:
        await asyncio.Event().wait()
        return []

    sender = HttpWebhookSender(RULES, resolve=never, patience_s=0.2)
    made = await sender.send(make_delivery(), 1)
    await sender.close()

    assert made.ending is TryEnding.TIMED_OUT
