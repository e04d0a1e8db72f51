"""The captures of one payment: they stand in line, one is served at a time, and together they never
take more than is reserved.
"""

from collections import deque
from dataclasses import dataclass

from payments.domain.card_steps import Capture
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payment import Attempt, CaptureOrder, PaymentAnswer


@dataclass(slots=True)
class Accepted:
    """One accepted order: what it will take, and its answer once there is one."""

    order: CaptureOrder
    amount: Money
    answer: PaymentAnswer | None = None


class Captures:
    def __init__(self, reserved: Money) -> None:
        self._reserved = reserved
        self._taken_minor = 0
        self._by_key: dict[str, Accepted] = {}
        self._line: deque[Accepted] = deque()

    @property
    def is_waiting(self) -> bool:
        return bool(self._line)

    @property
    def has_taken(self) -> bool:
        return self._taken_minor > 0

    @property
    def _left_minor(self) -> int:
        """What is neither taken nor promised to somebody in line."""
        promised = sum(each.amount.minor for each in self._line)
        return self._reserved.minor - self._taken_minor - promised

    def known(self, key: str) -> Accepted | None:
        return self._by_key.get(key)

    def refused(self, order: CaptureOrder) -> Code | None:
        """Why this order cannot stand in line."""
        if any(each.order.final for each in self._line) or not self._left_minor:
            return Code.PAYMENT_STATE if order.amount is None else Code.CAPTURE_TOO_LARGE
        if order.amount is None:
            return None
        if order.amount.currency != self._reserved.currency:
            return Code.CURRENCY_REFUSED
        return None if 0 < order.amount.minor <= self._left_minor else Code.CAPTURE_TOO_LARGE

    def accept(self, order: CaptureOrder) -> Accepted:
        everything = Money(self._left_minor, self._reserved.currency)
        accepted = Accepted(order, order.amount or everything)
        self._by_key[order.key] = accepted
        self._line.append(accepted)
        return accepted

    def call(self, attempt: Attempt, *, multiple: bool) -> Capture:
        """What the first in line wants of the provider, who is told when it is the last."""
        accepted = self._line[0]
        taken = self._taken_minor + accepted.amount.minor
        is_last = accepted.order.final or not multiple or taken >= self._reserved.minor
        return Capture(attempt, accepted.order.key, accepted.amount, final=is_last)

    def served(self, taken: Money | None, answer: PaymentAnswer) -> None:
        """The first in line has its answer."""
        accepted = self._line.popleft()
        accepted.answer = answer
        self._taken_minor += taken.minor if taken else 0

    def turn_away(self, answer: PaymentAnswer) -> None:
        """Nothing is reserved any more: whoever still stands in line is told."""
        while self._line:
            self._line.popleft().answer = answer
