"""First answers in memory; time passes when a test says so."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from payments.ports.answers import ClaimState, Scope, StoredAnswer


@dataclass
class Claim:
    """`at` is None when it was dropped: the next to come gets it, whatever it asks."""

    fingerprint: bytes
    at: datetime | None
    expires_at: datetime
    answer: StoredAnswer | None = None


@dataclass
class FakeAnswers:
    """`ahead` of the clock on the wall."""

    lease: timedelta = timedelta(seconds=5)
    kept_for: timedelta = timedelta(hours=24)
    ahead: timedelta = timedelta()
    claims: dict[Scope, Claim] = field(default_factory=dict)

    async def claim(self, scope: Scope, fingerprint: bytes) -> ClaimState | StoredAnswer:
        now = self._now()
        known = self.claims.get(scope)
        if known is None or known.expires_at <= now or self._is_free(known, fingerprint, now):
            self.claims[scope] = Claim(fingerprint, now, now + self.kept_for)
            return ClaimState.CLAIMED
        if known.fingerprint != fingerprint:
            return ClaimState.MISMATCH
        return known.answer or ClaimState.IN_FLIGHT

    async def keep(self, scope: Scope, answer: StoredAnswer) -> StoredAnswer:
        claim = self.claims.get(scope)
        if claim is None:
            return answer
        claim.answer = claim.answer or answer
        return claim.answer

    async def drop(self, scope: Scope) -> None:
        claim = self.claims.get(scope)
        if claim is not None and claim.answer is None:
            claim.at = None

    async def purge(self, limit: int) -> int:
        expired = [scope for scope, claim in self.claims.items() if claim.expires_at <= self._now()]
        for scope in expired[:limit]:
            del self.claims[scope]
        return len(expired[:limit])

    def _is_free(self, known: Claim, fingerprint: bytes, now: datetime) -> bool:
        if known.answer is not None:
            return False
        vanished = known.at is not None and known.at <= now - self.lease
        return known.at is None or (vanished and known.fingerprint == fingerprint)

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.ahead
