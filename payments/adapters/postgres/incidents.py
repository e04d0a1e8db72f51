"""Incidents: one row each, never changed, never deleted."""

from typing import Final

from payments.db.session import Statements
from payments.ports.incidents import Incident, IncidentKind, RecordedIncident

_INSERT: Final = """
    INSERT INTO incident (kind, partner_id, trace, place) VALUES ($1, $2, $3, $4)
    ON CONFLICT (trace, kind, place) DO NOTHING"""
_LATEST: Final = """
    SELECT kind, partner_id, trace, place, occurred_at FROM incident
    ORDER BY occurred_at DESC, id DESC LIMIT $1"""


class PostgresIncidents:
    """Incidents over one database."""

    def __init__(self, database: Statements) -> None:
        self._database = database

    async def record(self, incident: Incident) -> None:
        await self._database.fetch(
            _INSERT, incident.kind, incident.partner_id, incident.trace, incident.place
        )

    async def latest(self, limit: int) -> list[RecordedIncident]:
        return [
            RecordedIncident(
                Incident(IncidentKind(row["kind"]), row["partner_id"], row["trace"], row["place"]),
                row["occurred_at"],
            )
            for row in await self._database.fetch(_LATEST, limit)
        ]
