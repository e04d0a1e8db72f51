"""Used token requests in memory."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class FakeTokenRequests:
    used: set[tuple[str, str]] = field(default_factory=set)

    async def first_use(self, key_id: str, nonce: str, timestamp: datetime) -> bool:
        del timestamp  # Only a purge looks at it, and nothing is forgotten here.
        fresh = (key_id, nonce) not in self.used
        self.used.add((key_id, nonce))
        return fresh
