"""The rails' own books: every transfer, and what came of it, in the journal before it is told."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from sandbox.acquirer.amounts import written as amount_written
from sandbox.moments import written
from sandbox.rail.behaviour import Behaviour


class TransferState(StrEnum):
    SENT = "SENT"
    PAID = "PAID"
    FAILED = "FAILED"
    RETURNED = "RETURNED"


BACK = frozenset({TransferState.FAILED, TransferState.RETURNED})
# What a hand can do, from where.
MOVES = {
    TransferState.PAID: frozenset({TransferState.SENT}),
    TransferState.FAILED: frozenset({TransferState.SENT}),
    TransferState.RETURNED: frozenset({TransferState.SENT, TransferState.PAID}),
}


@dataclass(frozen=True, slots=True)
class Order:
    """One request to pay. Of the account only its end is kept."""

    reference: str
    amount_minor: int
    currency: str
    shown: str


@dataclass(frozen=True, slots=True)
class Came:
    """A request to pay reached us, whatever became of it."""

    at: datetime
    rail: str
    reference: str
    key: str | None
    kind: Literal["came"] = "came"

    def as_json(self) -> dict[str, str | None]:
        return {
            "at": written(self.at),
            "rail": self.rail,
            "reference": self.reference,
            "idempotencyKey": self.key,
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """Booked. `then` happens at `due_at`."""

    at: datetime
    rail: str
    id: str
    order: Order
    key: str | None
    state: TransferState
    then: Behaviour
    due_at: datetime | None
    kind: Literal["taken"] = "taken"


@dataclass(frozen=True, slots=True)
class Moved:
    at: datetime
    rail: str
    id: str
    state: TransferState
    reason: str | None
    due_at: datetime | None
    kind: Literal["moved"] = "moved"


@dataclass(frozen=True, slots=True)
class Told:
    """A webhook was taken, or given up: a restart does not send it again."""

    at: datetime
    rail: str
    event: str
    kind: Literal["told"] = "told"


Entry = Came | Taken | Moved | Told
_ADAPTER: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


def as_line(entry: Entry) -> bytes:
    return _ADAPTER.dump_json(entry) + b"\n"


@dataclass(slots=True)
class Transfer:
    rail: str
    id: str
    order: Order
    created_at: datetime
    key: str | None
    state: TransferState
    then: Behaviour
    due_at: datetime | None
    reason: str | None = None
    sequence: int = 1

    def as_json(self) -> dict[str, str | None]:
        order = self.order
        return {
            "id": self.id,
            "reference": order.reference,
            "amount": amount_written(order.amount_minor, order.currency),
            "currency": order.currency,
            "state": self.state,
            "reason": self.reason,
            "createdAt": written(self.created_at),
        }


class Books:
    def __init__(self, append: Callable[[bytes], None]) -> None:
        self._append = append
        self._by_id: dict[str, Transfer] = {}
        self._by_reference: dict[tuple[str, str], Transfer] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._arrivals: defaultdict[tuple[str, str], list[Came]] = defaultdict(list)
        self._statement: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
        self._totals: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(
            lambda: {"out": 0, "back": 0}
        )
        self.told: set[str] = set()

    # What can be asked.

    def transfer(self, rail: str, reference: str) -> Transfer | None:
        return self._by_reference.get((rail, reference))

    def keyed(self, rail: str, key: str) -> str | None:
        """The reference that a key was used for."""
        return self._keys.get((rail, key))

    def arrivals(self, rail: str, reference: str) -> list[Came]:
        return list(self._arrivals.get((rail, reference), []))

    def all(self) -> list[Transfer]:
        return list(self._by_id.values())

    def statement(self, rail: str) -> dict[str, Any]:
        """Each movement, and per currency what went out, came back, and is owed to the rail."""
        totals = {
            currency: {
                "out": amount_written(sums["out"], currency),
                "back": amount_written(sums["back"], currency),
                "net": amount_written(sums["out"] - sums["back"], currency),
            }
            for (owner, currency), sums in sorted(self._totals.items())
            if owner == rail
        }
        return {"rail": rail, "entries": self._statement[rail], "totals": totals}

    # What can happen.

    def enter(self, entry: Entry) -> Transfer | None:
        changed = self.fold(entry)
        self._append(as_line(entry))
        return changed

    def fold_line(self, fields: Mapping[str, Any]) -> Transfer | None:
        """Raises ValueError for a line that this program did not write."""
        return self.fold(_ADAPTER.validate_python(fields))

    def fold(self, entry: Entry) -> Transfer | None:
        match entry:
            case Came():
                self._arrivals[entry.rail, entry.reference].append(entry)
                return None
            case Told():
                self.told.add(entry.event)
                return None
            case Taken():
                transfer = Transfer(
                    entry.rail,
                    entry.id,
                    entry.order,
                    entry.at,
                    entry.key,
                    entry.state,
                    entry.then,
                    entry.due_at,
                )
                self._by_id[entry.id] = transfer
                self._by_reference[entry.rail, entry.order.reference] = transfer
                if entry.key is not None:
                    self._keys[entry.rail, entry.key] = entry.order.reference
                self._book(entry.at, transfer, "out")
            case Moved():
                transfer = self._by_id[entry.id]
                transfer.state, transfer.reason = entry.state, entry.reason
                transfer.due_at = entry.due_at
                transfer.sequence += 1
                if entry.state in BACK:
                    self._book(entry.at, transfer, "back")
        return transfer

    def _book(self, at: datetime, transfer: Transfer, effect: str) -> None:
        order = transfer.order
        self._totals[transfer.rail, order.currency][effect] += order.amount_minor
        self._statement[transfer.rail].append(
            {
                "at": written(at),
                "effect": effect,
                "reference": order.reference,
                "amount": amount_written(order.amount_minor, order.currency),
                "currency": order.currency,
            }
        )
