"""The promises of ports.inbox.Inbox, for PostgreSQL and for the fake."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from payments.adapters.postgres.inbox import PostgresInbox
from payments.db.session import Database
from payments.domain.charge import Operation
from payments.domain.dispute import DisputeOrder
from payments.domain.dispute import DisputeStatus as D
from payments.domain.money import Money
from payments.ports.inbox import EventChanged, Inbound, InboundState, Inbox, Kept
from payments.ports.provider import DisputeTold, Meaning, Says, Told
from tests.card_factories import NOW
from tests.contracts.direct import Direct
from tests.vault_fakes import FakeInbox

I = InboundState  # noqa: E741  # Short, and only here.


@pytest.fixture(params=["postgres", "fake"])
def inbox(request: pytest.FixtureRequest, database: Database) -> Inbox:
    return FakeInbox() if request.param == "fake" else PostgresInbox(database)


def make_event(
    body: str = '{"type":"payment.updated"}', told: Told | None = None, **changes: Any
) -> Inbound:
    """`changes` are of what it says."""
    said = told or Told(f"evt_{uuid4()}", "payment.updated", Meaning.PAYMENT, "pay_1-1")
    digest = hashlib.sha256(body.encode(errors="replace")).digest()
    return Inbound("NORTH", replace(said, **changes), digest, body, NOW)


async def test_an_event_is_stored_once_however_often_it_comes(inbox: Inbox) -> None:
    event = make_event()

    assert await asyncio.gather(*(inbox.store(event) for _ in range(100))) == [I.RECEIVED] * 100


async def test_what_became_of_it_is_said_to_those_who_come_later(inbox: Inbox) -> None:
    for state in (I.APPLIED, I.PARKED, I.QUARANTINED):
        event = make_event()
        await inbox.store(event)

        await inbox.settle(event.provider, event.told.event_id, state, "why")

        assert await inbox.store(event) is state


async def test_what_is_known_already_is_stored_as_it_is(inbox: Inbox) -> None:
    event = make_event()

    assert await inbox.store(event, I.APPLIED, "the record says so") is I.APPLIED
    assert await inbox.store(event) is I.APPLIED


async def test_a_settled_state_is_never_left(inbox: Inbox) -> None:
    event = make_event()
    await inbox.store(event)
    await inbox.settle(event.provider, event.told.event_id, I.QUARANTINED, "contradicts us")

    await inbox.settle(event.provider, event.told.event_id, I.APPLIED, "too late")

    assert await inbox.store(event) is I.QUARANTINED


async def test_the_same_id_with_another_body_is_told(inbox: Inbox) -> None:
    event = make_event()
    await inbox.store(event)

    with pytest.raises(EventChanged):
        await inbox.store(make_event('{"type":"another"}', event_id=event.told.event_id))


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
        inbox.store(make_event('{"type":"another"}', event_id=before.told.event_id)),
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


EVERYTHING = Told(
    "evt_every",
    "payment.updated",
    Meaning.DISPUTE,
    "dp_1",
    Operation.REFUND,
    Money(1_250, "JPY"),
    Says.REFUND_PENDING,
    NOW,
    DisputeTold(
        DisputeOrder("dp_1", "NORTH", "dis_\ud800"), D.NEEDS_RESPONSE, Money(1_500, "JPY"), NOW
    ),
    ("E\0", "\ud800", "é"),
)


async def overdue(inbox: Inbox, direct: Direct, event: Inbound, days: int = 1) -> None:
    """As if it had been due for so long: before whatever other tests have left."""
    if isinstance(inbox, FakeInbox):
        name = (event.provider, event.told.event_id)
        inbox.looks[name] = datetime.now(UTC) - timedelta(days=days)
        return
    await direct.run(
        f"UPDATE inbound_event SET look_at = now() - interval '{days} days'"
        f" WHERE event_id = '{event.told.event_id}'"
    )


def named(kept: Sequence[Kept]) -> list[str]:
    return [each.told.event_id for each in kept]


async def test_what_waits_is_not_due_at_once_and_then_for_one_of_all_who_ask(
    inbox: Inbox, direct: Direct
) -> None:
    event = make_event(told=replace(EVERYTHING, event_id=f"evt_{uuid4()}"))
    await inbox.store(event, I.RECEIVED, "no such payment")
    assert event.told.event_id not in named(await inbox.due(1_000))

    await overdue(inbox, direct, event)
    found = [each for kept in await gathered(inbox, 10) for each in kept]

    [kept] = [each for each in found if each.told.event_id == event.told.event_id]
    assert (kept.provider, kept.told, kept.received_at) == ("NORTH", event.told, NOW)
    # It came long ago: the longest pause.
    pause = kept.next_look_at - datetime.now(UTC)
    assert timedelta(minutes=8) < pause < timedelta(minutes=11)
    assert event.told.event_id not in named(await inbox.due(1_000))
    assert await inbox.store(event) is I.RECEIVED


async def gathered(inbox: Inbox, times: int) -> Sequence[Sequence[Kept]]:
    return await asyncio.gather(*(inbox.due(1_000) for _ in range(times)))


async def test_what_is_due_for_longest_comes_first(inbox: Inbox, direct: Direct) -> None:
    events = [make_event() for _ in range(3)]
    for days, event in enumerate(events, 10):
        await inbox.store(event)
        await overdue(inbox, direct, event, days)

    names = [name for _ in range(3) for name in named(await inbox.due(1))]

    assert names == [event.told.event_id for event in reversed(events)]


async def test_what_still_waits_says_why_and_what_is_settled_is_never_due(
    inbox: Inbox, direct: Direct
) -> None:
    waiting, settled, known = make_event(), make_event(), make_event()
    for event in (waiting, settled):
        await inbox.store(event)
        await overdue(inbox, direct, event)
    await inbox.store(known, I.APPLIED, "")

    await inbox.settle("NORTH", waiting.told.event_id, I.RECEIVED, "no such payment")
    await inbox.settle("NORTH", settled.told.event_id, I.APPLIED, "it was asked")

    found = named(await inbox.due(1_000))
    assert waiting.told.event_id in found
    assert not {settled.told.event_id, known.told.event_id} & set(found)
    assert await inbox.store(waiting) is I.RECEIVED


async def test_an_event_that_another_version_wrote_keeps_nobody_else(
    database: Database, direct: Direct
) -> None:
    inbox = PostgresInbox(database)
    event = make_event()
    await inbox.store(event)
    await direct.run(f"""
        INSERT INTO inbound_event (provider, event_id, type, digest, body, received_at, state,
            note, told)
        SELECT 'SOUTH', event_id, type, digest, body, received_at, state, note, '{{}}'
        FROM inbound_event WHERE event_id = '{event.told.event_id}'""")
    await overdue(inbox, direct, event)

    found = [each for each in await inbox.due(1_000) if each.told.event_id == event.told.event_id]

    assert [each.provider for each in found] == ["NORTH"]


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inbound_event SET state = 'received'",
        "UPDATE inbound_event SET note = 'another'",
        "UPDATE inbound_event SET body = '{}'",
        "UPDATE inbound_event SET told = '{}'",
        "UPDATE inbound_event SET look_at = now()",
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


async def test_what_an_event_says_never_changes_while_it_waits(
    database: Database, direct: Direct
) -> None:
    event = make_event()
    await PostgresInbox(database).store(event)

    for column in ("told", "body"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await direct.run(
                f"UPDATE inbound_event SET {column} = '{{}}'"
                f" WHERE event_id = '{event.told.event_id}'"
            )


async def test_storing_and_settling_are_one_statement_each(
    database: Database, direct: Direct
) -> None:
    inbox = PostgresInbox(database)
    direct.forget_calls()

    for _ in range(5):
        event = make_event()
        await inbox.store(event)
        await inbox.settle(event.provider, event.told.event_id, I.APPLIED, "")

    assert sorted((await direct.calls()).values()) == [5, 5]


async def test_many_that_come_at_once_share_a_statement(database: Database, direct: Direct) -> None:
    inbox = PostgresInbox(database)
    direct.forget_calls()

    await asyncio.gather(*(inbox.store(make_event()) for _ in range(50)))

    assert list((await direct.calls()).values()) == [1]
