"""A pool for each endpoint, for as long as it is used."""

import asyncio

import httpcore2
import pytest

from payments.adapters.webhooks.pools import Pools


class Pool(httpcore2.AsyncConnectionPool):
    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.is_closed = True
        await super().aclose()


class Stage:
    """Pools that are written down, and a clock that stands still."""

    def __init__(self) -> None:
        self.opened: list[Pool] = []
        self.now_s = 1_000.0
        self.pools = Pools(self._open, lambda: self.now_s)

    def _open(self) -> Pool:
        self.opened.append(Pool())
        return self.opened[-1]

    @property
    def closed(self) -> list[bool]:
        return [pool.is_closed for pool in self.opened]

    async def use(self, endpoint_id: str) -> None:
        async with self.pools.of(endpoint_id):
            pass


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_each_endpoint_has_one_and_keeps_it(stage: Stage) -> None:
    async with stage.pools.of("a") as one, stage.pools.of("a") as same, stage.pools.of("b") as b:
        assert one is same
        assert one is not b
    async with stage.pools.of("a") as again:
        assert again is one
    assert stage.closed == [False, False]


@pytest.mark.parametrize("kept", ["a", "b"])
async def test_what_is_not_used_is_closed_by_whoever_comes_next(stage: Stage, kept: str) -> None:
    await stage.use("a")
    await stage.use("b")
    stage.now_s += 2
    await stage.use(kept)
    stage.now_s += 2

    await stage.use("c")

    assert stage.closed == [kept == "b", kept == "a", False]


async def test_what_is_in_use_stays_open_however_long_it_takes(stage: Stage) -> None:
    async with stage.pools.of("a") as pool:
        stage.now_s += 15
        await stage.use("b")
        async with stage.pools.of("a") as same:
            assert same is pool
        assert stage.closed == [False, False]


async def test_a_long_request_hides_no_idle_one_behind_it(stage: Stage) -> None:
    async with stage.pools.of("slow"):
        await stage.use("idle")
        stage.now_s += 10
        await stage.use("c")

        assert stage.closed == [False, True, False]


async def test_a_host_that_is_used_all_the_time_is_looked_up_anew_after_a_while(
    stage: Stage,
) -> None:
    """Whoever is in the middle of a request keeps the old pool to its end."""
    async with stage.pools.of("a") as old:
        async with stage.pools.of("a"):
            stage.now_s += 301
            await stage.use("a")
        async with stage.pools.of("a") as new:
            assert new is not old
        async with stage.pools.of("a") as same:
            assert same is new
        assert stage.closed == [False, False]
    assert stage.closed == [True, False]


async def test_many_at_once_open_one(stage: Stage) -> None:
    await stage.use("idle")
    stage.now_s += 10

    await asyncio.gather(*(stage.use("a") for _ in range(8)))

    assert stage.closed == [True, False]


async def test_closed_means_all_of_them(stage: Stage) -> None:
    await stage.use("a")
    async with stage.pools.of("b"):
        await stage.pools.close()
        assert stage.closed == [True, False]

    assert stage.closed == [True, True]
