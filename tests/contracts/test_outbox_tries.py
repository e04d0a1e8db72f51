"""What follows from tries: ports.webhooks.Outbox.tried, for PostgreSQL and for the fake."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from payments.domain.webhook import DeliveryRef, DeliveryState
from tests.contracts.webhook_stage import Webhooks, after
from tests.webhook_factories import make_try

D = DeliveryState


async def test_a_success_settles_a_delivery(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)
    made = make_try(http_status=204, answer="", latency_ms=0)

    await webhooks.outbox.tried(delivery.ref, made, D.DELIVERED, None)

    found = await webhooks.outbox.find(delivery.ref)
    assert found == replace(delivery, state=D.DELIVERED, tries=1)
    assert await webhooks.log.tries(delivery.event.event_id, endpoint.endpoint_id) == [(1, made)]


async def test_each_try_is_kept_and_says_when_the_next_one_is(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)
    made = [make_try(False, at=after(n), retry_after_s=n + 0.5) for n in range(10)]

    for number, each in enumerate(made):
        await webhooks.outbox.tried(delivery.ref, each, D.PENDING, after(number + 5))
        line = (await webhooks.log.of_endpoint(endpoint.endpoint_id))[0]
        assert (line.tries, line.last_try, line.next_try_at) == (
            number + 1,
            each,
            after(number + 5),
        )

    tries = await webhooks.log.tries(delivery.event.event_id, endpoint.endpoint_id)
    assert tries == [(1, each) for each in made]


async def test_a_try_that_is_told_twice_is_one_try(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)
    first, second = make_try(False), make_try(False, at=after(5))

    for made in (first, first, second, first, second):
        await webhooks.outbox.tried(delivery.ref, made, D.PENDING, made.at)
    await asyncio.gather(
        *(webhooks.outbox.tried(delivery.ref, second, D.PENDING, second.at) for _ in range(20))
    )

    tries = await webhooks.log.tries(delivery.event.event_id, endpoint.endpoint_id)
    assert tries == [(1, first), (1, second)]
    found = await webhooks.outbox.find(delivery.ref)
    assert found is not None
    assert found.tries == 2


async def test_tries_of_one_delivery_that_are_told_at_once_are_all_kept(
    webhooks: Webhooks,
) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)
    many = [make_try(False, at=after(n)) for n in range(5)]

    await asyncio.gather(
        *(webhooks.outbox.tried(delivery.ref, made, D.PENDING, after(99)) for made in many)
    )

    tries = await webhooks.log.tries(delivery.event.event_id, endpoint.endpoint_id)
    assert tries == [(1, made) for made in many]
    found = await webhooks.outbox.find(delivery.ref)
    assert found is not None
    assert found.tries == 5


@pytest.mark.parametrize("settled", [D.DELIVERED, D.FAILED, D.CANCELED])
async def test_a_settled_state_is_never_left_and_a_later_try_is_kept(
    settled: D, webhooks: Webhooks
) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)
    await webhooks.outbox.tried(delivery.ref, make_try(False), settled, None)

    for n, state in enumerate(D, start=1):
        next_try_at = after(9) if state is D.PENDING else None
        await webhooks.outbox.tried(delivery.ref, make_try(at=after(n)), state, next_try_at)

    line = (await webhooks.log.of_endpoint(endpoint.endpoint_id))[0]
    assert (line.state, line.tries, line.next_try_at) == (settled, 5, None)
    assert delivery.ref not in [ref for ref, _ in await webhooks.outbox.not_handed_over(1_000)]


async def test_a_failure_begins_the_failing_and_a_success_ends_it(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()

    async def since_a_try(seconds: int, *, is_success: bool) -> object:
        delivery = await webhooks.planned(endpoint)
        made = make_try(is_success, at=after(seconds))
        await webhooks.outbox.tried(delivery.ref, made, D.PENDING, after(99))
        return (await webhooks.seen(endpoint)).failing_since

    assert await since_a_try(1, is_success=True) is None
    assert await since_a_try(2, is_success=False) == after(2)
    assert await since_a_try(3, is_success=False) == after(2)
    assert await since_a_try(4, is_success=True) is None
    assert await since_a_try(5, is_success=False) == after(5)


async def test_a_try_that_is_told_again_does_not_begin_the_failing_anew(
    webhooks: Webhooks,
) -> None:
    endpoint = await webhooks.add_endpoint()
    failed, delivered = await webhooks.planned(endpoint), await webhooks.planned(endpoint)
    told = (failed.ref, make_try(False), D.PENDING, after(5))
    await webhooks.outbox.tried(*told)
    await webhooks.outbox.tried(delivered.ref, make_try(at=after(1)), D.DELIVERED, None)

    await webhooks.outbox.tried(*told)

    assert (await webhooks.seen(endpoint)).failing_since is None


async def test_many_endpoints_at_once_each_feel_their_own_tries(webhooks: Webhooks) -> None:
    well, ill = await webhooks.add_endpoint(), await webhooks.add_endpoint()
    deliveries = [await webhooks.planned(each) for each in (well, ill) * 3]

    await asyncio.gather(
        *(
            webhooks.outbox.tried(
                each.ref, make_try(each.endpoint == well, at=after(n)), D.PENDING, after(99)
            )
            for n, each in enumerate(deliveries)
        )
    )

    assert (await webhooks.seen(well)).failing_since is None
    assert (await webhooks.seen(ill)).failing_since == after(1)


async def test_a_try_of_what_was_never_planned_leaves_no_trace(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    ref = DeliveryRef(uuid4(), endpoint.endpoint_id)

    await webhooks.outbox.tried(ref, make_try(False), D.PENDING, after(5))
    await webhooks.outbox.handed_over(ref)

    assert await webhooks.outbox.find(ref) is None
    assert await webhooks.log.tries(ref.event_id, ref.endpoint_id) == []
    assert await webhooks.seen(endpoint) == endpoint


@pytest.mark.parametrize("theirs", ["\0", "\ud800", "é" * 2_000, ""])
async def test_whatever_they_answer_is_kept(theirs: str, webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)

    await webhooks.outbox.tried(delivery.ref, make_try(answer=theirs), D.DELIVERED, None)

    tries = await webhooks.log.tries(delivery.event.event_id, endpoint.endpoint_id)
    assert len(tries[0][1].answer) == len(theirs)
