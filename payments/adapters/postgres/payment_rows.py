"""Rows of the `payment` table to values of the domain and back, and what an event says."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter

from payments.adapters.postgres.json_text import json_text, theirs
from payments.db.session import Row
from payments.domain.attempts import Tried
from payments.domain.card import Card, Decline
from payments.domain.card_ledger import Books
from payments.domain.codes import Code
from payments.domain.method import BankRedirect, DisplayCode, Method, type_of
from payments.domain.money import Money, digits
from payments.domain.payment import (
    FINAL,
    PAYMENT_MOVES,
    Assessment,
    Attempt,
    Fact,
    NextAction,
    Payment,
    PaymentOrder,
    PaymentStatus,
)
from payments.domain.routing import Decision

_ORDER: Final = TypeAdapter(PaymentOrder)
_ASSESSMENT: Final = TypeAdapter(Assessment)
_DECISION: Final = TypeAdapter(Decision)
_NEXT_ACTION: Final = TypeAdapter(NextAction)


def begun(order: PaymentOrder) -> tuple[object, ...]:
    """$1 to $7 of BEGIN."""
    return (
        order.payment_id,
        order.partner_id,
        order.reference,
        order.amount.minor,
        order.amount.currency,
        order.customer_id,
        order.method.token,
    )


def ordered(order: PaymentOrder) -> str:
    return json_text(_ORDER.dump_python(order, mode="json"))


def explained(value: Assessment | Decision) -> str:
    return json_text(asdict(value))


def order(row: Row) -> PaymentOrder:
    return _ORDER.validate_python(row["ordered"])


def assessment(row: Row) -> Assessment:
    return _ASSESSMENT.validate_python(row["assessment"])


def decision(row: Row) -> Decision:
    return _DECISION.validate_python(row["decision"])


def is_same(row: Row, asked: PaymentOrder) -> bool:
    """Whether the row is of this very asking: a later one has another trace."""
    stored = row["ordered"]
    return (stored["payment_id"], stored["content"], stored["trace"]) == (
        asked.payment_id,
        asked.content,
        asked.trace,
    )


def books(row: Row) -> Books:
    return Books(row["held_minor"], row["suspended_attempt"] is not None)


def payment(row: Row) -> Payment:
    asked = row["ordered"]
    return Payment(
        payment_id=row["id"],
        partner_id=row["partner_id"],
        reference=row["reference"],
        amount=Money(row["amount_minor"], row["currency"]),
        capture=asked["capture"],
        status=PaymentStatus(row["status"]),
        card_brand=asked["card"]["brand"] if asked["card"] else None,
        card_last4=asked["card"]["last4"] if asked["card"] else None,
        captured_minor=row["captured_minor"],
        refunded_minor=row["refunded_minor"],
        refund_reserved_minor=row["refund_reserved_minor"],
        paid_out_minor=row["paid_out_minor"],
        fee_minor=row["fee_minor"],
        provider=row["provider"],
        provider_reference=row["provider_reference"],
        code=Code(row["code"]) if row["code"] else None,
        raw_code=row["raw_code"],
        next_action=_next_action(row["next_action"]),
        customer_id=row["customer_id"],
        return_url=asked["return_url"],
        metadata=asked["metadata"] or {},
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
        trace=asked["trace"],
        content=asked["content"],
        bank=_bank(asked.get("bank")),
        disputed_minor=row["disputed_minor"],
        open_disputes=row["open_disputes"],
        display=_display(asked.get("display")),
    )


def attempt(row: Row, order: PaymentOrder) -> Attempt:
    return Attempt(order, row["number"], row["sent_to"], row["challenge"])


def attempts(*sent: dict[str, object] | None) -> str:
    """$8 of the writes."""
    return json_text([each for each in sent if each is not None])


def sent(
    attempt: Attempt,
    tried: Tried,
    decline: Decline | None = None,
    provider_reference: str | None = None,
) -> dict[str, object]:
    return {
        "number": attempt.number,
        "provider": attempt.provider,
        "challenge": attempt.challenge,
        "fingerprint": attempt.order.method.fingerprint,
        "outcome": tried.outcome,
        "decline_kind": tried.kind,
        "code": decline.code if decline else None,
        "network_code": theirs(decline.network_code) if decline else None,
        "advice": theirs(decline.advice) if decline else None,
        "raw": theirs(decline.raw) if decline else None,
        "provider_reference": theirs(provider_reference),
    }


def key(fact: Fact) -> str:
    """Names the move for ever, among everything that is written of its payment."""
    return f"{fact.status}:{fact.key}"


def moves_to(status: PaymentStatus) -> list[PaymentStatus]:
    return sorted(before for before, after in PAYMENT_MOVES.items() if status in after)


def move(fact: Fact, before: Books, after: Books) -> str:
    """$7 of MOVE."""
    asked = fact.attempt.order
    code = fact.code or (fact.decline.code if fact.decline else None)
    return json_text(
        {
            "id": asked.payment_id,
            "amount": asked.amount.minor,
            "currency": asked.amount.currency,
            "froms": moves_to(fact.status),
            "held": before.held,
            "suspended": before.suspended,
            "key": key(fact),
            "status": fact.status,
            "captured": fact.captured.minor if fact.captured else 0,
            "fee": fact.fee.minor if fact.fee else 0,
            "held_after": after.held,
            "suspended_after": after.suspended,
            "attempt": fact.attempt.number,
            "provider": fact.attempt.provider or None,
            "provider_reference": theirs(fact.provider_reference),
            "code": code,
            "raw_code": theirs(fact.decline.raw) if fact.decline else None,
            "next_action": asdict(fact.next_action) if fact.next_action else None,
            "is_final": fact.status in FINAL,
            "expires_at": fact.expires_at,
            "at": fact.at,
        }
    )


def unit(currency: str) -> str:
    """What one minor unit is in main units: 0.01 of a dollar."""
    return str(Decimal(1).scaleb(-digits(currency)))


def told(order: PaymentOrder, fact: Fact | None = None, **more: object) -> str:
    """An event's data but for status and figures, with the partner API's names and forms."""
    data: dict[str, Any] = {
        "id": order.payment_id,
        "reference": order.reference,
        "amount": str(order.amount),
        "currency": order.amount.currency,
        "capture": order.capture,
        "paymentMethod": _told_of_method(order.method),
        "metadata": order.metadata or {},
        "createdAt": rfc3339(order.created_at),
    }
    if order.customer_id is not None:
        data["customerId"] = order.customer_id
    if fact is not None:
        data |= _told_of_move(fact)
    return json_text(data | more)


def _told_of_move(fact: Fact) -> dict[str, Any]:
    data: dict[str, Any] = {"updatedAt": rfc3339(fact.at)}
    code = fact.code or (fact.decline.code if fact.decline else None)
    if code is not None:
        data |= {"declineCode": code, "reason": code.meaning.reason}
    if fact.decline is not None:
        data["providerCode"] = theirs(fact.decline.raw)
    if (action := fact.next_action) is not None:
        data["nextAction"] = _told_of_action(action)
    if fact.expires_at is not None:
        data["expiresAt"] = rfc3339(fact.expires_at)
    return data


def _told_of_action(action: NextAction) -> dict[str, Any]:
    where = {"url": action.url}
    if action.copy_code is not None:
        where = {"deeplink": action.url, "copyCode": action.copy_code}
    return {"type": action.type, **where, "expiresAt": rfc3339(action.expires_at)}


def _told_of_method(method: Method) -> dict[str, Any]:
    match method:
        case Card():
            return {"type": type_of(method), "brand": method.brand, "last4": method.last4}
        case BankRedirect():
            return {"type": type_of(method), "country": method.country, "bank": method.bank}
        case DisplayCode():
            return {"type": type_of(method), "country": method.country}


def rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bank(stored: dict[str, Any] | None) -> BankRedirect | None:
    return None if stored is None else BankRedirect(**stored)


def _display(stored: dict[str, Any] | None) -> DisplayCode | None:
    return None if stored is None else DisplayCode(**stored)


def _next_action(stored: dict[str, Any] | None) -> NextAction | None:
    return None if stored is None else _NEXT_ACTION.validate_python(stored)
