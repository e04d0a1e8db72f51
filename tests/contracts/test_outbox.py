"""The promises of ports.webhooks.Outbox, for PostgreSQL and for the fake."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from payments.domain.webhook import DeliveryRef, DeliveryState, Disabled, Endpoint, Event
from tests.contracts.webhook_stage import Webhooks, after
from tests.webhook_factories import NOW, SECRETS, make_event, make_try

D = DeliveryState


async def untried(webhooks: Webhooks, endpoint: Endpoint, limit: int = 100) -> list[Event]:
    return [each.event for each in await webhooks.outbox.untried(endpoint.endpoint_id, limit)]


async def tell(webhooks: Webhooks, *events: Event) -> None:
    for event in events:
        await webhooks.tell(event)
    await webhooks.plan_all()


async def test_an_event_becomes_a_delivery_at_each_endpoint_that_wants_it(
    webhooks: Webhooks,
) -> None:
    everything = await webhooks.add_endpoint()
    partner = everything.partner_id
    some = await webhooks.add_endpoint(partner_id=partner, types=("bill.paid", "refund.failed"))
    disabled = await webhooks.add_endpoint(partner_id=partner)
    await webhooks.endpoints.disable(partner, disabled.endpoint_id, Disabled.BY_PARTNER, NOW)
    removed = await webhooks.add_endpoint(partner_id=partner)
    await webhooks.endpoints.remove(partner, removed.endpoint_id)
    stranger = await webhooks.add_endpoint()
    captured, paid = make_event(partner), make_event(partner, type="bill.paid")

    await tell(webhooks, captured, paid)

    assert await untried(webhooks, everything) == [captured, paid]
    assert await untried(webhooks, some) == [paid]
    for none in (disabled, removed, stranger):
        assert await untried(webhooks, none) == []


async def test_a_delivery_has_everything_that_a_try_needs(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    event = make_event(endpoint.partner_id, previous_status=None, sequence=7)
    await tell(webhooks, event)

    delivery = (await webhooks.outbox.untried(endpoint.endpoint_id, 1))[0]

    assert delivery.ref == DeliveryRef(event.event_id, endpoint.endpoint_id, 1)
    assert (delivery.event, delivery.endpoint, delivery.secrets) == (event, endpoint, SECRETS)
    assert (delivery.state, delivery.tries) == (D.PENDING, 0)
    assert await webhooks.outbox.find(delivery.ref) == delivery
    assert await webhooks.outbox.find(replace(delivery.ref, round=2)) is None


async def test_a_plan_takes_so_many_events_and_none_twice(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    await webhooks.plan_all()
    events = [make_event(endpoint.partner_id) for _ in range(5)]
    for event in events:
        await webhooks.tell(event)

    for _ in range(2):
        await webhooks.plan_one()
    assert await untried(webhooks, endpoint) == events[:2]
    await webhooks.plan_all()

    assert await untried(webhooks, endpoint) == events
    assert await webhooks.outbox.plan(2) == 0


async def test_a_test_goes_to_its_own_endpoint_alone_whatever_that_wants(
    webhooks: Webhooks,
) -> None:
    endpoint = await webhooks.add_endpoint(types=("bill.paid",))
    other = await webhooks.add_endpoint(partner_id=endpoint.partner_id)
    named = await webhooks.add_endpoint(
        partner_id=endpoint.partner_id, types=("webhook_endpoint.test",)
    )

    event = await webhooks.log.test_event(endpoint, uuid4(), NOW)
    await webhooks.plan_all()

    assert await untried(webhooks, endpoint) == [event]
    assert await untried(webhooks, other) == await untried(webhooks, named) == []


async def test_of_each_object_only_the_oldest_is_next(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    partner = endpoint.partner_id
    first = [
        make_event(partner, object_id=f"pay_{endpoint.endpoint_id}", sequence=n) for n in (1, 2, 3)
    ]
    second = [
        make_event(partner, object_id=f"re_{endpoint.endpoint_id}", sequence=n) for n in (1, 2)
    ]
    await tell(webhooks, first[0], first[1], second[0], first[2], second[1])

    assert await untried(webhooks, endpoint) == [first[0], second[0]]
    assert await untried(webhooks, endpoint, 1) == [first[0]]

    await take(webhooks, endpoint, first[0], D.DELIVERED)
    assert await untried(webhooks, endpoint) == [first[1], second[0]]
    await take(webhooks, endpoint, second[0], D.PENDING)
    assert await untried(webhooks, endpoint) == [first[1], second[1]]
    await take(webhooks, endpoint, first[1], D.FAILED)
    await take(webhooks, endpoint, first[2], D.DELIVERED)
    assert await untried(webhooks, endpoint) == [second[1]]


async def take(webhooks: Webhooks, endpoint: Endpoint, event: Event, state: D) -> None:
    ref = DeliveryRef(event.event_id, endpoint.endpoint_id)
    made = make_try(state is D.DELIVERED)
    await webhooks.outbox.tried(ref, made, state, after(5) if state is D.PENDING else None)


async def test_an_object_with_very_many_events_leaves_something_to_do(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    name = f"pay_{endpoint.endpoint_id}"
    events = [make_event(endpoint.partner_id, object_id=name, sequence=n) for n in range(1, 200)]
    await tell(webhooks, *events)

    assert await untried(webhooks, endpoint, 1) == [events[0]]
    await take(webhooks, endpoint, events[0], D.DELIVERED)
    assert await untried(webhooks, endpoint, 1) == [events[1]]


async def test_an_endpoint_waits_while_it_has_something_that_was_never_tried(
    webhooks: Webhooks,
) -> None:
    endpoint, idle = await webhooks.add_endpoint(), await webhooks.add_endpoint()
    name, partner = endpoint.endpoint_id, endpoint.partner_id

    delivery = await webhooks.planned(endpoint)
    waiting = await webhooks.outbox.waiting()
    assert name in waiting
    assert idle.endpoint_id not in waiting
    assert len(waiting) == len(set(waiting))

    await webhooks.outbox.tried(delivery.ref, make_try(False), D.PENDING, after(5))
    assert name not in await webhooks.outbox.waiting()

    await webhooks.planned(endpoint)
    assert name in await webhooks.outbox.waiting()
    await webhooks.endpoints.disable(partner, name, Disabled.BY_PARTNER, NOW)
    assert name not in await webhooks.outbox.waiting()


async def test_what_failed_first_is_handed_over_once(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    failed, delivered = await webhooks.planned(endpoint), await webhooks.planned(endpoint)
    untried_one = await webhooks.planned(endpoint)
    await webhooks.outbox.tried(failed.ref, make_try(False), D.PENDING, after(5))
    await webhooks.outbox.tried(delivered.ref, make_try(), D.DELIVERED, None)

    orphans = await webhooks.outbox.not_handed_over(1_000)
    assert (failed.ref, after(5)) in orphans
    assert {delivered.ref, untried_one.ref}.isdisjoint(ref for ref, _ in orphans)

    for _ in range(2):
        await webhooks.outbox.handed_over(failed.ref)
        assert failed.ref not in [ref for ref, _ in await webhooks.outbox.not_handed_over(1_000)]


async def test_a_round_that_was_asked_for_is_handed_over_untried(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    first = await webhooks.failed(endpoint)
    ref = await webhooks.log.replay_event(endpoint, first.event.event_id)
    assert ref == replace(first.ref, round=2)

    delivery = await webhooks.outbox.find(ref)
    assert delivery is not None
    assert (ref, delivery.created_at) in await webhooks.outbox.not_handed_over(1_000)
    assert await untried(webhooks, endpoint) == []
    assert endpoint.endpoint_id not in await webhooks.outbox.waiting()

    await webhooks.outbox.handed_over(ref)
    await webhooks.outbox.tried(ref, make_try(at=after(9)), D.DELIVERED, None)
    tries = await webhooks.log.tries(first.event.event_id, endpoint.endpoint_id)
    assert [(number, made.at) for number, made in tries] == [(1, NOW), (2, after(9))]


async def test_what_was_handed_over_and_is_overdue_is_taken_back(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    due, due_later, mine, done = [await webhooks.planned(endpoint) for _ in range(4)]
    await webhooks.outbox.tried(due.ref, make_try(False), D.PENDING, after(5))
    await webhooks.outbox.tried(due_later.ref, make_try(False), D.PENDING, after(10**9))
    await webhooks.outbox.tried(mine.ref, make_try(False), D.PENDING, after(5))
    await webhooks.outbox.tried(done.ref, make_try(False), D.PENDING, after(5))
    for each in (due, due_later, done):
        await webhooks.outbox.handed_over(each.ref)
    await webhooks.outbox.tried(done.ref, make_try(at=after(6)), D.DELIVERED, None)
    again = await webhooks.log.replay_event(endpoint, done.event.event_id)
    assert again is not None
    await webhooks.outbox.handed_over(again)

    async def orphans() -> list[DeliveryRef]:
        found = await webhooks.outbox.not_handed_over(1_000)
        return [ref for ref, _ in found if ref.endpoint_id == endpoint.endpoint_id]

    # Handed over just now, they are not missed yet.
    just_now = datetime.now(UTC) - timedelta(minutes=5)
    assert await webhooks.outbox.take_back(just_now, 1_000) == 0
    assert await orphans() == [mine.ref]
    years_on = after(10**8)
    assert await webhooks.outbox.take_back(years_on, 1) == 1
    assert await webhooks.outbox.take_back(years_on, 1_000) > 0
    assert await webhooks.outbox.take_back(years_on, 1_000) == 0
    assert set(await orphans()) == {due.ref, mine.ref, again}


async def test_the_lag_counts_what_was_never_tried_and_never_planned(webhooks: Webhooks) -> None:
    endpoint, ended = await webhooks.add_endpoint(), await webhooks.add_endpoint()
    await webhooks.plan_all()
    before = await webhooks.outbox.lag()

    await webhooks.tell(make_event(endpoint.partner_id))
    assert (await webhooks.outbox.lag()).unplanned == before.unplanned + 1
    await webhooks.plan_all()
    failed = await webhooks.planned(endpoint)
    await asyncio.sleep(0.02)
    lag = await webhooks.outbox.lag()
    assert (lag.untried, lag.unplanned) == (before.untried + 2, 0)
    assert lag.oldest_untried_s >= 0.02
    assert lag.failing_endpoints == before.failing_endpoints

    await webhooks.outbox.tried(failed.ref, make_try(False), D.PENDING, after(5))
    for each in (await webhooks.failed(ended), await webhooks.planned(ended)):
        assert each.endpoint.endpoint_id == ended.endpoint_id
    await webhooks.endpoints.disable(ended.partner_id, ended.endpoint_id, Disabled.GONE, NOW)
    lag = await webhooks.outbox.lag()
    assert lag.untried == before.untried + 1
    assert lag.failing_endpoints == before.failing_endpoints + 1


async def test_nothing_to_do_is_no_lag(webhooks: Webhooks) -> None:
    for name in await webhooks.outbox.waiting():
        for delivery in await webhooks.outbox.untried(name, 1_000):
            await webhooks.endpoints.remove(delivery.endpoint.partner_id, name)
    await webhooks.plan_all()

    lag = await webhooks.outbox.lag()

    assert (lag.untried, lag.oldest_untried_s, lag.unplanned) == (0, 0, 0)
