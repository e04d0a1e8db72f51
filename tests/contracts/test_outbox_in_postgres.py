"""What only the database can keep of the outbox: late commits, rivals, and what is permanent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from payments.db.session import Database
from payments.domain.webhook import DeliveryRef, DeliveryState, Disabled
from payments.stack.postgres import EmbeddedPostgres
from tests.contracts.direct import Direct
from tests.contracts.webhook_stage import Webhooks, after, in_postgres, write
from tests.webhook_factories import NOW, make_event, make_try

D = DeliveryState


@pytest.fixture
def webhooks(database: Database) -> Webhooks:
    return in_postgres(database)


@asynccontextmanager
async def open_transaction(direct: Direct) -> AsyncIterator[Any]:
    """One that has its number already, as after its first write; committed at the end."""
    async with direct.connection("app") as connection, connection.transaction():
        await connection.execute("SELECT pg_current_xact_id()")
        yield connection


async def test_an_event_that_commits_late_holds_up_nobody_and_is_planned(
    webhooks: Webhooks, direct: Direct
) -> None:
    endpoint = await webhooks.add_endpoint()
    await webhooks.plan_all()
    late, quick = make_event(endpoint.partner_id), make_event(endpoint.partner_id)

    async with open_transaction(direct) as connection:
        await write(connection, late)
        await webhooks.tell(quick)
        assert await webhooks.outbox.plan(100) == 1
        assert (await webhooks.outbox.lag()).unplanned == 0
    assert await webhooks.outbox.plan(100) == 1

    untried = await webhooks.outbox.untried(endpoint.endpoint_id, 10)
    assert [each.event for each in untried] == [quick, late]


async def test_an_open_transaction_of_another_database_holds_up_nobody(
    webhooks: Webhooks, server: EmbeddedPostgres
) -> None:
    endpoint = await webhooks.add_endpoint()
    await webhooks.plan_all()
    other = await asyncpg.connect(server.owner_url)
    try:
        async with other.transaction():
            await other.execute("SELECT pg_current_xact_id()")
            await webhooks.tell(make_event(endpoint.partner_id))
            assert await webhooks.outbox.plan(100) == 1
    finally:
        await other.close()


async def test_an_event_that_is_rolled_back_holds_up_nobody(
    webhooks: Webhooks, direct: Direct
) -> None:
    endpoint = await webhooks.add_endpoint()
    lost, kept = make_event(endpoint.partner_id), make_event(endpoint.partner_id)

    async with direct.connection("app") as connection:
        transaction = connection.transaction()
        await transaction.start()
        await write(connection, lost)
        await webhooks.tell(kept)
        await transaction.rollback()
    await webhooks.plan_all()

    untried = await webhooks.outbox.untried(endpoint.endpoint_id, 10)
    assert [each.event for each in untried] == [kept]


async def test_the_order_of_an_object_stands_even_against_that_of_its_transactions(
    webhooks: Webhooks, direct: Direct
) -> None:
    """Whoever waits for the object's row may be the older transaction, and tells the later event.

    Each page of the plan ends after one of them.
    """
    endpoint = await webhooks.add_endpoint()
    await webhooks.plan_all()
    name = f"pay_{uuid4().hex}"
    events = [
        make_event(endpoint.partner_id, object_id=name, sequence=number) for number in (1, 2, 3)
    ]

    async with open_transaction(direct) as connection:
        await webhooks.tell(events[0])
        await webhooks.tell(events[1])
        await write(connection, events[2])
    await webhooks.plan_one()

    for event in events:
        untried = await webhooks.outbox.untried(endpoint.endpoint_id, 10)
        assert [each.event for each in untried] == [event]
        await webhooks.outbox.tried(untried[0].ref, make_try(), D.DELIVERED, None)
        await webhooks.plan_all()
    assert await webhooks.states(endpoint) == [D.DELIVERED] * 3


async def test_two_planners_at_once_plan_every_event_once(
    webhooks: Webhooks, two_processes: tuple[Database, Database]
) -> None:
    endpoint = await webhooks.add_endpoint()
    await webhooks.plan_all()
    events = [make_event(endpoint.partner_id) for _ in range(100)]
    for event in events:
        await webhooks.tell(event)
    planners = [in_postgres(each).outbox for each in two_processes]

    planned = 0
    async with asyncio.timeout(60):
        while planned < len(events):
            planned += sum(await asyncio.gather(*(each.plan(7) for each in planners * 2)))

    assert planned == len(events)
    untried = await webhooks.outbox.untried(endpoint.endpoint_id, 1_000)
    assert [each.event for each in untried] == events


async def test_a_plan_that_is_made_again_makes_nothing_anew(
    webhooks: Webhooks, direct: Direct
) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)
    await webhooks.outbox.tried(delivery.ref, make_try(), D.DELIVERED, None)

    await direct.run("INSERT INTO event_unplanned SELECT position, id FROM event")
    await webhooks.plan_all()

    assert await webhooks.states(endpoint) == [D.DELIVERED]


async def test_two_writers_of_one_try_write_it_once(
    webhooks: Webhooks, two_processes: tuple[Database, Database]
) -> None:
    endpoint = await webhooks.add_endpoint()
    writers = [in_postgres(each).outbox for each in two_processes]

    for _ in range(20):
        delivery = await webhooks.planned(endpoint)
        await asyncio.gather(
            *(each.tried(delivery.ref, make_try(False), D.PENDING, after(5)) for each in writers)
        )
        found = await webhooks.outbox.find(delivery.ref)
        assert found is not None
        assert found.tries == 1
        assert len(await webhooks.log.tries(delivery.event.event_id, endpoint.endpoint_id)) == 1


async def test_two_writers_of_two_tries_number_them(
    webhooks: Webhooks, two_processes: tuple[Database, Database], direct: Direct
) -> None:
    endpoint = await webhooks.add_endpoint()
    writers = [in_postgres(each).outbox for each in two_processes]

    for _ in range(20):
        delivery = await webhooks.planned(endpoint)
        await asyncio.gather(
            *(
                each.tried(delivery.ref, make_try(False, at=after(n)), D.PENDING, after(9))
                for n, each in enumerate(writers)
            )
        )
        numbers = await direct.rows(
            "SELECT number FROM webhook_try WHERE event_id = $1 ORDER BY number",
            delivery.event.event_id,
        )
        assert numbers == [(1,), (2,)]


async def test_tries_and_the_end_of_their_endpoints_at_once_leave_nothing_pending(
    webhooks: Webhooks, two_processes: tuple[Database, Database], direct: Direct
) -> None:
    """Neither waits for the other for ever: both take deliveries first, in one order."""
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = await direct.value(deadlocks)
    writer, other = (in_postgres(each) for each in two_processes)
    for _ in range(10):
        endpoints = [await webhooks.add_endpoint() for _ in range(3)]
        deliveries = [await webhooks.planned(each) for each in endpoints * 5]

        await asyncio.gather(
            *(writer.outbox.tried(d.ref, make_try(False), D.PENDING, after(5)) for d in deliveries),
            *(
                other.endpoints.disable(each.partner_id, each.endpoint_id, Disabled.GONE, NOW)
                for each in endpoints
            ),
        )

        for each in endpoints:
            assert set(await webhooks.states(each)) == {D.CANCELED}
            assert {line.tries for line in await webhooks.log.of_endpoint(each.endpoint_id)} == {1}
    assert await direct.value(deadlocks) == before


async def test_each_call_is_one_statement_and_many_tries_share_theirs(
    webhooks: Webhooks, direct: Direct
) -> None:
    endpoint = await webhooks.add_endpoint()
    deliveries = [await webhooks.planned(endpoint) for _ in range(50)]
    direct.forget_calls()

    await asyncio.gather(
        *(webhooks.outbox.tried(each.ref, make_try(False), D.PENDING, NOW) for each in deliveries)
    )
    assert list((await direct.calls()).values()) == [1]

    await webhooks.outbox.plan(10)
    await webhooks.outbox.waiting()
    await webhooks.outbox.untried(endpoint.endpoint_id, 10)
    await webhooks.outbox.find(deliveries[0].ref)
    await webhooks.outbox.handed_over(deliveries[0].ref)
    await webhooks.outbox.not_handed_over(10)
    await webhooks.outbox.take_back(NOW, 10)
    await webhooks.outbox.lag()
    assert list((await direct.calls()).values()) == [1] * 9


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE webhook_try SET answer = 'another'",
        "DELETE FROM webhook_try",
        "TRUNCATE webhook_try",
        "DELETE FROM webhook_delivery",
        "TRUNCATE webhook_delivery",
        "UPDATE webhook_delivery SET state = 'pending', settled_at = NULL",
        "UPDATE webhook_delivery SET state = 'failed'",
        "UPDATE webhook_delivery SET settled_at = now() + interval '1 hour'",
        "UPDATE webhook_delivery SET tries = 0",
        "UPDATE webhook_delivery SET sequence = 9",
        "UPDATE webhook_delivery SET round = 9",
        "UPDATE event SET position = DEFAULT",
    ],
)
async def test_direct_sql_cannot_rewrite_what_was_delivered(
    role: str, statement: str, webhooks: Webhooks, direct: Direct
) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)
    await webhooks.outbox.tried(delivery.ref, make_try(), D.DELIVERED, None)

    refused = (
        asyncpg.RestrictViolationError,
        asyncpg.InsufficientPrivilegeError,
        asyncpg.CheckViolationError,
    )
    with pytest.raises(refused):
        await direct.run(statement, role=role)


async def test_the_application_cannot_choose_an_events_place(
    webhooks: Webhooks, direct: Direct
) -> None:
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.GeneratedAlwaysError)):
        await direct.run(
            f"""INSERT INTO event (partner_id, object_type, object_id, sequence, type, data,
                position) VALUES ('p', 'payment', '{uuid4()}', 1, 'x', '{{}}', 1)""",
            role="app",
        )


async def test_a_ref_of_another_round_or_endpoint_is_another_delivery(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    delivery = await webhooks.planned(endpoint)

    for ref in (
        DeliveryRef(delivery.event.event_id, "whe_other"),
        DeliveryRef(uuid4(), endpoint.endpoint_id),
        DeliveryRef(delivery.event.event_id, endpoint.endpoint_id, 2),
    ):
        assert await webhooks.outbox.find(ref) is None
