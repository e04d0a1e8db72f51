"""Who says whether a payment may go on."""

from typing import Protocol

from payments.domain.payment import Assessment, PaymentOrder


class Risk(Protocol):
    async def assess(self, order: PaymentOrder) -> Assessment:
        """Pass, step up, hold for a person, or block. Pure and quick; no call to anybody."""
