"""What operators look up about webhooks, whoever's they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from payments.domain.webhook import Endpoint

# A count stops here: it says "so many or more".
MOST_COUNTED: Final = 1_000


class Condition(StrEnum):
    """How endpoints are chosen. FAILING are those enabled ones where nothing succeeds."""

    ENABLED = "enabled"
    FAILING = "failing"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class WatchedEndpoint:
    """An endpoint and what waits for it. Counts go to MOST_COUNTED."""

    endpoint: Endpoint
    removed_at: datetime | None
    # Tries in a row, to whatever event, that did not succeed.
    failures: int
    pending: int
    pending_since: datetime | None


class WebhookInsight(Protocol):
    """Reads only. Every question raises RecordUnavailable when the database does not answer."""

    async def partners(self, limit: int) -> Sequence[str]:
        """Those that have endpoints, by name."""

    async def endpoints(
        self,
        *,
        partner_id: str | None = None,
        condition: Condition | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Sequence[WatchedEndpoint]:
        """Partner by partner; `after` is the last one of the page before. Without a condition all
        but the removed.
        """

    async def endpoint(self, endpoint_id: str) -> WatchedEndpoint | None:
        """Also one that was removed."""

    async def failures(self, endpoint: Endpoint, most: int) -> int:
        """How many DeliveryLog.replay_failures() would make now, counted to `most`."""

    async def missed(
        self,
        endpoint: Endpoint,
        since: datetime,
        until: datetime,
        most: int,
        after: UUID | None = None,
    ) -> int:
        """How many DeliveryLog.replay_range() would make now, counted to `most`."""
