"""Rules, activations and switches in PostgreSQL: versions for ever, and news at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from payments.adapters.postgres.routing import PostgresRouting
from payments.db.session import Database
from payments.domain.routing import Rule, Switch, Target
from tests.contracts.direct import Direct
from tests.contracts.partner_stages import knows

NORTH, SOUTH = Target("NORTH", 70), Target("SOUTH", 30)
LARGE = Rule("large", "amount > 100000 && country != 'é'", (SOUTH,))


@pytest.fixture
async def routing(database: Database) -> AsyncIterator[PostgresRouting]:
    routing = PostgresRouting(database)
    await routing.start()
    yield routing
    await routing.close()


def make_switch(**changes: Any) -> Switch:
    now = datetime.now(UTC)
    return replace(Switch(on=True, by="ann", why="drill", at=now), **changes)


async def heard(routing: PostgresRouting, what: Any, wanted: Any) -> None:
    """The news arrives on its own; how long it takes is the server's business."""

    await knows(routing, lambda: bool(what() == wanted))


async def test_each_saving_is_a_version_and_none_acts_before_it_is_activated(
    routing: PostgresRouting,
) -> None:
    first = await routing.save([LARGE], [NORTH, SOUTH], "ann")
    second = await routing.save([], [NORTH], "ben")

    assert (first.rules, first.fallback, first.author) == ((LARGE,), (NORTH, SOUTH), "ann")
    assert second.version == first.version + 1
    assert [each.version for each in await routing.versions()][:2] == [
        second.version,
        first.version,
    ]

    await routing.activate(first.version, "ann")
    await heard(routing, routing.rules, first)
    await routing.activate(second.version, "ann")
    await heard(routing, routing.rules, second)
    await routing.activate(first.version, "ann")
    await heard(routing, routing.rules, first)


async def test_a_version_that_does_not_exist_cannot_be_activated(routing: PostgresRouting) -> None:
    with pytest.raises(LookupError):
        await routing.activate(1_000_000, "ann")


async def test_those_who_save_at_once_get_versions_of_their_own(routing: PostgresRouting) -> None:
    saved = await asyncio.gather(*(routing.save([], [NORTH], f"op {n}") for n in range(20)))

    assert len({each.version for each in saved}) == 20


async def test_another_process_hears_of_a_switch(
    two_processes: tuple[Database, Database],
) -> None:
    here, there = (PostgresRouting(each) for each in two_processes)
    await here.start()
    await there.start()
    try:
        flip = make_switch(provider="NORTH", country="BD")
        await here.flip(flip)
        await heard(there, lambda: [each.on for each in there.switches()], [True])
        await here.flip(replace(flip, on=False, why="over"))
        await heard(there, lambda: [(e.on, e.why) for e in there.switches()], [(False, "over")])
        await here.flip(make_switch(provider="NORTH"))
        await heard(there, lambda: sorted(each.on for each in there.switches()), [False, True])
    finally:
        await here.close()
        await there.close()


async def test_a_provider_that_leaves_most_unanswered_is_unwell(
    routing: PostgresRouting, direct: Direct
) -> None:
    for provider, unanswered, all_of_them in (("WELL", 2, 6), ("ILL", 3, 6), ("NEW", 4, 4)):
        await direct.run(f"""
            INSERT INTO payment_attempt
                (payment_id, number, provider, challenge, fingerprint, outcome, ended_at)
            SELECT 'pay_{provider}' || n, 1, '{provider}', false, 'f',
                CASE WHEN n <= {unanswered} THEN 'unknown' ELSE 'accepted' END, now()
            FROM generate_series(1, {all_of_them}) AS n""")

    await heard(routing, routing.unwell, frozenset({"ILL"}))


@pytest.mark.parametrize("table", ["routing_rules", "routing_activation", "switch_flip"])
async def test_what_operators_did_is_kept_for_ever(
    routing: PostgresRouting, direct: Direct, table: str
) -> None:
    saved = await routing.save([], [NORTH], "ann")
    await routing.activate(saved.version, "ann")
    await routing.flip(make_switch())

    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await direct.run(statement)
