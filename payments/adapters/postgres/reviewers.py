"""Reviewers in PostgreSQL. A token is 256 random bits, so a plain digest of it tells nothing."""

import hashlib
import secrets
from typing import Final

from payments.db.session import Statements
from payments.domain.operators import NAMELESS, is_operator
from payments.domain.partner import Standing
from payments.ports.reviewers import Reviewer

_PUT: Final = """
    INSERT INTO reviewer (name, token_digest) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET token_digest = $2, token_made_at = now()"""
_SET_STANDING: Final = "UPDATE reviewer SET standing = $2 WHERE name = $1 RETURNING name"
_NAMED_BY: Final = "SELECT name FROM reviewer WHERE token_digest = $1 AND standing = 'active'"
_LIST: Final = "SELECT name, standing, token_made_at FROM reviewer ORDER BY name"


class PostgresReviewers:
    """Reviewers over one database."""

    def __init__(self, database: Statements) -> None:
        self._database = database

    async def token_for(self, name: str) -> str:
        if not is_operator(name):
            raise ValueError(NAMELESS)
        token = f"qr_{secrets.token_urlsafe(32)}"
        await self._database.fetch(_PUT, name.lower(), _digest(token))
        return token

    async def set_standing(self, name: str, standing: Standing) -> None:
        if not await self._database.fetch(_SET_STANDING, name.lower(), standing):
            raise LookupError(f"there is no reviewer {name}")

    async def named_by(self, token: str) -> str | None:
        rows = await self._database.fetch(_NAMED_BY, _digest(token))
        return rows[0]["name"] if rows else None

    async def list(self) -> list[Reviewer]:
        return [
            Reviewer(row["name"], Standing(row["standing"]), row["token_made_at"])
            for row in await self._database.fetch(_LIST)
        ]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
