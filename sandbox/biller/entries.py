"""The lines of the effect journal: what can happen at a biller, and how it is written as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sandbox.biller.billers import BillId
from sandbox.moments import written


class Kind(StrEnum):
    ARRIVAL = "arrival"  # a payment request reached us, whatever became of it
    EFFECT = "effect"  # a payment took the money
    PENDING = "pending"  # a payment was accepted; its effect is booked at `until`
    REFUSAL = "refusal"  # a payment was answered with no
    ELSEWHERE = "elsewhere"  # somebody paid the bill at another counter
    HOLD = "hold"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Order:
    """One request to pay. Two requests are the same when all of this is the same."""

    bill: BillId
    reference: str
    amount: str
    currency: str
    hold_id: str | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    kind: Kind
    bill: BillId
    order: Order | None = None
    receipt: str | None = None
    error: str | None = None
    reason: str | None = None
    hold_id: str | None = None
    until: datetime | None = None

    def as_json(self) -> dict[str, str | None]:
        order = self.order
        fields: dict[str, str | None] = {
            "at": written(self.at),
            "kind": self.kind,
            "biller": self.bill.biller,
            "billNumber": self.bill.number,
            "period": self.bill.period,
        }
        if order is not None:
            # These are always written, also when null: a reader looks for a missing key.
            fields |= {
                "reference": order.reference,
                "idempotencyKey": order.key,
                "amount": order.amount,
                "currency": order.currency,
            }
        optional = {
            "holdId": order.hold_id if order is not None else self.hold_id,
            "receipt": self.receipt,
            "error": self.error,
            "reason": self.reason,
            "until": written(self.until) if self.until is not None else None,
        }
        return fields | {name: value for name, value in optional.items() if value is not None}

    def as_line(self) -> bytes:
        return json.dumps(self.as_json(), separators=(",", ":")).encode() + b"\n"


def entry_from(fields: Mapping[str, str | None]) -> Entry:
    """Raises ValueError, KeyError or TypeError for a line that this program did not write."""
    bill = BillId(_text(fields, "biller"), _text(fields, "billNumber"), _text(fields, "period"))
    order = None
    if "reference" in fields:
        order = Order(
            bill=bill,
            reference=_text(fields, "reference"),
            amount=_text(fields, "amount"),
            currency=_text(fields, "currency"),
            hold_id=fields.get("holdId"),
            key=fields["idempotencyKey"],
        )
    until = fields.get("until")
    return Entry(
        at=datetime.fromisoformat(_text(fields, "at")),
        kind=Kind(_text(fields, "kind")),
        bill=bill,
        order=order,
        receipt=fields.get("receipt"),
        error=fields.get("error"),
        reason=fields.get("reason"),
        hold_id=None if order is not None else fields.get("holdId"),
        until=datetime.fromisoformat(until) if until is not None else None,
    )


def _text(fields: Mapping[str, str | None], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        message = f"{name} is not a text"
        raise TypeError(message)
    return value
