"""One engine for all workflow tests; a desk with its own task queue and fakes for each."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.card_desk import CardDesk
from tests.workflows.engine import Desk, engine


@pytest.fixture(scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    async with engine() as started:
        yield started


@pytest.fixture
async def desk(environment: WorkflowEnvironment) -> AsyncIterator[Desk]:
    desk = Desk(environment)
    async with desk.worker():
        yield desk


@pytest.fixture
async def cards(environment: WorkflowEnvironment) -> AsyncIterator[CardDesk]:
    desk = CardDesk(environment)
    async with desk.worker():
        yield desk
