"""Their answers ↔ our values. Pure: one function for each question, tested as tables.

An answer that does not fit the question — another bill, another reference, another currency — is
quarantined: for money it is UNKNOWN, for anything else it counts as no answer.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, Final

from payments.adapters.billers.http.errors import REFUSALS, decline
from payments.domain.bill import Bill, BillPayment, BillRef, Refused
from payments.domain.codes import Code
from payments.domain.money import Money, MoneyError
from payments.domain.outcome import Outcome, OutcomeKind
from payments.outside.wire import Reply
from payments.ports.biller import BillerUnavailable

_TURNED_AWAY: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_NO: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE}
    | {HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.UNPROCESSABLE_ENTITY}
)
# Refusals of a payment that say nothing about this payment. A biller that does not know itself:
# we are configured wrongly, nobody was asked to pay, an operator will see the retries. A key that
# names another payment: something was sent under it that we do not know of.
_NOT_A_DECLINE: Final[Mapping[str, OutcomeKind]] = {
    "BILLER_NOT_FOUND": OutcomeKind.NOT_SENT,
    "KEY_REUSED": OutcomeKind.UNKNOWN,
}


class Unreadable(Exception):
    """The answer is not one to this question."""


def bill(reply: Reply, ref: BillRef, currency: str) -> Bill | Refused:
    """The bill, or a refusal. Raises BillerUnavailable for everything else."""
    if reply.status == HTTPStatus.OK and reply.body is not None:
        try:
            return _bill(reply.body, ref, currency)
        except (Unreadable, MoneyError, ValueError) as error:
            raise BillerUnavailable(f"unreadable bill: {error}") from error
    code = REFUSALS.get(reply.error)
    if reply.status in _NO and code is not None:
        return Refused(code)
    raise BillerUnavailable(str(reply))


def payment(reply: Reply, sent: BillPayment) -> Outcome | None:
    """What became of a payment just sent. None: the bill is paid already, perhaps by ourselves."""
    if reply.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
        return _told(reply, sent)
    detail = str(reply)
    if reply.status in _TURNED_AWAY or reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        # Turned away at the door, before anybody looked at the payment.
        return Outcome(OutcomeKind.NOT_SENT, detail=detail, retry_after_s=reply.retry_after_s)
    if reply.status not in _NO or not reply.error:
        # A 5xx, a redirect, or a page of somebody between us and the biller.
        return Outcome(OutcomeKind.UNKNOWN, detail=detail)
    if reply.error == "ALREADY_PAID":
        return None
    kind = _NOT_A_DECLINE.get(reply.error, OutcomeKind.DECLINED)
    if kind is not OutcomeKind.DECLINED:
        return Outcome(kind, detail=detail)
    reason = str((reply.body or {}).get("reason") or reply.error)
    return Outcome(kind, decline(reason), detail=reason)


def inquiry(reply: Reply, asked: BillPayment, *, settled: bool) -> Outcome:
    """What became of a payment sent earlier. `settled`: it would be visible by now."""
    if reply.status == HTTPStatus.OK:
        return _told(reply, asked)
    detail = str(reply)
    if reply.status == HTTPStatus.NOT_FOUND and reply.error == "PAYMENT_NOT_FOUND":
        if settled:
            return Outcome(OutcomeKind.NOT_SENT, detail=detail)
        return Outcome(OutcomeKind.UNKNOWN, detail=f"{detail}, too early to tell")
    return Outcome(OutcomeKind.UNKNOWN, detail=detail)


def masked(name: str) -> str:
    """`Rahima Khatun` → `R***** K*****`: enough for a payer to recognise, not to find out."""
    # Half a surrogate pair could be written to nobody.
    theirs = name.encode(errors="replace").decode()
    return " ".join(f"{word[0]}*****" for word in theirs.split())


def _told(reply: Reply, ours: BillPayment) -> Outcome:
    body = reply.body or {}
    try:
        _must_be_about(body, ours)
        match _text(body, "state"):
            case "PAID":
                reference, at = _text(body, "receipt"), _time(_text(body, "paidAt"))
                return Outcome(OutcomeKind.ACCEPTED, reference=reference, at=at)
            case "DECLINED":
                reason = str(body.get("reason", ""))
                return Outcome(OutcomeKind.DECLINED, decline(reason), detail=reason)
            case "PENDING":
                return Outcome(OutcomeKind.PENDING, detail="the biller decides later")
            case state:
                return Outcome(OutcomeKind.UNKNOWN, detail=f"quarantined: state {state!r}")
    except (Unreadable, ValueError) as error:
        return Outcome(OutcomeKind.UNKNOWN, detail=f"quarantined: {error}")


def _must_be_about(body: Any, ours: BillPayment) -> None:
    expected = {
        "reference": ours.transaction_id,
        "billNumber": ours.bill.bill_number,
        "period": ours.bill.billing_period,
        "amount": str(ours.amount),
        "currency": ours.amount.currency,
    }
    for field, value in expected.items():
        # The reference must be there; the rest must not contradict us.
        if (field in body or field == "reference") and body.get(field) != value:
            raise Unreadable(f"{field} is another")


def _bill(body: Any, ref: BillRef, currency: str) -> Bill:
    if (body.get("billNumber"), body.get("period")) != (ref.bill_number, ref.billing_period):
        raise Unreadable("another bill")
    if body.get("currency") != currency:
        raise Unreadable("another currency")
    state = _text(body, "state")
    if state not in ("DUE", "PAID"):
        raise Unreadable(f"state {state!r}")
    return Bill(
        ref=ref,
        amount=_due(_text(body, "amountDue"), currency, paid=state == "PAID"),
        due_date=date.fromisoformat(_text(body, "dueDate")),
        customer_name=masked(_text(body, "customerName")),
        paid=state == "PAID",
    )


def _due(text: str, currency: str, *, paid: bool) -> Money:
    """A paid bill may owe nothing; nobody can pay a bill of nothing."""
    nothing = paid and text.replace(".", "", 1).strip("0") == ""
    return Money(0, currency) if nothing else Money.parse(text, currency)


def _text(body: Any, field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"no {field}")
    return value


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise Unreadable("a time without its zone")
    return at.astimezone(UTC)


PAID_ALREADY: Final = Outcome(
    OutcomeKind.DECLINED, Code.BILL_ALREADY_PAID, detail="paid by somebody else"
)
