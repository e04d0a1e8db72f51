"""Every card provider: both adapters before real processes, and the fake of the workflows' tests.

No money can move: the sandbox and localstripe are processes of ours on this machine.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from payments.adapters.providers.plugged import plugged
from payments.adapters.providers.recorded import RecordedProvider
from payments.domain.provider import ProviderKind
from payments.outside.wire import Timeouts, open_http
from tests.contracts.biller_stages import Clock
from tests.contracts.provider.faulty_proxy import FaultyProxy
from tests.contracts.provider.stages import (
    AdapterStage,
    FakeStage,
    SandboxStage,
    Stage,
    StripeStage,
    profile,
)
from tests.fake_provider import FakeProvider
from tests.fakes.journal import FakeCallLog
from tests.localstripe.likeness import Likeness
from tests.localstripe.running_localstripe import RunningLocalstripe
from tests.sandbox.running_sandbox import RunningSandbox


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "journal.jsonl")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def localstripe() -> Iterator[RunningLocalstripe]:
    running = RunningLocalstripe()
    yield running
    running.stop()


@pytest.fixture(params=list(ProviderKind))
async def adapter(request: pytest.FixtureRequest) -> AsyncIterator[AdapterStage]:
    async with _adapter(request, request.param) as stage:
        yield stage


@pytest.fixture(params=["fake", *ProviderKind])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param == "fake":
        clock = Clock()
        yield FakeStage(FakeProvider(clock=clock), clock)
        return
    async with _adapter(request, request.param) as stage:
        yield stage


@pytest.fixture(params=["fake", ProviderKind.SANDBOX])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Where there are disputes."""
    if request.param == "fake":
        clock = Clock()
        yield FakeStage(FakeProvider(clock=clock), clock)
        return
    async with _adapter(request, request.param) as stage:
        yield stage


@pytest.fixture
async def sandbox_stage(request: pytest.FixtureRequest) -> AsyncIterator[SandboxStage]:
    """For what the sandbox's acquirers alone can do."""
    async with _adapter(request, ProviderKind.SANDBOX) as stage:
        yield stage


@asynccontextmanager
async def _adapter(request: pytest.FixtureRequest, kind: ProviderKind) -> AsyncIterator[Any]:
    sandbox = kind is ProviderKind.SANDBOX
    process = request.getfixturevalue("sandbox_process" if sandbox else "localstripe")
    upstream = str(process.acquirer.base_url) if sandbox else process.url
    proxy, clock = FaultyProxy(upstream, None if sandbox else Likeness()), Clock()
    await proxy.start()
    async with open_http() as http:
        # Stripe's adapter asks before it sends.
        hasty = Timeouts(quick_s=30, money_s=1 if sandbox else 3)
        patient, impatient = (
            RecordedProvider(
                "NORTH", plugged(profile(kind, proxy.url), http, timeouts, clock), FakeCallLog()
            )
            for timeouts in (Timeouts(quick_s=30, money_s=30), hasty)
        )
        make = SandboxStage if sandbox else StripeStage
        yield make(patient, impatient, proxy, clock, process)
    await proxy.close()
