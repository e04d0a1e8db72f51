"""One card payment seen from all sides at once: the record, the ledger, the events, and the
provider's own books. tests.card_findings says what of it does not fit.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.evidence import Evidence, minor

_PAYMENTS: Final = (
    "SELECT * FROM payment WHERE $1::text[] IS NULL OR id = ANY($1) ORDER BY created_at"
)
_ATTEMPTS: Final = """
    SELECT payment_id, number, provider, outcome FROM payment_attempt
    WHERE $1::text[] IS NULL OR payment_id = ANY($1) ORDER BY payment_id, number"""
_REFUNDS: Final = "SELECT * FROM refund WHERE $1::text[] IS NULL OR payment_id = ANY($1)"
_ENTRIES: Final = """
    SELECT posting.subject, posting.key, account.code, entry.amount_minor
    FROM ledger_transaction posting
    JOIN ledger_entry entry ON entry.transaction_id = posting.id
    JOIN ledger_account account ON account.id = entry.account_id
    WHERE posting.subject = ANY($1) ORDER BY entry.id"""
_EVENTS: Final = """
    SELECT object_id, sequence, type FROM event WHERE object_id = ANY($1)
    ORDER BY object_id, position"""

ENDED: Final = frozenset({"captured", "canceled", "expired", "failed"})


@dataclass(frozen=True, slots=True)
class Effect:
    """One movement of money as the provider has it. `attempt` is our name of the payment there,
    `key` our name of the capture or refund.
    """

    provider: str
    attempt: str
    kind: str  # authorize, capture, void, refund
    key: str
    amount_minor: int
    currency: str

    @property
    def payment_id(self) -> str:
        return self.attempt.rpartition("-")[0]

    @property
    def is_way_back(self) -> bool:
        """A refund of money that came too late: nobody asked for it but we ourselves."""
        return self.kind == "refund" and self.key == f"{self.attempt}-back"

    @property
    def is_of_case(self) -> bool:
        """A refund of money that paid for nothing: it is no part of the payment."""
        return self.kind == "refund" and self.key.startswith("case_")


@dataclass
class Case:
    """All that is known of one payment."""

    payment: dict[str, Any]
    attempts: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    accounts: Counter[str] = field(default_factory=Counter)
    # By object: the payment, and each of its refunds.
    events: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.payment["id"])

    @property
    def ordered(self) -> dict[str, Any]:
        """What the partner asked for, and the terms of that day."""
        ordered = self.payment["ordered"]
        return dict(json.loads(ordered) if isinstance(ordered, str) else ordered)

    @property
    def method(self) -> str:
        """The card's last four digits, or the bank."""
        card, bank = self.ordered["card"], self.ordered.get("bank")
        return str(card["last4"] if card else (bank or {}).get("bank"))

    @property
    def has_ended(self) -> bool:
        return self.payment["status"] in ENDED

    def booked(self, kind: str, attempt: str | None = None) -> int:
        """Minor units at the provider; only refunds that the partner asked for are refunds here."""
        return sum(
            effect.amount_minor
            for effect in self.effects
            if effect.kind == kind
            and not (effect.is_way_back or effect.is_of_case)
            and attempt in (None, effect.attempt)
        )

    @property
    def sent_back(self) -> int:
        return sum(effect.amount_minor for effect in self.effects if effect.is_way_back)


async def sandbox_effects(
    evidence: Evidence, acquirer: str, attempts: Iterable[str] | None = None
) -> list[Effect]:
    """From the acquirer's effect journal, of these attempts or of all."""
    asked = [{}] if attempts is None else [{"reference": each} for each in attempts]
    rows = [
        row
        for each in asked
        for row in await evidence.journal("effects", acquirer=acquirer, **each)
    ]
    return [
        Effect(
            provider=acquirer,
            attempt=row["payment"],
            kind=row["effect"],
            key=row["reference"],
            amount_minor=minor(row["amount"], row["currency"]),
            currency=row["currency"],
        )
        for row in rows
    ]


async def cases(
    evidence: Evidence, effects: Iterable[Effect], payments: Sequence[str] | None = None
) -> list[Case]:
    """What there is of these payments, or of all."""
    found = {row["id"]: Case(row) for row in await evidence.rows(_PAYMENTS, payments)}
    for row in await evidence.rows(_ATTEMPTS, payments):
        found[row["payment_id"]].attempts.append(row)
    of_object = dict(found)
    for row in await evidence.rows(_REFUNDS, payments):
        found[row["payment_id"]].refunds.append(row)
        of_object[row["id"]] = found[row["payment_id"]]
    for row in await evidence.rows(_ENTRIES, list(of_object)):
        of_object[row["subject"]].accounts[row["code"]] += row["amount_minor"]
    for row in await evidence.rows(_EVENTS, list(of_object)):
        told = of_object[row["object_id"]].events.setdefault(row["object_id"], [])
        told.append((row["sequence"], row["type"]))
    for effect in effects:
        if effect.payment_id in found:
            found[effect.payment_id].effects.append(effect)
    return list(found.values())
