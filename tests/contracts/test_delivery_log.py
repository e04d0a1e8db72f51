"""The promises of ports.webhooks.DeliveryLog, for PostgreSQL and for the fake."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from payments.db.session import Database
from payments.domain.webhook import DeliveryRef, DeliveryState, Disabled, Endpoint, Event
from payments.ports.webhooks import LoggedDelivery
from tests.contracts.direct import Direct
from tests.contracts.webhook_stage import Webhooks, after, in_postgres
from tests.webhook_factories import NOW, make_event, make_try

D = DeliveryState


async def page(webhooks: Webhooks, endpoint: Endpoint, **asked: object) -> list[LoggedDelivery]:
    return list(await webhooks.log.of_endpoint(endpoint.endpoint_id, **asked))  # type: ignore[arg-type]  # named at the port


async def told(webhooks: Webhooks, partner_id: str, **changes: object) -> Event:
    event = make_event(partner_id, **changes)
    await webhooks.tell(event)
    return event


async def test_a_line_says_what_became_of_a_delivery(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint, sequence=3)
    line = LoggedDelivery(
        ref=delivery.ref,
        type="payment.captured",
        object_id=delivery.event.object_id,
        sequence=3,
        state=D.PENDING,
        tries=0,
        created_at=delivery.created_at,
        last_try=None,
        next_try_at=None,
    )
    assert await page(webhooks, endpoint) == [line]

    for n in range(2):
        made = make_try(False, at=after(n), http_status=None, retry_after_s=1.5)
        await webhooks.outbox.tried(delivery.ref, made, D.PENDING, after(n + 5))

    last = replace(line, tries=2, last_try=made, next_try_at=after(6))
    assert await page(webhooks, endpoint) == [last]
    assert await webhooks.log.rounds(delivery.event.event_id, endpoint.endpoint_id) == [last]
    assert await webhooks.log.rounds(delivery.event.event_id, "whe_other") == []
    assert await webhooks.log.rounds(uuid4(), endpoint.endpoint_id) == []


async def test_the_newest_comes_first_page_by_page(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    refs = [(await webhooks.planned(endpoint)).ref for _ in range(5)][::-1]

    assert [line.ref for line in await page(webhooks, endpoint)] == refs
    assert [line.ref for line in await page(webhooks, endpoint, limit=2)] == refs[:2]
    then = await page(webhooks, endpoint, limit=2, before=refs[1])
    assert [line.ref for line in then] == refs[2:4]
    assert await page(webhooks, endpoint, before=refs[-1]) == []


async def test_a_line_before_that_is_not_of_this_endpoint_leaves_an_empty_page(
    webhooks: Webhooks,
) -> None:
    endpoint, other = await webhooks.add_endpoint(), await webhooks.add_endpoint()
    ref = (await webhooks.planned(endpoint)).ref
    theirs = (await webhooks.planned(other)).ref

    for before in (theirs, DeliveryRef(uuid4(), ref.endpoint_id), replace(ref, round=2)):
        assert await page(webhooks, endpoint, before=before) == []


@pytest.mark.parametrize("state", D)
async def test_one_state_alone_can_be_asked_for(state: D, webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    refs: dict[D, list[DeliveryRef]] = {}
    for each in (*D, *D):
        delivery = await webhooks.planned(endpoint)
        refs[each] = [delivery.ref, *refs.get(each, [])]
        if each is not D.PENDING:
            await webhooks.outbox.tried(delivery.ref, make_try(), each, None)

    lines = await page(webhooks, endpoint, state=state)

    assert [line.ref for line in lines] == refs[state]
    second = await page(webhooks, endpoint, state=state, before=refs[state][0])
    assert [line.ref for line in second] == refs[state][1:]


async def test_events_are_their_partners_alone(webhooks: Webhooks) -> None:
    event = await told(webhooks, f"partner_{uuid4().hex}")

    assert await webhooks.log.event(event.partner_id, event.event_id) == event
    assert await webhooks.log.event("somebody else", event.event_id) is None
    assert await webhooks.log.event(event.partner_id, uuid4()) is None
    assert await webhooks.log.events("somebody else", object_id=event.object_id) == []


async def test_the_newest_events_come_first_page_by_page(webhooks: Webhooks) -> None:
    partner = f"partner_{uuid4().hex}"
    events = [await told(webhooks, partner, occurred_at=after(n // 2)) for n in range(5)][::-1]
    names = [each.event_id for each in events]

    assert await webhooks.log.events(partner) == events
    assert await webhooks.log.events(partner, limit=2) == events[:2]
    assert await webhooks.log.events(partner, limit=2, before=names[1]) == events[2:4]
    assert await webhooks.log.events(partner, before=names[-1]) == []
    stranger = await told(webhooks, f"partner_{uuid4().hex}")
    for nobodys in (uuid4(), stranger.event_id):
        assert await webhooks.log.events(partner, before=nobodys) == []


async def test_the_events_of_an_object_go_by_their_sequence(webhooks: Webhooks) -> None:
    partner, name = f"partner_{uuid4().hex}", f"pay_{uuid4().hex}"
    events = [
        await told(webhooks, partner, object_id=name, sequence=n, occurred_at=after(-n))
        for n in (1, 2, 3)
    ][::-1]
    other = await told(webhooks, partner)

    assert await webhooks.log.events(partner, object_id=name) == events
    second = await webhooks.log.events(partner, object_id=name, before=events[0].event_id, limit=1)
    assert second == [events[1]]
    assert await webhooks.log.events(partner, object_id=name, before=other.event_id) == []


async def test_a_test_is_one_event_however_often_it_is_asked_for(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    name = uuid4()

    events = await asyncio.gather(
        *(webhooks.log.test_event(endpoint, name, after(n)) for n in range(10))
    )
    second = await webhooks.log.test_event(endpoint, uuid4(), NOW)

    assert events == [events[0]] * 10
    assert await webhooks.log.event(endpoint.partner_id, name) == events[0]
    assert (events[0].event_id, events[0].type) == (name, "webhook_endpoint.test")
    assert events[0].object_type == "webhook_endpoint"
    assert events[0].object_id == endpoint.endpoint_id
    assert events[0].previous_status is None
    assert events[0].data == {"id": endpoint.endpoint_id, "url": endpoint.url}
    assert (events[0].sequence, second.sequence) == (1, 2)


async def test_there_is_no_test_of_an_endpoint_that_is_gone(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    await webhooks.endpoints.remove(endpoint.partner_id, endpoint.endpoint_id)

    with pytest.raises(LookupError):
        await webhooks.log.test_event(endpoint, uuid4(), NOW)


async def test_a_replay_is_one_more_round_unless_the_last_is_on_its_way(
    webhooks: Webhooks,
) -> None:
    endpoint = await webhooks.add_endpoint()
    first = await webhooks.planned(endpoint)
    name = first.event.event_id

    assert await webhooks.log.replay_event(endpoint, name) == first.ref
    await webhooks.outbox.tried(first.ref, make_try(), D.DELIVERED, None)
    again = await asyncio.gather(*(webhooks.log.replay_event(endpoint, name) for _ in range(10)))

    assert again == [replace(first.ref, round=2)] * 10
    await webhooks.outbox.tried(again[0] or first.ref, make_try(), D.DELIVERED, None)
    assert await webhooks.log.replay_event(endpoint, name) == replace(first.ref, round=3)
    rounds = await webhooks.log.rounds(name, endpoint.endpoint_id)
    assert [(each.ref.round, each.state) for each in rounds] == [
        (1, D.DELIVERED),
        (2, D.DELIVERED),
        (3, D.PENDING),
    ]


async def test_what_the_endpoint_was_never_to_get_is_replayed_as_its_first_round(
    webhooks: Webhooks,
) -> None:
    endpoint = await webhooks.add_endpoint(types=("bill.paid",))
    event = await told(webhooks, endpoint.partner_id)
    await webhooks.plan_all()

    ref = await webhooks.log.replay_event(endpoint, event.event_id)

    assert ref == DeliveryRef(event.event_id, endpoint.endpoint_id, 1)
    assert [each.ref for each in await webhooks.outbox.untried(endpoint.endpoint_id, 9)] == [ref]


async def test_nobody_replays_the_event_of_another_partner(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    event = await told(webhooks, f"partner_{uuid4().hex}")

    assert await webhooks.log.replay_event(endpoint, event.event_id) is None
    assert await webhooks.log.replay_event(endpoint, uuid4()) is None


async def test_a_range_is_replayed_with_what_the_endpoint_wants_of_it(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint(types=("payment.captured",))
    partner = endpoint.partner_id
    events = [await told(webhooks, partner, occurred_at=after(n)) for n in range(5)]
    await told(webhooks, partner, occurred_at=after(2), type="bill.paid")
    await told(webhooks, f"partner_{uuid4().hex}", occurred_at=after(2))
    await webhooks.plan_all()
    for each in await webhooks.outbox.untried(endpoint.endpoint_id, 10):
        if each.event != events[3]:
            await webhooks.outbox.tried(each.ref, make_try(), D.DELIVERED, None)

    async def replay(limit: int) -> tuple[int, UUID | None]:
        made = await webhooks.log.replay_range(endpoint, after(1), after(4), limit)
        return made.made, made.after

    assert await replay(1) == (1, events[1].event_id)
    assert await replay(10) == (1, None)
    assert await replay(10) == (0, None)

    lines = await page(webhooks, endpoint)
    assert [line.ref for line in lines if line.ref.round == 2] == [
        DeliveryRef(events[n].event_id, endpoint.endpoint_id, 2) for n in (2, 1)
    ]


async def test_a_range_goes_on_where_the_last_replay_ended_whatever_came_of_that(
    webhooks: Webhooks,
) -> None:
    endpoint = await webhooks.add_endpoint()
    # Two of them at one moment.
    events = [
        make_event(endpoint.partner_id, occurred_at=after(at), sequence=number)
        for number, at in enumerate((1, 2, 2, 3, 4), start=1)
    ]
    for event in events:
        await webhooks.tell(event)
    await webhooks.plan_all()
    for delivery in await webhooks.outbox.untried(endpoint.endpoint_id, 10):
        await webhooks.outbox.tried(delivery.ref, make_try(), D.DELIVERED, None)

    steps: list[int] = []
    last: UUID | None = None
    for _ in range(3):
        made = await webhooks.log.replay_range(endpoint, after(1), after(9), 2, last)
        steps.append(made.made)
        last = made.after
        for line in await page(webhooks, endpoint, state=D.PENDING):
            await webhooks.outbox.tried(line.ref, make_try(), D.DELIVERED, None)

    assert (steps, last) == ([2, 2, 1], None)
    assert [line.ref.round for line in await page(webhooks, endpoint)] == [2] * 5 + [1] * 5


async def test_failures_are_replayed_once_and_what_was_canceled_with_them(
    webhooks: Webhooks,
) -> None:
    endpoint = await webhooks.add_endpoint()
    name = (endpoint.partner_id, endpoint.endpoint_id)
    delivered, failed = await webhooks.planned(endpoint), await webhooks.failed(endpoint)
    canceled = await webhooks.planned(endpoint)
    await webhooks.outbox.tried(delivered.ref, make_try(), D.DELIVERED, None)
    await webhooks.endpoints.disable(*name, Disabled.BY_PARTNER, NOW)
    await webhooks.endpoints.enable(*name)
    pending = await webhooks.planned(endpoint)

    assert await webhooks.log.replay_failures(endpoint, 1) == 1
    assert await webhooks.log.replay_failures(endpoint, 10) == 1
    assert await webhooks.log.replay_failures(endpoint, 10) == 0

    again = [replace(each.ref, round=2) for each in (failed, canceled)]
    lines = await page(webhooks, endpoint, state=D.PENDING)
    assert [line.ref for line in lines] == [*again[::-1], pending.ref]
    await webhooks.outbox.tried(again[0], make_try(False), D.FAILED, None)
    assert await webhooks.log.replay_failures(endpoint, 10) == 1


async def test_an_endpoint_that_is_disabled_gets_no_rounds(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    failed = await webhooks.failed(endpoint)
    await webhooks.endpoints.disable(
        endpoint.partner_id, endpoint.endpoint_id, Disabled.BY_PARTNER, NOW
    )

    assert await webhooks.log.replay_event(endpoint, failed.event.event_id) is None
    assert (await webhooks.log.replay_range(endpoint, NOW, after(1), 10)).made == 0
    assert await webhooks.log.replay_failures(endpoint, 10) == 0
    assert await webhooks.states(endpoint) == [D.FAILED]


async def test_each_call_is_one_statement(database: Database, direct: Direct) -> None:
    webhooks = in_postgres(database)
    endpoint = await webhooks.add_endpoint()
    failed = await webhooks.failed(endpoint)
    name = failed.event.event_id
    direct.forget_calls()

    await webhooks.log.of_endpoint(endpoint.endpoint_id)
    await webhooks.log.of_endpoint(endpoint.endpoint_id, state=D.FAILED)
    await webhooks.log.tries(name, endpoint.endpoint_id)
    await webhooks.log.rounds(name, endpoint.endpoint_id)
    await webhooks.log.event(endpoint.partner_id, name)
    await webhooks.log.events(endpoint.partner_id)
    await webhooks.log.events(endpoint.partner_id, object_id="pay_1")
    await webhooks.log.test_event(endpoint, uuid4(), NOW)
    await webhooks.log.replay_failures(endpoint, 10)
    await webhooks.log.replay_event(endpoint, name)
    await webhooks.log.replay_range(endpoint, NOW, after(1), 10)

    assert list((await direct.calls()).values()) == [1] * 11
