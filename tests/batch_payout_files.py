"""Files of payouts for tests."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.running_gateway import new_id

HEADER: Final = "reference,destinationToken,amount,currency"


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One line, with whatever stands in it."""

    destination: str
    amount: str = "10.00"
    currency: str = "USD"
    reference: str = field(default_factory=new_id)

    @property
    def line(self) -> str:
        return f"{self.reference},{self.destination},{self.amount},{self.currency}"


def payouts_csv(rows: Iterable[PayoutLine]) -> bytes:
    return "\n".join([HEADER, *(row.line for row in rows), ""]).encode()
