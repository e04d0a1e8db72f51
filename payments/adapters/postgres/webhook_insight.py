"""What operators look up about webhooks in PostgreSQL: each question is one bounded statement."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from payments.adapters.postgres import webhook_rows
from payments.adapters.postgres.webhook_rows import ENDPOINT, FAILED_LAST, OF_A_TIME, PENDING
from payments.db.session import Row, Statements
from payments.domain.webhook import Endpoint
from payments.ports.webhook_insight import MOST_COUNTED, Condition, WatchedEndpoint

# From name to name along the index, however many endpoints each partner has.
_PARTNERS: Final = """
    WITH RECURSIVE named AS (
        SELECT min(partner_id) AS partner_id FROM webhook_endpoint WHERE removed_at IS NULL
        UNION ALL
        SELECT (
            SELECT min(partner_id) FROM webhook_endpoint
            WHERE removed_at IS NULL AND partner_id > named.partner_id
        ) FROM named WHERE named.partner_id IS NOT NULL
    )
    SELECT partner_id FROM named WHERE partner_id IS NOT NULL LIMIT $1"""

# What has failed since nothing succeeds there stands at the oldest that are pending, and at the
# newest that came to nothing.
_WATCHED: Final = f"""
    SELECT {ENDPOINT}, endpoint.removed_at, tried.failures, waiting.pending, waiting.pending_since
    FROM ({{endpoints}}) AS endpoint CROSS JOIN LATERAL (
        SELECT count(*) AS pending, min(created_at) AS pending_since FROM (
            SELECT created_at FROM webhook_delivery
            WHERE endpoint_id = endpoint.id AND {PENDING}
            ORDER BY position LIMIT {MOST_COUNTED}
        ) AS due
    ) AS waiting CROSS JOIN LATERAL (
        SELECT least(count(*), {MOST_COUNTED}) AS failures FROM (
            (
                SELECT event_id, endpoint_id, round, tries FROM webhook_delivery
                WHERE endpoint_id = endpoint.id AND {PENDING}
                ORDER BY position LIMIT {MOST_COUNTED}
            ) UNION ALL (
                SELECT event_id, endpoint_id, round, tries FROM webhook_delivery
                WHERE endpoint_id = endpoint.id AND state IN ('failed', 'canceled')
                ORDER BY position DESC LIMIT {MOST_COUNTED}
            )
        ) AS delivery
        JOIN webhook_try AS made USING (event_id, endpoint_id, round)
        WHERE endpoint.failing_since IS NOT NULL AND delivery.tries > 0
            AND made.at >= endpoint.failing_since
    ) AS tried
    ORDER BY endpoint.partner_id, endpoint.id"""
_ONE: Final = _WATCHED.format(endpoints="SELECT * FROM webhook_endpoint WHERE id = $1")
_PAGE: Final = """
    SELECT * FROM webhook_endpoint
    WHERE {condition} AND ($1::text IS NULL OR partner_id = $1) AND ($2::text IS NULL
        OR (partner_id, id) > ((SELECT partner_id FROM webhook_endpoint WHERE id = $2), $2))
    ORDER BY partner_id, id LIMIT $3"""
_CONDITIONS: Final = {
    None: "removed_at IS NULL",
    Condition.ENABLED: "removed_at IS NULL AND state = 'enabled'",
    Condition.FAILING: "removed_at IS NULL AND state = 'enabled' AND failing_since IS NOT NULL",
    Condition.DISABLED: "removed_at IS NULL AND state = 'disabled'",
    Condition.REMOVED: "removed_at IS NOT NULL",
}
_PAGES: Final = {
    name: _WATCHED.format(endpoints=_PAGE.format(condition=condition))
    for name, condition in _CONDITIONS.items()
}

_FAILURES: Final = f"""
    SELECT count(*) AS found FROM (
        SELECT FROM webhook_delivery AS delivery
        WHERE delivery.endpoint_id = $1 AND {FAILED_LAST} LIMIT $2
    ) AS due"""
_MISSED: Final = f"SELECT count(*) AS found FROM (SELECT {OF_A_TIME} LIMIT $5) AS due"


class PostgresWebhookInsight:
    """WebhookInsight over one database."""

    def __init__(self, database: Statements) -> None:
        self._database = database

    async def partners(self, limit: int) -> Sequence[str]:
        return [row["partner_id"] for row in await self._database.fetch(_PARTNERS, limit)]

    async def endpoints(
        self,
        *,
        partner_id: str | None = None,
        condition: Condition | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Sequence[WatchedEndpoint]:
        rows = await self._database.fetch(_PAGES[condition], partner_id, after, limit)
        return [_watched(row) for row in rows]

    async def endpoint(self, endpoint_id: str) -> WatchedEndpoint | None:
        rows = await self._database.fetch(_ONE, endpoint_id)
        return _watched(rows[0]) if rows else None

    async def failures(self, endpoint: Endpoint, most: int) -> int:
        rows = await self._database.fetch(_FAILURES, endpoint.endpoint_id, most)
        return int(rows[0]["found"])

    async def missed(
        self,
        endpoint: Endpoint,
        since: datetime,
        until: datetime,
        most: int,
        after: UUID | None = None,
    ) -> int:
        where = endpoint.partner_id, endpoint.endpoint_id
        rows = await self._database.fetch(_MISSED, *where, since, until, most, after)
        return int(rows[0]["found"])


def _watched(row: Row) -> WatchedEndpoint:
    return WatchedEndpoint(
        endpoint=webhook_rows.endpoint(row),
        removed_at=row["removed_at"],
        failures=row["failures"],
        pending=row["pending"],
        pending_since=row["pending_since"],
    )
