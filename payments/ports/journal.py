"""What was asked of us and what we asked of others, one row each, for disputes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One answered request. `request_hash` is SHA-256 over method, target and body, hex.

    `downstream` holds each downstream call's milliseconds and where its answer came from, such as
    {"biller.lookup": {"ms": 3.1, "source": "origin"}}. `replay_of` is the first answer's trace.
    """

    trace: str
    partner_id: str | None
    endpoint: str
    request_hash: str
    http_status: int
    code: str
    latency_us: int
    received_at: datetime
    downstream: Mapping[str, Any] = field(default_factory=dict)
    replay_of: str | None = None


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call to a provider. `phase` is not_sent, sent_unknown or answered; `raw` is redacted."""

    provider: str
    operation: str
    reference: str
    phase: str
    outcome: str
    latency_us: int
    started_at: datetime
    raw: Mapping[str, Any]


class RequestLog(Protocol):
    async def record(self, row: RequestRow) -> None:
        """Returns when the row is committed, so no answer leaves without its row."""


class CallLog(Protocol):
    async def record(self, row: CallRow) -> None:
        """Returns when the row is committed."""
