"""Stored answers that show a secret lie sealed: who reads the table cannot sign with it."""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from payments.crypto import Vault
from payments.ports.answers import AnswerStore, ClaimState, Scope, StoredAnswer

_LABEL: Final = "stored-answer"
# No answer of ours begins so: a body is one JSON object.
_SEALED: Final = b"\x00"


class SealedAnswers:
    """An AnswerStore around another. `routes` are those whose answers show a secret.

    A repeat gets the first answer's very bytes, so that its signature still fits.
    """

    def __init__(self, store: AnswerStore, vault: Vault, routes: AbstractSet[str]) -> None:
        self._store = store
        self._vault = vault
        self._routes = routes

    async def claim(self, scope: Scope, fingerprint: bytes) -> ClaimState | StoredAnswer:
        claimed = await self._store.claim(scope, fingerprint)
        return self._opened(scope, claimed) if isinstance(claimed, StoredAnswer) else claimed

    async def keep(self, scope: Scope, answer: StoredAnswer) -> StoredAnswer:
        if scope.route not in self._routes:
            return await self._store.keep(scope, answer)
        box = self._vault.seal(_LABEL, answer.body, _place(scope))
        sealed = replace(answer, body=_SEALED + box)
        first = await self._store.keep(scope, sealed)
        return answer if first is sealed else self._opened(scope, first)

    async def drop(self, scope: Scope) -> None:
        await self._store.drop(scope)

    async def purge(self, limit: int) -> int:
        return await self._store.purge(limit)

    def _opened(self, scope: Scope, answer: StoredAnswer) -> StoredAnswer:
        """Raises Unsealable when its master secret was taken out within the answer's day."""
        if not answer.body.startswith(_SEALED):
            return answer
        body = self._vault.open(_LABEL, answer.body[len(_SEALED) :], _place(scope))
        return replace(answer, body=body)


def _place(scope: Scope) -> bytes:
    """What a seal is bound to: no answer can be moved to another partner, route or key."""
    return f"{scope.partner_id}\n{scope.route}\n{scope.key}".encode()
