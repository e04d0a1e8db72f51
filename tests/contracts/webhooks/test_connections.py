"""Connections to receivers: kept while they are good, left when not, and none for long."""

import asyncio

import pytest

from payments.adapters.webhooks.sender import LARGEST_ANSWER_BYTES, HttpWebhookSender
from payments.domain.webhook import TryEnding
from tests.contracts.webhooks.deliveries import make_delivery
from tests.contracts.webhooks.receivers import Receiver, answering, silent


async def test_an_answer_is_read_to_its_end_up_to_64_kb(sender: HttpWebhookSender) -> None:
    """Then the connection serves the next delivery as well."""
    body = b"x" * (LARGEST_ANSWER_BYTES - 1)
    async with Receiver(answering("200 OK", body=body)) as receiver:
        for number in (1, 2, 3):
            await sender.send(make_delivery(receiver.url), number)

        assert (receiver.met, len(receiver.received)) == (1, 3)
        await sender.close()
        await receiver.left_alone()


async def test_of_a_longer_answer_the_rest_is_left_and_the_connection_with_it(
    sender: HttpWebhookSender,
) -> None:
    body = b"x" * (LARGEST_ANSWER_BYTES + 20_000)
    async with Receiver(answering("200 OK", body=body)) as receiver:
        for number in (1, 2):
            assert (await sender.send(make_delivery(receiver.url), number)).is_success

        assert receiver.met == 2
        await receiver.left_alone()


async def test_an_endpoint_that_hangs_takes_nothing_from_the_others(
    sender: HttpWebhookSender,
) -> None:
    async with Receiver(silent) as dead, Receiver(answering("200 OK")) as healthy:
        waiting = [
            asyncio.create_task(sender.send(make_delivery(dead.url, endpoint_id="whe_dead"), 1))
            for _ in range(200)
        ]
        await dead.has_received(10)
        made = await sender.send(make_delivery(healthy.url, endpoint_id="whe_healthy"), 1)

        assert made.is_success
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await dead.left_alone()


async def test_whoever_stands_in_line_for_an_endpoint_that_hangs_gives_up_in_time(
    impatient: HttpWebhookSender,
) -> None:
    async with Receiver(silent) as dead:
        sends = (impatient.send(make_delivery(dead.url), 1) for _ in range(200))

        assert {made.ending for made in await asyncio.gather(*sends)} == {TryEnding.TIMED_OUT}
        await dead.left_alone()


async def test_a_try_that_is_canceled_leaves_no_connection(sender: HttpWebhookSender) -> None:
    async with Receiver(silent) as receiver:
        sending_it = asyncio.create_task(sender.send(make_delivery(receiver.url), 1))
        await receiver.has_received(1)
        sending_it.cancel()

        with pytest.raises(asyncio.CancelledError):
            await sending_it
        await receiver.left_alone()
