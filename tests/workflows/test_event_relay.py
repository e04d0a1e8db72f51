"""Events on their way to partners: in order, each endpoint by itself, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.lanes import FRESH_S
from payments.domain import ids
from payments.domain.webhook import (
    Delivery,
    DeliveryRef,
    DeliveryState,
    Disabled,
    SigningSecrets,
    Try,
    TryEnding,
)
from payments.ports.record import RecordUnavailable
from payments.ports.steps import Webhooks
from payments.temporal import make_worker
from tests.fakes.webhook_record import WebhookRecord
from tests.fakes.webhooks import FakeEndpoints, FakeOutbox
from tests.guarded import GUARDED
from tests.patience import until
from tests.vault_fakes import FakeInbox, nobody_looks
from tests.webhook_factories import make_endpoint, make_event
from workflows.event_relay import begin_relay
from workflows.registered import WEBHOOK_WORKFLOWS, webhook_activities

OK, BROKEN, GONE = 204, 500, 410


@dataclass
class Receivers:
    """What each endpoint answers, and what it got: (endpoint, object, sequence, number of try)."""

    answers: dict[str, Callable[[int], int]] = field(default_factory=dict)
    hanging: dict[str, asyncio.Event] = field(default_factory=dict)
    got: list[tuple[str, str, int, int]] = field(default_factory=list)
    at: list[datetime] = field(default_factory=list)

    async def send(self, delivery: Delivery, number: int) -> Try:
        name, event = delivery.ref.endpoint_id, delivery.event
        self.got.append((name, event.object_id, event.sequence, number))
        self.at.append(datetime.now(UTC))
        if name in self.hanging:
            await self.hanging[name].wait()
        status = self.answers.get(name, lambda _: OK)(number)
        ending = TryEnding.DELIVERED if status == OK else TryEnding.ANSWERED
        return Try(datetime.now(UTC), 1, ending, status)

    def by(self, name: str) -> list[tuple[str, int]]:
        return [(who, number) for endpoint, who, number, _ in self.got if endpoint == name]


class FlakyOutbox(FakeOutbox):
    """A record that is away for its first looks."""

    def __init__(self, record: WebhookRecord, outages: int) -> None:
        super().__init__(record)
        self.outages = outages

    async def waiting(self) -> list[str]:
        if self.outages:
            self.outages -= 1
            raise RecordUnavailable("away")
        return list(await super().waiting())


@dataclass
class Post:
    """A relay of one test, over a record in memory."""

    environment: WorkflowEnvironment
    record: WebhookRecord = field(default_factory=WebhookRecord)
    receivers: Receivers = field(default_factory=Receivers)
    task_queue: str = field(default_factory=lambda: f"tq-{uuid4()}")
    outages: int = 0

    def endpoint(self, name: str) -> None:
        self.record.endpoints[name] = make_endpoint(endpoint_id=name, partner_id="partner_1")
        self.record.secrets[name] = SigningSecrets("whsec_a")

    def event(self, object_id: str, sequence: int) -> UUID:
        event = make_event(
            "partner_1", object_id=object_id, sequence=sequence, occurred_at=datetime.now(UTC)
        )
        self.record.events.append(event)
        return event.event_id

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        outbox = FlakyOutbox(self.record, self.outages)
        steps = Webhooks(outbox, FakeEndpoints(self.record), self.receivers, FakeInbox())
        async with make_worker(
            self.environment.client,
            task_queue=self.task_queue,
            workflows=WEBHOOK_WORKFLOWS,
            activities=webhook_activities(steps, nobody_looks),
            longest_call=timedelta(),
            workflow_runner=GUARDED,
        ):
            await begin_relay(self.environment.client, self.task_queue)
            yield

    async def until_got(self, number: int) -> None:
        async def there() -> bool:
            return len(self.receivers.got) >= number

        await until(there, 60, f"{self.receivers.got} are not {number}")

    async def until_planned(self) -> None:
        async def planned() -> bool:
            return self.record.planned == len(self.record.events)

        await until(planned, 60, "events are not planned")

    async def until_state(self, ref: DeliveryRef, state: DeliveryState) -> None:
        async def there() -> bool:
            return ref in self.record.deliveries and self.record.deliveries[ref].state is state

        await until(there, 60, f"{ref} is not {state}")


@pytest.fixture
async def post(environment: WorkflowEnvironment) -> AsyncIterator[Post]:
    post = Post(environment)
    yield post
    await environment.client.get_workflow_handle(ids.EVENT_RELAY).terminate("the test is over")


async def test_what_is_committed_reaches_every_endpoint_once_and_in_order(post: Post) -> None:
    post.endpoint("whe_a")
    post.endpoint("whe_b")
    early = [(name, number) for number in (1, 2, 3) for name in ("pay_1", "pay_2")]
    for name, number in early:
        post.event(name, number)

    async with post.worker():
        await post.until_got(12)
        post.event("pay_1", 4)
        await post.until_got(14)

    for endpoint in ("whe_a", "whe_b"):
        told = post.receivers.by(endpoint)
        assert sorted(told) == sorted([*early, ("pay_1", 4)])
        for name in ("pay_1", "pay_2"):
            numbers = [number for who, number in told if who == name]
            assert numbers == sorted(numbers)


async def test_a_dead_endpoint_delays_nobody_but_itself(post: Post) -> None:
    post.endpoint("whe_dead")
    post.endpoint("whe_well")
    post.receivers.hanging["whe_dead"] = asyncio.Event()
    for number in range(1, 31):
        post.event(f"pay_{number}", 1)

    async with post.worker():
        await post.until_got(30 + 8)
        assert len(post.receivers.by("whe_well")) == 30
        assert len(post.receivers.by("whe_dead")) == 8
        post.receivers.hanging["whe_dead"].set()
        await post.until_got(60)


async def test_an_endpoint_that_fails_again_and_again_gets_one_try_at_a_time(post: Post) -> None:
    post.endpoint("whe_a")
    post.receivers.answers["whe_a"] = lambda _: BROKEN
    for number in range(1, 31):
        post.event(f"pay_{number}", 1)

    async with post.worker():
        await post.until_got(13)
        waiting = await FakeOutbox(post.record).lag()

    # Eight at once, one behind each of the first four failures; after them one alone, and a pause
    # before it.
    assert post.receivers.at[12] - post.receivers.at[11] >= timedelta(seconds=1)
    assert waiting.untried >= 17


async def test_what_was_looked_up_a_while_ago_is_not_sent(post: Post) -> None:
    post.endpoint("whe_a")
    post.receivers.hanging["whe_a"] = asyncio.Event()
    for number in range(1, 31):
        post.event(f"pay_{number}", 1)

    async with post.worker():
        await post.until_got(8)
        await asyncio.sleep(FRESH_S)
        await FakeEndpoints(post.record).disable(
            "partner_1", "whe_a", Disabled.BY_OPERATOR, datetime.now(UTC)
        )
        post.receivers.hanging["whe_a"].set()
        post.endpoint("whe_b")
        last = DeliveryRef(post.event("pay_31", 1), "whe_b")
        await post.until_state(last, DeliveryState.DELIVERED)

    assert len(post.receivers.by("whe_a")) == 8


async def test_a_failed_try_is_made_again_by_an_activity_of_its_own(post: Post) -> None:
    post.endpoint("whe_a")
    post.receivers.answers["whe_a"] = lambda number: OK if number > 1 else BROKEN
    event_id = post.event("pay_1", 1)
    ref = DeliveryRef(event_id, "whe_a")

    async with post.worker():
        await post.until_state(ref, DeliveryState.DELIVERED)
        later = post.environment.client.get_activity_handle(ids.delivery(event_id, "whe_a", 1))
        await later.result()

    assert [number for *_, number in post.receivers.got] == [1, 2]
    tries = post.record.deliveries[ref].tries
    assert timedelta(seconds=4.5) <= tries[1].at - tries[0].at


async def test_an_endpoint_that_is_gone_gets_nothing_any_more(post: Post) -> None:
    post.endpoint("whe_a")
    post.receivers.answers["whe_a"] = lambda _: GONE
    ref = DeliveryRef(post.event("pay_1", 1), "whe_a")

    async with post.worker():
        await post.until_state(ref, DeliveryState.FAILED)
        post.event("pay_2", 1)
        await post.until_planned()

    assert post.record.endpoints["whe_a"].disabled is Disabled.GONE
    assert post.receivers.by("whe_a") == [("pay_1", 1)]
    assert list(post.record.deliveries) == [ref]


async def test_a_replay_is_one_more_round_of_the_same_event(post: Post) -> None:
    post.endpoint("whe_a")
    event_id = post.event("pay_1", 1)

    async with post.worker():
        await post.until_state(DeliveryRef(event_id, "whe_a"), DeliveryState.DELIVERED)
        again = post.record.add_round(post.record.events[0], "whe_a", 2)
        await post.until_state(again, DeliveryState.DELIVERED)

    assert post.receivers.got == [("whe_a", "pay_1", 1, 1)] * 2


async def test_the_next_worker_goes_on_where_the_last_one_left(post: Post) -> None:
    post.endpoint("whe_a")
    post.event("pay_1", 1)
    async with post.worker():
        await post.until_got(1)

    post.event("pay_1", 2)
    async with post.worker():
        await post.until_got(2)

    assert post.receivers.by("whe_a") == [("pay_1", 1), ("pay_1", 2)]


async def test_a_try_that_was_lost_with_its_worker_is_made_again(post: Post) -> None:
    post.endpoint("whe_a")
    post.receivers.hanging["whe_a"] = asyncio.Event()
    post.event("pay_1", 1)
    async with post.worker():
        await post.until_got(1)

    post.receivers.hanging["whe_a"].set()
    async with post.worker():
        await post.until_got(2)

    assert post.receivers.by("whe_a") == [("pay_1", 1)] * 2


async def test_a_record_that_is_away_loses_nothing(post: Post) -> None:
    post.endpoint("whe_a")
    post.event("pay_1", 1)
    post.outages = 3

    async with post.worker():
        await post.until_got(1)

    assert post.receivers.by("whe_a") == [("pay_1", 1)]


async def test_an_endpoint_whose_secret_cannot_be_opened_stops_nobody_else(post: Post) -> None:
    post.endpoint("whe_a")
    post.endpoint("whe_sealed")
    del post.record.secrets["whe_sealed"]
    post.event("pay_1", 1)

    async with post.worker():
        await post.until_got(1)
        post.event("pay_1", 2)
        await post.until_got(2)
        relay = post.environment.client.get_workflow_handle(ids.EVENT_RELAY)
        [activity] = (await relay.describe()).raw_description.pending_activities

    assert post.receivers.by("whe_a") == [("pay_1", 1), ("pay_1", 2)]
    assert activity.attempt == 1


async def test_a_hundred_workers_have_one_relay(post: Post) -> None:
    client = post.environment.client

    await begin_relay(client, post.task_queue)
    first = (await client.get_workflow_handle(ids.EVENT_RELAY).describe()).run_id

    for _ in range(100):
        await begin_relay(client, post.task_queue)

    assert (await client.get_workflow_handle(ids.EVENT_RELAY).describe()).run_id == first
