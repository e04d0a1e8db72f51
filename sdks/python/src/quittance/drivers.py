"""Who performs the programs: one by blocking, one by awaiting. Nothing else tells them apart."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

from quittance.core import Core, F
from quittance.listings import Listing
from quittance.operations import Operation
from quittance.steps import Alone, Lock, Pause, Program, Send, Step, T


class Blocking:
    def __init__(self, core: Core, http: httpx2.Client) -> None:
        self._core = core
        self._http = http
        self._locks = {lock: threading.Lock() for lock in Lock}

    def call(self, operation: Operation[T]) -> T:
        return self._run(self._core.call(operation))

    def wait(self, question: Operation[F], timeout_s: float) -> F:
        return self._run(self._core.wait(question, timeout_s))

    def list(self, listing: Listing[T]) -> Iterator[T]:
        after = None
        while True:
            page = self.call(listing.page(after))
            yield from page.rows
            if (after := page.next) is None:
                return

    def close(self) -> None:
        self._http.close()

    def _run(self, program: Program[T]) -> T:
        value: Any = None
        failure: Exception | None = None
        while True:
            try:
                step = program.throw(failure) if failure else program.send(value)
            except StopIteration as end:
                result: T = end.value
                return result
            value, failure = None, None
            try:
                value = self._perform(step)
            except Exception as error:  # noqa: BLE001  it is the program's to judge
                failure = error

    def _perform(self, step: Step) -> Any:
        match step:
            case Send(request):
                return self._http.send(request)
            case Pause(seconds):
                return time.sleep(seconds)
            case Alone(lock, program):
                with self._locks[lock]:
                    return self._run(program)


class BlockingCalls:
    """Some of the client's calls."""

    def __init__(self, driver: Blocking) -> None:
        self._driver = driver


class Awaiting:
    def __init__(self, core: Core, http: httpx2.AsyncClient) -> None:
        self._core = core
        self._http = http
        self._locks = {lock: asyncio.Lock() for lock in Lock}

    async def call(self, operation: Operation[T]) -> T:
        return await self._run(self._core.call(operation))

    async def wait(self, question: Operation[F], timeout_s: float) -> F:
        return await self._run(self._core.wait(question, timeout_s))

    async def list(self, listing: Listing[T]) -> AsyncIterator[T]:
        after = None
        while True:
            page = await self.call(listing.page(after))
            for row in page.rows:
                yield row
            if (after := page.next) is None:
                return

    async def close(self) -> None:
        await self._http.aclose()

    async def _run(self, program: Program[T]) -> T:
        value: Any = None
        failure: Exception | None = None
        while True:
            try:
                step = program.throw(failure) if failure else program.send(value)
            except StopIteration as end:
                result: T = end.value
                return result
            value, failure = None, None
            try:
                value = await self._perform(step)
            except Exception as error:  # noqa: BLE001  it is the program's to judge
                failure = error

    async def _perform(self, step: Step) -> Any:
        match step:
            case Send(request):
                return await self._http.send(request)
            case Pause(seconds):
                return await asyncio.sleep(seconds)
            case Alone(lock, program):
                async with self._locks[lock]:
                    return await self._run(program)


class AwaitingCalls:
    """Some of the client's calls."""

    def __init__(self, driver: Awaiting) -> None:
        self._driver = driver
