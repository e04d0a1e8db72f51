"""Every test that takes `connect` runs twice: blocking and awaiting."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

# The root's import mode adds no test folder to the path, and the fake gateway is shared by tests.
sys.path.insert(0, str(Path(__file__).parent))

from quittance import AsyncQuittance, Quittance, Retries
from signing_gateway import API_KEY, SECRET, URL, SigningGateway


class Awaited:
    """An AsyncQuittance that is used like a Quittance, so that one test serves both."""

    def __init__(self, target: Any, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return Awaited(found, self._runner)
        return lambda *args, **kwargs: self._wait_for(found(*args, **kwargs))

    def _wait_for(self, call: Any) -> Any:
        if isinstance(call, AsyncIterator):
            return self._pulled(call)
        return self._runner.run(call)

    def _pulled(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        """One by one, as the test asks for them."""

        async def pull() -> Any:
            return await anext(items)

        while True:
            try:
                yield self._runner.run(pull())
            except StopAsyncIteration:
                return


@pytest.fixture
def gateway() -> SigningGateway:
    return SigningGateway()


@pytest.fixture(params=["blocking", "awaiting"])
def connect(
    request: pytest.FixtureRequest, gateway: SigningGateway
) -> Iterator[Callable[..., Any]]:
    """Makes a client of the gateway; it never pauses unless told to."""
    with ExitStack() as stack:

        def make(**options: Any) -> Any:
            options = {
                "base_url": URL,
                "api_key": API_KEY,
                "secret": SECRET,
                "retries": Retries(first_pause_s=0),
                "transport": httpx2.MockTransport(gateway),
            } | options
            if request.param == "blocking":
                return stack.enter_context(Quittance(**options))
            runner = stack.enter_context(asyncio.Runner())
            client = AsyncQuittance(**options)
            stack.callback(lambda: runner.run(client.aclose()))
            return Awaited(client, runner)

        yield make
