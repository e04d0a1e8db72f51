"""A card provider as an operator describes it: what is plugged in from this."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from payments.domain.partner import Standing


class ProviderKind(StrEnum):
    """Which adapter speaks to it; also the name of a card's alias over there."""

    SANDBOX = "sandbox"
    STRIPE = "stripe"


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
