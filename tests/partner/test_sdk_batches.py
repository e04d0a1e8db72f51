"""A partner's program sends a file with the SDK, waits for its end and reads what became of it."""

import asyncio

import pytest
from quittance import AsyncQuittance, Batch, BatchStatus, InvalidRequest, Quittance

from tests.batch_files import csv_of, numbered, rows_of
from tests.running_gateway import RunningGateway, new_id

SLOW = "/control/billers/DESCO"
MANY = 40


def test_a_file_is_sent_followed_and_read(gateway: RunningGateway) -> None:
    key = gateway.partner(0)
    with Quittance(gateway.api, key.api_key, key.secret) as quittance:
        sent = quittance.batches.create(csv_of(rows_of(1, 99)), new_id("BATCH"))
        ended = quittance.batches.wait(sent, timeout_s=120)
        lines = quittance.batches.results(ended).decode().splitlines()
        listed = next(iter(quittance.batches.list()))

        assert (ended.status, ended.rows) == (BatchStatus.FINISHED, 2)
        assert (ended.counts["paid"], ended.counts["refused"]) == (1, 1)
        assert len(lines) == 3
        assert isinstance(listed, Batch)
        with pytest.raises(InvalidRequest) as refused:
            quittance.batches.create(csv_of(numbered(2, "0.00")), new_id("BATCH"))
        assert (refused.value.code, refused.value.data["refusedRows"]) == ("P5201", 2)


def test_awaiting_it_is_the_same(gateway: RunningGateway) -> None:
    key = gateway.partner(0)
    # With a biller that takes its time none ends before it is canceled.
    gateway.sandbox("POST", SLOW, {"behaviour": "slow", "delayMs": 2_000})

    async def work() -> tuple[Batch, bytes]:
        async with AsyncQuittance(gateway.api, key.api_key, key.secret) as quittance:
            batch = await quittance.batches.create(csv_of(rows_of(*[1] * MANY)), new_id("BATCH"))
            await quittance.batches.pause(batch)
            await quittance.batches.resume(batch)
            await quittance.batches.cancel(batch)
            ended = await quittance.batches.wait(batch, timeout_s=120)
            return ended, await quittance.batches.results(ended, "jsonl")

    try:
        ended, content = asyncio.run(work())
    finally:
        gateway.sandbox("DELETE", SLOW)

    assert ended.status is BatchStatus.CANCELED
    assert len(content.splitlines()) == MANY
