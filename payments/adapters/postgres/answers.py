"""First answers in PostgreSQL: one statement claims a key or says what stands under it."""

from datetime import timedelta
from typing import Final

import orjson

from payments.db.session import Database, Row
from payments.ports.answers import ClaimState, Scope, StoredAnswer
from payments.ports.record import RecordUnavailable

# Longer than an ordinary request takes. Behind a claim every id is derived, so a claim that is
# given away too early costs work, and never money.
_LEASE: Final = timedelta(seconds=5)
_KEPT: Final = timedelta(hours=24)
_CLAIM_ATTEMPTS: Final = 5

# A known answer is only read: nothing is locked and nothing written. No row at all comes back when
# a rival claimed the key while this statement ran; asked again, its claim is seen.
_CLAIM: Final = """
    WITH known AS (
        SELECT fingerprint, answered_at, claimed_at, http_status, headers, body, trace, code
        FROM idempotency
        WHERE partner_id = $1 AND route = $2 AND key = $3 AND expires_at > now()
    ), claimed AS (
        INSERT INTO idempotency AS mine
            (partner_id, route, key, fingerprint, claimed_at, expires_at)
        SELECT $1, $2, $3, $4, now(), now() + $6::interval
        WHERE NOT EXISTS (
            SELECT FROM known
            WHERE answered_at IS NOT NULL OR claimed_at > now() - $5::interval
                OR (fingerprint <> $4 AND claimed_at > '-infinity')
        )
        ON CONFLICT (partner_id, route, key) DO UPDATE
        SET fingerprint = $4, claimed_at = now(), expires_at = now() + $6::interval,
            answered_at = NULL, http_status = NULL, headers = NULL, body = NULL, trace = NULL,
            code = NULL
        WHERE mine.expires_at <= now() OR (
            mine.answered_at IS NULL AND mine.claimed_at <= now() - $5::interval
            AND (mine.fingerprint = $4 OR mine.claimed_at = '-infinity')
        )
        RETURNING key
    )
    SELECT true AS is_claimed, false AS is_mismatch, false AS is_answered,
        NULL AS http_status, NULL AS headers, NULL AS body, NULL AS trace, NULL AS code
    FROM claimed
    UNION ALL
    SELECT false, fingerprint <> $4, answered_at IS NOT NULL,
        http_status, headers, body, trace, code
    FROM known WHERE NOT EXISTS (SELECT FROM claimed)"""

_KEEP: Final = """
    UPDATE idempotency
    SET answered_at = now(), http_status = $4, headers = $5::jsonb, body = $6, trace = $7, code = $8
    WHERE partner_id = $1 AND route = $2 AND key = $3 AND answered_at IS NULL
    RETURNING key"""
_STANDING: Final = """
    SELECT http_status, headers, body, trace, code FROM idempotency
    WHERE partner_id = $1 AND route = $2 AND key = $3 AND answered_at IS NOT NULL"""
# The row stays, so that a slower owner of the same claim can still keep its answer.
_DROP: Final = """
    UPDATE idempotency SET claimed_at = '-infinity'
    WHERE partner_id = $1 AND route = $2 AND key = $3 AND answered_at IS NULL"""
_PURGE: Final = """
    DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency WHERE expires_at <= now()
        ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1"""


class PostgresAnswers:
    """Answers by key. A claim is a lease: a crashed owner's key is free again after it."""

    def __init__(self, database: Database, *, lease: timedelta = _LEASE) -> None:
        self._database = database
        self._lease = lease

    async def claim(self, scope: Scope, fingerprint: bytes) -> ClaimState | StoredAnswer:
        for _ in range(_CLAIM_ATTEMPTS):
            rows = await self._database.fetch(
                _CLAIM, *_place(scope), fingerprint, self._lease, _KEPT
            )
            if rows:
                return _claimed(rows[0])
        raise RecordUnavailable("the key was neither claimed nor known: too many rivals")

    async def keep(self, scope: Scope, answer: StoredAnswer) -> StoredAnswer:
        place = _place(scope)
        kept = await self._database.fetch(
            _KEEP,
            *place,
            answer.http_status,
            orjson.dumps(answer.headers).decode(),
            answer.body,
            answer.trace,
            answer.code,
        )
        if kept:
            return answer
        standing = await self._database.fetch(_STANDING, *place)
        return _answer(standing[0]) if standing else answer

    async def drop(self, scope: Scope) -> None:
        await self._database.fetch(_DROP, *_place(scope))

    async def purge(self, limit: int) -> int:
        return len(await self._database.fetch(_PURGE, limit))


def _place(scope: Scope) -> tuple[str, str, str]:
    return scope.partner_id, scope.route, scope.key


def _claimed(row: Row) -> ClaimState | StoredAnswer:
    if row["is_claimed"]:
        return ClaimState.CLAIMED
    if row["is_mismatch"]:
        return ClaimState.MISMATCH
    return _answer(row) if row["is_answered"] else ClaimState.IN_FLIGHT


def _answer(row: Row) -> StoredAnswer:
    return StoredAnswer(
        http_status=row["http_status"],
        headers=tuple((name, value) for name, value in row["headers"]),
        body=row["body"],
        trace=row["trace"],
        code=row["code"],
    )
