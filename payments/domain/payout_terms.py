"""What one partner may pay out, and what it pays us for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from payments.domain.money import Money


@dataclass(frozen=True, slots=True)
class PayoutLimits:
    """The terms for one currency, in its minor units; None is no limit.

    Above `hold_above` people look first, above `block_above` nothing is sent. The others are for
    any 24 hours: how many payouts and how much in all, and the same to one destination.
    """

    hold_above: int | None = None
    block_above: int | None = None
    daily_count: int | None = None
    daily_sum: int | None = None
    destination_count: int | None = None
    destination_sum: int | None = None


@dataclass(frozen=True, slots=True)
class PayoutTerms:
    """`fee_flat_minor` and the share are of each payout, rounded down, on top of its amount.

    Amounts are minor units by currency; a currency that is not named there has no such limit.
    """

    currencies: frozenset[str]
    fee_flat_minor: int
    fee_basis_points: int
    hold_above: Mapping[str, int]
    block_above: Mapping[str, int]
    daily_count: int | None
    daily_sum: Mapping[str, int]
    destination_count: int | None
    destination_sum: Mapping[str, int]

    def fee(self, amount: Money) -> Money:
        share = amount.minor * self.fee_basis_points // 10_000
        return Money(self.fee_flat_minor + share, amount.currency)

    def limits(self, currency: str) -> PayoutLimits:
        return PayoutLimits(
            hold_above=self.hold_above.get(currency),
            block_above=self.block_above.get(currency),
            daily_count=self.daily_count,
            daily_sum=self.daily_sum.get(currency),
            destination_count=self.destination_count,
            destination_sum=self.destination_sum.get(currency),
        )
