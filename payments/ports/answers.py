"""The store of first answers: the same key and request get the same bytes again."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an Idempotency-Key lives: one partner, one method and route, one key."""

    partner_id: str
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it left us: status, headers in order with their signature, body."""

    http_status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    trace: str
    code: str


class ClaimState(StrEnum):
    """CLAIMED it is ours to do · IN_FLIGHT somebody is at it · MISMATCH it was another request."""

    CLAIMED = "claimed"
    IN_FLIGHT = "in_flight"
    MISMATCH = "mismatch"


class AnswerStore(Protocol):
    async def claim(self, scope: Scope, fingerprint: bytes) -> ClaimState | StoredAnswer:
        """The first durable write of a request with a key. One SQL statement.

        A claim whose owner has not answered within its lease is given to the next caller: behind it
        every id is derived, so the same work done twice is done once.
        """

    async def keep(self, scope: Scope, answer: StoredAnswer) -> StoredAnswer:
        """Store the first answer for 24 hours, and return the one that is the first.

        That is another one when a second owner of an expired lease was faster; it must be sent
        instead, because the next repeat gets it byte for byte.
        """

    async def drop(self, scope: Scope) -> None:
        """The answer is not one to keep (401, 403, 429, 5xx): the key is free for a retry.

        Also for a retry with another request. An answer that was kept stays.
        """

    async def purge(self, limit: int) -> int:
        """Delete up to `limit` expired answers; how many there were. Never blocks traffic."""
