"""What nobody could take is looked at again: whatever breaks, and whoever dies in between."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from activities import inbound
from payments.domain import ids
from payments.ports.inbox import Inbound, InboundState, Kept
from payments.ports.provider import Meaning, Told
from payments.ports.record import RecordUnavailable
from payments.ports.steps import Webhooks
from payments.temporal import make_worker
from tests.fakes.webhook_record import WebhookRecord
from tests.fakes.webhooks import FakeEndpoints, FakeOutbox
from tests.guarded import GUARDED
from tests.patience import until
from tests.vault_fakes import FakeInbox
from tests.workflows.test_event_relay import Receivers
from workflows.inbound_watch import begin_watch
from workflows.registered import WEBHOOK_WORKFLOWS, webhook_activities


@dataclass
class FlakyInbox(FakeInbox):
    """A record that is away for its first looks."""

    outages: int = 0

    async def due(self, limit: int) -> Sequence[Kept]:
        if self.outages:
            self.outages -= 1
            raise RecordUnavailable("away")
        return await super().due(limit)


@dataclass
class Counter:
    """An inbox, and who looks at what is in it."""

    environment: WorkflowEnvironment
    inbox: FlakyInbox = field(default_factory=FlakyInbox)
    task_queue: str = field(default_factory=lambda: f"tq-{uuid4()}")
    # What the next looks at an event end with.
    breaks: dict[str, list[Exception]] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)

    async def due(self, event_id: str) -> None:
        told = Told(event_id, "payment.updated", Meaning.PAYMENT, "pay_1-1")
        at = datetime.now(UTC)
        await self.inbox.store(Inbound("NORTH", told, hashlib.sha256().digest(), "{}", at))
        self.inbox.looks["NORTH", event_id] = at

    async def look_again(self, kept: Kept) -> None:
        self.looked.append(kept.told.event_id)
        if breaks := self.breaks.get(kept.told.event_id):
            self.inbox.looks["NORTH", kept.told.event_id] = datetime.now(UTC)
            raise breaks.pop()
        await self.inbox.settle("NORTH", kept.told.event_id, InboundState.APPLIED, "")

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        record = WebhookRecord()
        steps = Webhooks(FakeOutbox(record), FakeEndpoints(record), Receivers(), self.inbox)
        async with make_worker(
            self.environment.client,
            task_queue=self.task_queue,
            workflows=WEBHOOK_WORKFLOWS,
            activities=webhook_activities(steps, self.look_again),
            longest_call=timedelta(),
            workflow_runner=GUARDED,
        ):
            await begin_watch(self.environment.client, self.task_queue)
            yield

    async def until_taken(self, *event_ids: str) -> None:
        async def taken() -> bool:
            states = [self.inbox.states["NORTH", each] for each in event_ids]
            return set(states) == {InboundState.APPLIED}

        await until(taken, 60, f"{event_ids} are not taken")


@pytest.fixture
async def counter(
    environment: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counter]:
    monkeypatch.setattr(inbound, "IDLE_S", 0.2)
    yield Counter(environment)
    await environment.client.get_workflow_handle(ids.INBOUND_WATCH).terminate("the test is over")


async def test_one_that_breaks_us_keeps_nobody_else_and_is_looked_at_again(
    counter: Counter,
) -> None:
    for name in ("evt_broken", "evt_well"):
        await counter.due(name)
    counter.breaks["evt_broken"] = [ZeroDivisionError("ours")]

    async with counter.worker():
        await counter.until_taken("evt_well", "evt_broken")
        watch = counter.environment.client.get_workflow_handle(ids.INBOUND_WATCH)
        [activity] = (await watch.describe()).raw_description.pending_activities

    assert activity.attempt == 1
    assert counter.looked.count("evt_well") == 1
    assert counter.looked.count("evt_broken") == 2


async def test_a_record_that_is_away_loses_nothing(counter: Counter) -> None:
    await counter.due("evt_1")
    counter.inbox.outages = 3

    async with counter.worker():
        await counter.until_taken("evt_1")

    assert counter.looked == ["evt_1"]


async def test_the_next_worker_goes_on(counter: Counter) -> None:
    async with counter.worker():
        await counter.due("evt_1")
        await counter.until_taken("evt_1")

    await counter.due("evt_2")
    async with counter.worker():
        await counter.until_taken("evt_2")

    assert counter.looked == ["evt_1", "evt_2"]


async def test_a_hundred_workers_have_one_watch(counter: Counter) -> None:
    client = counter.environment.client

    await begin_watch(client, counter.task_queue)
    first = (await client.get_workflow_handle(ids.INBOUND_WATCH).describe()).run_id

    for _ in range(100):
        await begin_watch(client, counter.task_queue)

    assert (await client.get_workflow_handle(ids.INBOUND_WATCH).describe()).run_id == first
