"""What a partner may do with cards and their like, and what it pays us."""

from dataclasses import dataclass, field

from payments.domain.money import Money


@dataclass(frozen=True, slots=True)
class CardTerms:
    """What one partner may do with cards, and what it pays us for each capture.

    `fee_flat_minor` is taken from the first capture only, the share from each, rounded down.
    Limits are minor units by currency: above `hold_above` a person looks, above `block_above`
    nothing is sent. `case_policies` says by a case's reason what becomes of its money; what is not
    named waits for an operator.
    """

    currencies: frozenset[str]
    return_hosts: frozenset[str]
    fee_flat_minor: int
    fee_basis_points: int
    hold_above: dict[str, int]
    block_above: dict[str, int]
    case_policies: dict[str, str] = field(default_factory=dict)

    def fee(self, captured: Money, *, first: bool) -> Money:
        flat = self.fee_flat_minor if first else 0
        fee = flat + captured.minor * self.fee_basis_points // 10_000
        return Money(min(fee, captured.minor), captured.currency)
