"""Lanes that break, and what the relay hears of it."""

import asyncio
from collections.abc import Sequence

import pytest

from activities.lanes import Lanes
from activities.posting import Posting
from payments.domain.webhook import Delivery, Try
from payments.ports.record import RecordUnavailable
from tests.fakes.webhooks import FakeEndpoints, FakeOutbox

AWAY = RecordUnavailable("away")
SEALED = ValueError("a secret that no key opens")


class BrokenOutbox(FakeOutbox):
    """It answers everybody who asks for deliveries with an error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def untried(self, endpoint_id: str, limit: int) -> Sequence[Delivery]:
        raise self.error


class Nobody:
    """Nothing is sent here."""

    async def send(self, delivery: Delivery, number: int) -> Try:
        raise AssertionError(delivery, number)


async def serve(outbox: BrokenOutbox) -> None:
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        Lanes(outbox, Posting(outbox, FakeEndpoints(), Nobody()), group).open(["whe_a"])


@pytest.mark.parametrize("error", [AWAY, ExceptionGroup("tries", [AWAY, SEALED])])
async def test_that_the_record_is_away_is_told_to_the_relay_at_once_and_nothing_else_is(
    error: Exception,
) -> None:
    with pytest.raises(ExceptionGroup) as told:
        await serve(BrokenOutbox(error))

    assert told.value.split(RecordUnavailable)[1] is None
