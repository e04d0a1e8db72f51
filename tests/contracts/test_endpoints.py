"""The promises of ports.webhooks.Endpoints, for PostgreSQL and for the fake."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest

from payments.db.session import Database
from payments.domain.webhook import (
    DeliveryState,
    Disabled,
    EndpointChanges,
    EndpointState,
    Payload,
    SigningSecrets,
)
from tests.contracts.direct import Direct
from tests.contracts.webhook_stage import MOST, Webhooks, after, in_postgres
from tests.webhook_factories import NOW, SECRETS, make_endpoint, make_event, make_try

D = DeliveryState


def anew(_: SigningSecrets) -> SigningSecrets:
    return SigningSecrets("whsec_new")


async def test_an_endpoint_is_found_as_it_was_added(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint(types=("payment.captured", "bill.paid"))

    assert await webhooks.seen(endpoint) == endpoint
    assert await webhooks.endpoints.secrets(endpoint.partner_id, endpoint.endpoint_id) == SECRETS


async def test_the_same_id_twice_is_one_endpoint_even_where_there_is_no_room(
    webhooks: Webhooks,
) -> None:
    endpoint = await webhooks.add_endpoint()

    again = replace(endpoint, url="https://example.com/other")
    assert await webhooks.endpoints.add(again, SigningSecrets("whsec_other"), 1)

    assert await webhooks.endpoints.of_partner(endpoint.partner_id) == [endpoint]
    assert await webhooks.endpoints.secrets(endpoint.partner_id, endpoint.endpoint_id) == SECRETS


async def test_a_partner_has_no_more_than_the_most_whoever_adds_at_once(
    webhooks: Webhooks,
) -> None:
    partner = f"partner_{uuid4().hex}"
    many = [make_endpoint(partner_id=partner, created_at=after(n)) for n in range(12)]

    added = await asyncio.gather(*(webhooks.endpoints.add(each, SECRETS, MOST) for each in many))

    assert sum(added) == MOST
    there = await webhooks.endpoints.of_partner(partner)
    assert there == [each for each, is_there in zip(many, added, strict=True) if is_there]
    await webhooks.endpoints.remove(partner, there[2].endpoint_id)
    assert await webhooks.endpoints.add(make_endpoint(partner_id=partner), SECRETS, MOST)
    assert not await webhooks.endpoints.add(make_endpoint(partner_id=partner), SECRETS, MOST)


async def test_nobody_reaches_the_endpoint_of_another_partner(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    other, name = "somebody else", endpoint.endpoint_id

    assert await webhooks.endpoints.find(other, name) is None
    assert await webhooks.endpoints.of_partner(other) == []
    assert await webhooks.endpoints.secrets(other, name) is None
    assert await webhooks.endpoints.change(other, name, EndpointChanges("x")) is None
    assert await webhooks.endpoints.rotate(other, name, anew) is None
    assert await webhooks.endpoints.enable(other, name) is None
    assert await webhooks.endpoints.disable(other, name, Disabled.BY_PARTNER, NOW) is None
    assert not await webhooks.endpoints.remove(other, name)
    assert await webhooks.seen(endpoint) == endpoint


async def test_what_may_change_changes_and_the_rest_stays(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    changed = replace(
        endpoint,
        url="https://example.com/other",
        types=("bill.paid",),
        payload=Payload.THIN,
        version="2020-01-01",
        description="",
    )

    name = endpoint.partner_id, endpoint.endpoint_id
    told = EndpointChanges(
        changed.url, changed.types, changed.version, changed.payload, changed.description
    )
    assert await webhooks.endpoints.change(*name, told) == changed
    assert await webhooks.endpoints.change(*name, EndpointChanges()) == changed
    one_more = replace(changed, types=())
    assert await webhooks.endpoints.change(*name, EndpointChanges(types=())) == one_more
    assert await webhooks.seen(endpoint) == one_more


async def test_disabling_cancels_what_is_pending_and_nothing_else(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    other = await webhooks.add_endpoint(partner_id=endpoint.partner_id)
    delivered, retried = await webhooks.planned(endpoint), await webhooks.planned(endpoint)
    await webhooks.planned(endpoint)
    await webhooks.outbox.tried(delivered.ref, make_try(), D.DELIVERED, None)
    await webhooks.outbox.tried(retried.ref, make_try(False), D.PENDING, after(5))

    ended = await webhooks.endpoints.disable(
        endpoint.partner_id, endpoint.endpoint_id, Disabled.BY_PARTNER, after(9)
    )

    assert ended == replace(
        endpoint,
        state=EndpointState.DISABLED,
        disabled=Disabled.BY_PARTNER,
        disabled_at=after(9),
        failing_since=NOW,
    )
    assert await webhooks.seen(endpoint) == ended
    assert await webhooks.states(endpoint) == [D.DELIVERED, D.CANCELED, D.CANCELED]
    assert await webhooks.states(other) == [D.PENDING] * 3
    assert (await webhooks.log.of_endpoint(endpoint.endpoint_id))[1].next_try_at is None
    found = await webhooks.outbox.find(retried.ref)
    assert found is not None
    assert (found.state, found.endpoint.state) == (D.CANCELED, EndpointState.DISABLED)


async def test_disabled_twice_is_disabled_once(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    name = (endpoint.partner_id, endpoint.endpoint_id)
    reasons = [Disabled.GONE, Disabled.FAILING, Disabled.BY_OPERATOR, Disabled.GONE]

    ended = await asyncio.gather(*(webhooks.endpoints.disable(*name, why, NOW) for why in reasons))

    assert len({each.disabled for each in ended if each is not None}) == 1
    told = await webhooks.log.events(endpoint.partner_id)
    assert [each.type for each in told] == ["webhook_endpoint.disabled"]


@pytest.mark.parametrize("why", Disabled)
async def test_who_does_not_disable_it_himself_is_told_at_his_other_endpoints(
    why: Disabled, webhooks: Webhooks
) -> None:
    endpoint = await webhooks.add_endpoint()
    other = await webhooks.add_endpoint(partner_id=endpoint.partner_id)

    await webhooks.endpoints.disable(endpoint.partner_id, endpoint.endpoint_id, why, NOW)
    await webhooks.plan_all()

    told = await webhooks.outbox.untried(other.endpoint_id, 10)
    if why is Disabled.BY_PARTNER:
        assert told == []
        return
    event = told[0].event
    assert (event.type, event.object_type) == ("webhook_endpoint.disabled", "webhook_endpoint")
    assert (event.object_id, event.sequence) == (endpoint.endpoint_id, 1)
    assert event.previous_status == "enabled"
    assert event.data == {
        "id": endpoint.endpoint_id,
        "url": endpoint.url,
        "reason": why,
        "disabledAt": "2026-11-21T10:20:30.123Z",
    }
    assert await webhooks.states(endpoint) == []


async def test_a_disabled_endpoint_gets_nothing_until_it_is_enabled(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    name = (endpoint.partner_id, endpoint.endpoint_id)
    await webhooks.failed(endpoint)
    await webhooks.endpoints.disable(*name, Disabled.GONE, NOW)
    await webhooks.tell(make_event(endpoint.partner_id))
    await webhooks.plan_all()
    assert await webhooks.endpoints.enable(*name) == endpoint

    await webhooks.planned(endpoint)

    assert await webhooks.states(endpoint) == [D.FAILED, D.PENDING]
    await webhooks.endpoints.disable(*name, Disabled.GONE, NOW)
    told = await webhooks.log.events(endpoint.partner_id, object_id=endpoint.endpoint_id)
    assert [each.sequence for each in told] == [2, 1]


async def test_enabling_an_enabled_one_does_not_hide_that_it_fails(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    await webhooks.failed(endpoint)
    await webhooks.planned(endpoint)

    enabled = await webhooks.endpoints.enable(endpoint.partner_id, endpoint.endpoint_id)

    assert enabled == replace(endpoint, failing_since=NOW)
    assert await webhooks.states(endpoint) == [D.FAILED, D.PENDING]


async def test_of_a_removed_endpoint_the_log_stays_and_nothing_else(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    name = (endpoint.partner_id, endpoint.endpoint_id)
    delivery = await webhooks.planned(endpoint)

    assert await webhooks.endpoints.remove(*name)
    assert not await webhooks.endpoints.remove(*name)

    assert await webhooks.endpoints.find(*name) is None
    assert await webhooks.endpoints.secrets(*name) is None
    assert await webhooks.endpoints.of_partner(endpoint.partner_id) == []
    assert await webhooks.endpoints.enable(*name) is None
    assert await webhooks.endpoints.disable(*name, Disabled.GONE, NOW) is None
    assert await webhooks.endpoints.change(*name, EndpointChanges("x")) is None
    assert await webhooks.endpoints.rotate(*name, anew) is None
    assert await webhooks.outbox.find(delivery.ref) is None
    assert await webhooks.states(endpoint) == [D.CANCELED]


async def test_secrets_lie_sealed_and_go_with_the_endpoint(
    database: Database, direct: Direct
) -> None:
    webhooks = in_postgres(database)
    endpoint = await webhooks.add_endpoint()
    query = "SELECT secrets_sealed FROM webhook_endpoint WHERE id = $1"

    assert b"whsec" not in await direct.value(query, endpoint.endpoint_id)
    await webhooks.endpoints.remove(endpoint.partner_id, endpoint.endpoint_id)
    assert await direct.value(query, endpoint.endpoint_id) is None


async def test_what_is_planned_while_an_endpoint_is_disabled_is_canceled_when_it_is_enabled(
    database: Database, direct: Direct
) -> None:
    webhooks = in_postgres(database)
    endpoint = await webhooks.add_endpoint()
    name = (endpoint.partner_id, endpoint.endpoint_id)
    await webhooks.endpoints.disable(*name, Disabled.BY_PARTNER, NOW)
    await direct.run(
        f"""INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
        VALUES ('{uuid4()}', '{endpoint.endpoint_id}', 1, 'pay_1', 1)"""
    )

    assert await webhooks.outbox.untried(endpoint.endpoint_id, 10) == []
    assert endpoint.endpoint_id not in await webhooks.outbox.waiting()
    await webhooks.endpoints.enable(*name)

    assert endpoint.endpoint_id not in await webhooks.outbox.waiting()


@pytest.mark.parametrize("end", ["disable", "remove"])
async def test_more_than_one_statement_has_time_for_is_canceled_by_the_next_plan(
    end: str, database: Database, direct: Direct
) -> None:
    webhooks = in_postgres(database)
    endpoint = await webhooks.add_endpoint()
    name = (endpoint.partner_id, endpoint.endpoint_id)
    await direct.run(
        f"""INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
        SELECT new_id(), '{endpoint.endpoint_id}', 1, number, 1
        FROM generate_series(1, 1100) AS number"""
    )
    pending = """SELECT count(*) FROM webhook_delivery WHERE endpoint_id = $1
        AND state = 'pending'"""

    if end == "disable":
        await webhooks.endpoints.disable(*name, Disabled.BY_PARTNER, NOW)
    else:
        await webhooks.endpoints.remove(*name)

    assert await direct.value(pending, endpoint.endpoint_id) == 100
    assert await webhooks.outbox.untried(endpoint.endpoint_id, 10) == []
    for _ in range(2):
        await webhooks.outbox.plan(1)
    assert await direct.value(pending, endpoint.endpoint_id) == 0
    ending = "SELECT is_ending FROM webhook_endpoint WHERE id = $1"
    assert await direct.value(ending, endpoint.endpoint_id) is False


async def test_disabling_and_removing_are_one_statement_each(
    database: Database, direct: Direct
) -> None:
    webhooks = in_postgres(database)
    many = [await webhooks.add_endpoint() for _ in range(3)]
    for endpoint in many:
        await webhooks.planned(endpoint)
    direct.forget_calls()

    for each in many:
        name = (each.partner_id, each.endpoint_id)
        await webhooks.endpoints.disable(*name, Disabled.GONE, NOW)
        await webhooks.endpoints.remove(*name)

    assert sorted((await direct.calls()).values()) == [3, 3]


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize("statement", ["DELETE FROM webhook_endpoint", "TRUNCATE webhook_endpoint"])
async def test_direct_sql_cannot_forget_an_endpoint(
    role: str, statement: str, database: Database, direct: Direct
) -> None:
    await in_postgres(database).add_endpoint()

    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(statement, role=role)
