"""Group commit: few statements for many rows, and one bad row is its own caller's trouble only."""

import asyncio
from collections.abc import Sequence

import pytest

from payments.db.batch import Batch
from payments.ports.record import RecordUnavailable


class Writer:
    """A database that takes as long as the test wants, and refuses the rows it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.bad: set[int] = set()
        self.failure: Exception = ValueError("bad row")
        self.began = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, rows: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(rows))
        self.began.set()
        await self.open.wait()
        if self.bad & set(rows):
            raise self.failure
        return [row * 10 for row in rows]


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def batch(writer: Writer) -> Batch[int, int]:
    return Batch(writer.write)


async def test_each_caller_gets_the_answer_to_its_own_row(batch: Batch[int, int]) -> None:
    results = await asyncio.gather(*(batch.add(row) for row in range(2000)))

    assert results == [row * 10 for row in range(2000)]


async def test_a_lone_row_goes_at_once(batch: Batch[int, int], writer: Writer) -> None:
    await batch.add(1)
    await batch.add(2)

    assert writer.batches == [[1], [2]]


async def test_rows_that_come_during_a_write_go_together_after_it(
    batch: Batch[int, int], writer: Writer
) -> None:
    writer.open.clear()
    first = asyncio.ensure_future(batch.add(0))
    await writer.began.wait()
    rest = [asyncio.ensure_future(batch.add(row)) for row in range(1, 1201)]
    await asyncio.sleep(0)

    writer.open.set()
    await asyncio.gather(first, *rest)

    assert [len(each) for each in writer.batches] == [1, 500, 500, 200]
    assert [row for each in writer.batches for row in each] == list(range(1201))


async def test_an_outage_reaches_every_waiter_of_its_batch_and_no_other(
    batch: Batch[int, int], writer: Writer
) -> None:
    writer.failure = RecordUnavailable("gone")
    writer.bad = {1}
    first = [asyncio.ensure_future(batch.add(row)) for row in (1, 2, 3)]
    await writer.began.wait()
    second = [asyncio.ensure_future(batch.add(row)) for row in (4, 5)]

    results = await asyncio.gather(*first, *second, return_exceptions=True)

    assert [type(each) for each in results] == [RecordUnavailable] * 3 + [int] * 2
    assert writer.batches == [[1, 2, 3], [4, 5]]


async def test_a_row_that_the_database_refuses_fails_its_own_caller_only(
    batch: Batch[int, int], writer: Writer
) -> None:
    writer.bad = {2}

    results = await asyncio.gather(*(batch.add(row) for row in (1, 2, 3)), return_exceptions=True)

    assert results == [10, writer.failure, 30]


async def test_a_cancelled_caller_leaves_and_its_row_is_written(
    batch: Batch[int, int], writer: Writer
) -> None:
    writer.open.clear()
    callers = [asyncio.ensure_future(batch.add(row)) for row in (1, 2)]
    await writer.began.wait()

    callers[0].cancel()
    writer.open.set()

    assert await callers[1] == 20
    assert callers[0].cancelled()
    assert writer.batches == [[1, 2]]
    assert await batch.add(3) == 30


async def test_a_queue_that_only_grows_refuses_at_once(
    batch: Batch[int, int], writer: Writer
) -> None:
    writer.open.clear()
    waiting = [asyncio.ensure_future(batch.add(row)) for row in range(10_500)]
    await writer.began.wait()
    overflow = [asyncio.ensure_future(batch.add(row)) for row in range(600)]
    await asyncio.sleep(0)

    refused = [each for each in (*waiting, *overflow) if each.done()]
    assert refused
    assert all(isinstance(each.exception(), RecordUnavailable) for each in refused)
    writer.open.set()
    await asyncio.gather(*waiting, *overflow, return_exceptions=True)


async def test_closing_writes_what_waits_and_refuses_what_comes(
    batch: Batch[int, int], writer: Writer
) -> None:
    writer.open.clear()
    waiting = [asyncio.ensure_future(batch.add(row)) for row in range(700)]
    await writer.began.wait()
    closing = asyncio.ensure_future(batch.close())
    await asyncio.sleep(0)

    with pytest.raises(RecordUnavailable):
        await batch.add(1)
    writer.open.set()
    await closing

    assert await asyncio.gather(*waiting) == [row * 10 for row in range(700)]
