"""A biller as an operator describes it: what is plugged in from this."""

from dataclasses import dataclass
from datetime import timedelta

from payments.domain.partner import Standing


@dataclass(frozen=True, slots=True)
class BillerProfile:
    """One biller, the address of its API, and what it promises (see ports.biller.Capabilities)."""

    id: str
    name: str
    base_url: str
    currency: str
    honours_idempotency_keys: bool
    settles_within: timedelta
    standing: Standing = Standing.ACTIVE
