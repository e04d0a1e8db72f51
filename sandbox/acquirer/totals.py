"""What an acquirer has booked in all, per currency; and each effect, one by one."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.payments import Payment
from sandbox.moments import written


class Effect(StrEnum):
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    # With its fee.
    DISPUTE = "dispute"
    DISPUTE_RETURNED = "dispute_returned"
    # It came for a code and paid for nothing.
    SURPLUS = "surplus"


@dataclass(frozen=True, slots=True)
class Booked:
    """One movement of money. A refund counts from when it succeeds."""

    at: datetime
    effect: Effect
    payment: Payment
    reference: str
    amount_minor: int
    key: str | None

    def as_json(self) -> dict[str, str | None]:
        order = self.payment.order
        return {
            "at": written(self.at),
            "kind": "effect",
            "effect": self.effect,
            "acquirer": self.payment.acquirer,
            "id": self.payment.id,
            "payment": order.reference,
            "reference": self.reference,
            "amount": amount_written(self.amount_minor, order.currency),
            "currency": order.currency,
            "idempotencyKey": self.key,
        }


class Totals:
    def __init__(self) -> None:
        self._amounts: defaultdict[tuple[str, str], defaultdict[Effect, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self._counts: defaultdict[tuple[str, str], defaultdict[Effect, int]] = defaultdict(
            lambda: defaultdict(int)
        )

    def add(self, booked: Booked) -> None:
        where = (booked.payment.acquirer, booked.payment.order.currency)
        self._amounts[where][booked.effect] += booked.amount_minor
        self._counts[where][booked.effect] += 1

    def as_json(self, acquirer: str) -> dict[str, dict[str, object]]:
        """`held` is reserved and neither taken nor given back."""
        return {
            currency: self._of_currency(acquirer, currency)
            for owner, currency in sorted(self._amounts)
            if owner == acquirer
        }

    def _of_currency(self, acquirer: str, currency: str) -> dict[str, object]:
        amounts, counts = self._amounts[acquirer, currency], self._counts[acquirer, currency]
        disputed = amounts[Effect.DISPUTE] - amounts[Effect.DISPUTE_RETURNED]
        held = amounts[Effect.AUTHORIZE] - amounts[Effect.CAPTURE] - amounts[Effect.VOID]
        return {
            "authorized": amount_written(amounts[Effect.AUTHORIZE], currency),
            "captured": amount_written(amounts[Effect.CAPTURE], currency),
            "voided": amount_written(amounts[Effect.VOID], currency),
            "held": amount_written(held, currency),
            "refunded": amount_written(amounts[Effect.REFUND], currency),
            "disputed": amount_written(disputed, currency),
            "surplus": amount_written(amounts[Effect.SURPLUS], currency),
            "counts": {
                "authorized": counts[Effect.AUTHORIZE],
                "captured": counts[Effect.CAPTURE],
                "voided": counts[Effect.VOID],
                "refunded": counts[Effect.REFUND],
                "refundsFailed": counts[Effect.REFUND_FAILED],
                "surplus": counts[Effect.SURPLUS],
            },
        }
