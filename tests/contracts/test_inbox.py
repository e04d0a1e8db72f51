"""The promises of ports.inbox.Inbox, for PostgreSQL and for the fake."""

import asyncio
import hashlib
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from payments.adapters.postgres.inbox import PostgresInbox
from payments.db.session import Database
from payments.domain.charge import Operation
from payments.ports.inbox import EventChanged, Inbound, InboundState, Inbox
from tests.card_factories import NOW
from tests.contracts.direct import Direct
from tests.vault_fakes import FakeInbox

I = InboundState  # noqa: E741  # Short, and only here.


@pytest.fixture(params=["postgres", "fake"])
def inbox(request: pytest.FixtureRequest, database: Database) -> Inbox:
    return FakeInbox() if request.param == "fake" else PostgresInbox(database)


def make_event(body: str = '{"type":"payment.updated"}', **changes: Any) -> Inbound:
    return Inbound(
        **{
            "provider": "NORTH",
            "event_id": f"evt_{uuid4()}",
            "type": "payment.updated",
            "reference": "pay_1-1",
            "operation": Operation.AUTHORIZE,
            "digest": hashlib.sha256(body.encode(errors="replace")).digest(),
            "body": body,
            "received_at": NOW,
            **changes,
        }
    )


async def test_an_event_is_stored_once_however_often_it_comes(inbox: Inbox) -> None:
    event = make_event()

    assert await asyncio.gather(*(inbox.store(event) for _ in range(100))) == [I.RECEIVED] * 100


async def test_what_became_of_it_is_said_to_those_who_come_later(inbox: Inbox) -> None:
    for state in (I.APPLIED, I.PARKED, I.QUARANTINED):
        event = make_event()
        await inbox.store(event)

        await inbox.settle(event.provider, event.event_id, state, "why")

        assert await inbox.store(event) is state


async def test_what_is_known_already_is_stored_as_it_is(inbox: Inbox) -> None:
    event = make_event()

    assert await inbox.store(event, I.APPLIED, "the record says so") is I.APPLIED
    assert await inbox.store(event) is I.APPLIED


async def test_a_settled_state_is_never_left(inbox: Inbox) -> None:
    event = make_event()
    await inbox.store(event)
    await inbox.settle(event.provider, event.event_id, I.QUARANTINED, "contradicts us")

    await inbox.settle(event.provider, event.event_id, I.APPLIED, "too late")

    assert await inbox.store(event) is I.QUARANTINED


async def test_the_same_id_with_another_body_is_told(inbox: Inbox) -> None:
    event = make_event()
    await inbox.store(event)

    with pytest.raises(EventChanged):
        await inbox.store(make_event('{"type":"another"}', event_id=event.event_id))


async def test_two_providers_may_use_the_same_id(inbox: Inbox) -> None:
    event = make_event()
    await inbox.store(event)

    assert await inbox.store(replace(event, provider="SOUTH", digest=b"x")) is I.RECEIVED


async def test_many_that_come_at_once_are_each_told_of_their_own(inbox: Inbox) -> None:
    before = make_event()
    await inbox.store(before, I.PARKED, "of a type that we do not know")

    told = await asyncio.gather(
        inbox.store(make_event(), I.APPLIED, "the record says so"),
        inbox.store(before),
        inbox.store(make_event('{"type":"another"}', event_id=before.event_id)),
        inbox.store(make_event()),
        return_exceptions=True,
    )

    assert [told[0], told[1], told[3]] == [I.APPLIED, I.PARKED, I.RECEIVED]
    assert isinstance(told[2], EventChanged)


async def test_whatever_they_write_is_kept(inbox: Inbox) -> None:
    for theirs in ("\0", "\ud800", "{", "", "é" * 10_000):
        event = make_event(theirs, type=theirs, reference=theirs)
        assert await inbox.store(event) is I.RECEIVED
        assert await inbox.store(event) is I.RECEIVED


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inbound_event SET state = 'received'",
        "UPDATE inbound_event SET note = 'another'",
        "UPDATE inbound_event SET body = '{}'",
        "DELETE FROM inbound_event",
        "TRUNCATE inbound_event",
    ],
)
async def test_direct_sql_cannot_rewrite_what_was_received(
    role: str, statement: str, database: Database, direct: Direct
) -> None:
    inbox = PostgresInbox(database)
    await inbox.store(make_event(), I.PARKED, "of a type that we do not know")

    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(statement, role=role)


async def test_storing_and_settling_are_one_statement_each(
    database: Database, direct: Direct
) -> None:
    inbox = PostgresInbox(database)
    direct.forget_calls()

    for _ in range(5):
        event = make_event()
        await inbox.store(event)
        await inbox.settle(event.provider, event.event_id, I.APPLIED, "")

    assert sorted((await direct.calls()).values()) == [5, 5]


async def test_many_that_come_at_once_share_a_statement(database: Database, direct: Direct) -> None:
    inbox = PostgresInbox(database)
    direct.forget_calls()

    await asyncio.gather(*(inbox.store(make_event()) for _ in range(50)))

    assert list((await direct.calls()).values()) == [1]
