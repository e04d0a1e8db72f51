"""What does not fit of a card payment, held against the provider's books; none is the proof.

Everything is worked out anew in here: nothing of the gateway's own arithmetic is used.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Final

from tests.card_cases import Case

# What may be told next, by what was told last. Nothing follows an end.
_FOLLOWS: Final = {
    "": {"review", "requires_action", "authorized", "captured", "failed", "canceled"},
    "review": {"requires_action", "authorized", "captured", "failed", "canceled", "expired"},
    "requires_action": {"authorized", "captured", "failed", "canceled", "expired"},
    "authorized": {"captured", "canceled", "expired"},
    "captured": {"captured"},
    **dict.fromkeys(("failed", "canceled", "expired"), frozenset[str]()),
}
# But money of an earlier attempt may come too late at any time.
_LATE: Final = frozenset({"late_success", "reversed"})


class Kind(StrEnum):
    """What can be wrong."""

    DOUBLED = "doubled"
    LOST = "lost"
    UNKNOWN = "unknown"
    BOOKS = "provider's books differ"
    LEDGER = "ledger differs"
    EVENTS = "events differ"
    WEBHOOKS = "webhooks differ"
    HISTORY = "history does not replay"


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.about}: {self.text}"


def findings(case: Case) -> list[Finding]:
    """What does not fit of a payment that nobody works on any more."""
    return [
        Finding(kind, case.id, text)
        for kind, texts in (
            (Kind.UNKNOWN, _unknown(case)),
            (Kind.DOUBLED, _doubled(case)),
            (Kind.LOST, _lost(case)),
            (Kind.BOOKS, _books(case)),
            (Kind.LEDGER, _ledger(case)),
            (Kind.EVENTS, _events(case)),
        )
        for text in texts
    ]


def _unknown(case: Case) -> Iterator[str]:
    if case.payment["status"] in ("processing", "review", "requires_action"):
        yield f"still {case.payment['status']}"
    for refund in case.refunds:
        if refund["status"] == "pending":
            yield f"{refund['id']} is pending"
    for attempt in case.attempts:
        if attempt["outcome"] == "unknown" or (attempt["outcome"] is None and not case.has_ended):
            yield f"attempt {attempt['number']} has outcome {attempt['outcome']}"


def _doubled(case: Case) -> Iterator[str]:
    times = Counter((effect.attempt, effect.kind, effect.key) for effect in case.effects)
    for (attempt, kind, key), count in times.items():
        # Giving back what is reserved moves no money, and a void of nothing is harmless.
        if count > 1 and kind in ("authorize", "capture", "refund"):
            yield f"{kind} {key} was booked {count} times for {attempt}"
    paid = [
        attempt for attempt in {effect.attempt for effect in case.effects} if _net(case, attempt)
    ]
    if len(paid) > 1:
        yield f"money was taken by {sorted(paid)}"


def _net(case: Case, attempt: str) -> int:
    back = sum(e.amount_minor for e in case.effects if e.is_way_back and e.attempt == attempt)
    return case.booked("capture", attempt) - back


def _lost(case: Case) -> Iterator[str]:
    """What we say has moved, and the provider does not have."""
    taken = case.booked("capture") - case.sent_back
    if taken < case.payment["captured_minor"]:
        yield f"we say {case.payment['captured_minor']} was captured, the provider {taken}"
    given = Counter({e.key: e.amount_minor for e in case.effects if e.kind == "refund"})
    for refund in case.refunds:
        if refund["status"] == "succeeded" and given[refund["id"]] != refund["amount_minor"]:
            booked = given[refund["id"]]
            yield f"{refund['id']} of {refund['amount_minor']}, the provider gave {booked}"


def _books(case: Case) -> Iterator[str]:
    payment = case.payment
    ours = {
        "captured": payment["captured_minor"],
        "refunded": payment["refunded_minor"],
        "held": payment["held_minor"],
        "reserved for refunds": payment["refund_reserved_minor"],
    }
    held = case.booked("authorize") - case.booked("capture") - case.booked("void")
    theirs = {
        "captured": case.booked("capture") - case.sent_back,
        "refunded": case.booked("refund"),
        "held": held,
        "reserved for refunds": 0,
    }
    if ours != theirs:
        yield f"we say {ours}, the provider {theirs}"
    if case.has_ended and held:
        yield f"{held} is still reserved on the card"
    wrong = {e.currency for e in case.effects} - {payment["currency"]}
    if wrong:
        yield f"booked in {wrong}"
    refunded = sum(r["amount_minor"] for r in case.refunds if r["status"] == "succeeded")
    if refunded != payment["refunded_minor"] or refunded > payment["captured_minor"]:
        yield f"refunds of {refunded}, of {payment['captured_minor']} that was captured"


def _ledger(case: Case) -> Iterator[str]:
    payment = case.payment
    captured, refunded, held = (payment[f"{n}_minor"] for n in ("captured", "refunded", "held"))
    fee, currency, partner = _fee(case), payment["currency"], payment["partner_id"]
    provider = payment["provider"]
    # What a payout had set aside before, a leg of it gives back.
    by_legs = sum(
        each["amount_minor"]
        for each in case.refunds
        if each["status"] == "succeeded" and each["payout_id"] is not None
    )
    expected = Counter(
        {
            f"provider_receivable:{provider}:{currency}": captured - refunded,
            f"partner_payable:{partner}:{currency}": fee - captured + refunded - by_legs,
            f"payout_reserved:{partner}:{currency}": by_legs,
            f"fee_income:{partner}:{currency}": -fee,
            f"authorized:{provider}:{currency}": held,
            f"authorized_memo:{partner}:{currency}": -held,
        }
    )
    written = {code: amount for code, amount in case.accounts.items() if amount}
    wanted = {code: amount for code, amount in expected.items() if amount}
    if written != wanted:
        yield f"it says {written}, and must say {wanted}"
    if payment["fee_minor"] != fee:
        yield f"fee {payment['fee_minor']}, and must be {fee}"


def _fee(case: Case) -> int:
    """A flat part once, and a share of each capture; never more than what was captured."""
    terms = case.ordered["terms"]
    paid = [e for e in case.effects if e.kind == "capture" and _net(case, e.attempt)]
    fees = [
        min(
            e.amount_minor,
            e.amount_minor * terms["fee_basis_points"] // 10_000
            + (terms["fee_flat_minor"] if position == 0 else 0),
        )
        for position, e in enumerate(paid)
    ]
    return sum(fees)


def _events(case: Case) -> Iterator[str]:
    for name, told in case.events.items():
        numbers = [sequence for sequence, _ in told]
        if numbers != list(range(1, len(told) + 1)):
            yield f"{name} tells {numbers}"
    types = [kind.removeprefix("payment.") for _, kind in case.events.get(case.id, [])]
    moves = [kind for kind in types if kind not in _LATE]
    for before, after in pairwise(["", *moves]):
        if after not in _FOLLOWS[before]:
            yield f"{after} follows {before or 'the beginning'}: {types}"
    owed = accumulate({"late_success": 1, "reversed": -1}.get(kind, 0) for kind in types)
    if min(levels := [0, *owed]) < 0 or levels[-1]:
        yield f"late money did not go back: {types}"
    told_last = moves[-1] if moves else "nothing"
    status = case.payment["status"]
    if told_last != {"partially_captured": "captured"}.get(status, status):
        yield f"told {told_last}, and is {status}"
    for refund in case.refunds:
        ends = [kind for _, kind in case.events.get(refund["id"], [])]
        if ends != [f"refund.{refund['status']}"]:
            yield f"{refund['id']} is {refund['status']} and told {ends}"
