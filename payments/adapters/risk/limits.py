"""The simplest rule of risk: how large a payment may be before a person looks, or nobody may."""

from payments.domain.payment import Assessment, PaymentOrder, Verdict


class Limits:
    """The limits stand in the partner's card terms, so they are a snapshot like its fees."""

    async def assess(self, order: PaymentOrder) -> Assessment:
        amount, terms = order.amount, order.terms
        if _exceeds(amount.minor, terms.block_above.get(amount.currency)):
            return Assessment(Verdict.BLOCK, "block_above")
        if _exceeds(amount.minor, terms.hold_above.get(amount.currency)):
            return Assessment(Verdict.HOLD, "hold_above")
        return Assessment(Verdict.PASS, "within_limits")


def _exceeds(amount_minor: int, limit_minor: int | None) -> bool:
    return limit_minor is not None and amount_minor > limit_minor
