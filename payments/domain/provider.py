"""A card provider as an operator describes it: what is plugged in from this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from payments.domain.card import Card
from payments.domain.method import Method, MethodType, type_of
from payments.domain.partner import Standing


class ProviderKind(StrEnum):
    """Which adapter speaks to it; also the name of a card's alias over there."""

    SANDBOX = "sandbox"
    STRIPE = "stripe"


# Who takes what has no token: a card is taken by whoever has an alias of it.
_TAKEN_BY: Final[Mapping[MethodType, frozenset[ProviderKind]]] = {
    MethodType.BANK_REDIRECT: frozenset({ProviderKind.SANDBOX}),
    MethodType.CODE: frozenset({ProviderKind.SANDBOX}),
}


def kinds_for(method: Method) -> frozenset[str]:
    """The kinds of provider that can take a payment by this method."""
    return frozenset(method.aliases) if isinstance(method, Card) else _TAKEN_BY[type_of(method)]


def alias(method: Method, kind: ProviderKind) -> str | None:
    """The card's name at providers of this kind; None when they cannot charge it."""
    return method.aliases.get(kind) if isinstance(method, Card) else None


@dataclass(frozen=True, slots=True)
class ProviderProfile:
    """One provider, the address of its API, and what it promises (see ports.provider.Capabilities).

    `webhook_secrets` are those that its webhooks may be signed with: two while one is rotated.
    The secrets are opened here and sealed wherever they are kept.
    """

    id: str
    kind: ProviderKind
    base_url: str
    secret: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    settles_within: timedelta
    authorization_lasts: timedelta
    honours_idempotency_keys: bool = True
    standing: Standing = Standing.ACTIVE
