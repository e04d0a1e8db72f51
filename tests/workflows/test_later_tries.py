"""Later tries of many deliveries: an endpoint that hangs keeps none from the others."""

import asyncio
from datetime import UTC, datetime, timedelta

from activities.lanes import WIDTH
from payments.domain.webhook import DeliveryRef, DeliveryState
from tests.patience import until
from tests.workflows.test_event_relay import Post, post

assert post, "a fixture"

WAITING = 100


async def test_a_hundred_that_wait_for_a_dead_endpoint_leave_places_for_the_others(
    post: Post,
) -> None:
    for name in ("whe_dead", "whe_well"):
        post.endpoint(name)
    async with post.worker():
        event_id = post.event("pay_1", 1)
        for name in ("whe_dead", "whe_well"):
            await post.until_state(DeliveryRef(event_id, name), DeliveryState.DELIVERED)
        post.receivers.got.clear()
        post.receivers.hanging["whe_dead"] = asyncio.Event()

        for number in range(2, WAITING + 2):
            post.record.add_round(post.record.events[0], "whe_dead", number)
        await post.until_got(WIDTH)
        again = post.record.add_round(post.record.events[0], "whe_well", 2)
        await post.until_state(again, DeliveryState.DELIVERED)

        async def all_are_handed_over() -> bool:
            rows = post.record.of_endpoint("whe_dead")
            return len([row for row in rows if row.handed_over_at is not None]) == WAITING

        await until(all_are_handed_over, 60, "some are not handed over")
        assert len(post.receivers.by("whe_dead")) == WIDTH
        post.receivers.hanging["whe_dead"].set()
        await post.until_got(WIDTH + 2)


async def test_what_the_engine_has_lost_is_tried_when_it_is_long_overdue(post: Post) -> None:
    """As when the record was restored and the engine was not, or another one."""
    post.endpoint("whe_a")
    event_id = post.event("pay_1", 1)
    async with post.worker():
        await post.until_state(DeliveryRef(event_id, "whe_a"), DeliveryState.DELIVERED)
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    lost, waits = (post.record.add_round(post.record.events[0], "whe_a", n) for n in (2, 3))
    for ref, next_try_at in ((lost, long_ago), (waits, long_ago + timedelta(hours=9))):
        row = post.record.deliveries[ref]
        row.handed_over_at, row.next_try_at = long_ago, next_try_at

    async with post.worker():
        await post.until_state(lost, DeliveryState.DELIVERED)

    assert post.record.deliveries[waits].state is DeliveryState.PENDING
    assert post.record.deliveries[waits].handed_over_at == long_ago
