"""The promises of ports.incidents.Incidents."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from payments.adapters.postgres.incidents import PostgresIncidents
from payments.db.session import Database
from payments.ports.incidents import Incident, IncidentKind, Incidents
from tests.contracts.direct import Direct

COUNT = "SELECT count(*) FROM incident WHERE trace = $1"


@pytest.fixture(params=["postgres"])
def incidents(request: pytest.FixtureRequest, database: Database) -> Incidents:
    assert request.param == "postgres"
    return PostgresIncidents(database)


def make_incident(**changes: Any) -> Incident:
    return Incident(
        **{
            "kind": IncidentKind.CARD_NUMBER,
            "partner_id": "partner_1",
            "trace": f"partner_1.20260430T082114123Z.{uuid4()}",
            "place": "body metadata.note",
            **changes,
        }
    )


async def test_the_newest_incident_comes_first_with_its_time(
    incidents: Incidents, direct: Direct
) -> None:
    older, newer = make_incident(), make_incident(partner_id=None)

    await incidents.record(older)
    await incidents.record(newer)

    first, second = await incidents.latest(2)
    assert (first.incident, second.incident) == (newer, older)
    assert first.occurred_at >= second.occurred_at
    assert await direct.rows(COUNT, older.trace) == [(1,)]


async def test_an_incident_recorded_twice_is_one(incidents: Incidents, direct: Direct) -> None:
    incident = make_incident()

    await incidents.record(incident)
    await incidents.record(incident)

    assert await direct.rows(COUNT, incident.trace) == [(1,)]


async def test_two_places_of_one_request_are_two(incidents: Incidents, direct: Direct) -> None:
    incident = make_incident()

    await incidents.record(incident)
    await incidents.record(make_incident(trace=incident.trace, place="path"))

    assert await direct.rows(COUNT, incident.trace) == [(2,)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE incident SET place = 'nowhere'",
        "DELETE FROM incident",
        "TRUNCATE incident",
    ],
)
async def test_nobody_rewrites_an_incident(
    statement: str, incidents: Incidents, direct: Direct
) -> None:
    await incidents.record(make_incident())

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await direct.run(statement, role="app")
    with pytest.raises(asyncpg.RestrictViolationError):
        await direct.run(statement, role="owner")


async def test_the_database_alone_says_when(direct: Direct) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await direct.run(
            """INSERT INTO incident (kind, trace, place, occurred_at)
            VALUES ('card_number', 'a', 'path', '2000-01-01')""",
            role="app",
        )
