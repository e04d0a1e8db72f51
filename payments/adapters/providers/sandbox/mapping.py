"""The acquirer's answers ↔ our values. Pure: one function for each question, tested as tables.

Another amount, currency or payee than the order's is told as it is: whoever asked decides, and what
was reserved is given back. Any other answer that does not fit the question is quarantined as
UNKNOWN.
"""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from payments.adapters.providers.sandbox.errors import (
    DECLINES,
    NAME_TAKEN,
    REFUSING,
    refusal,
    turned_away,
)
from payments.adapters.providers.sandbox.reading import (
    Unreadable,
    instant,
    money,
    named,
    receipts,
    text,
)
from payments.domain.card import Card, Decline
from payments.domain.charge import Answer, ChallengeAsked, Operation, Question
from payments.domain.codes import Code
from payments.domain.method import Bank
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.outside.wire import Reply
from payments.ports.provider import ProviderUnavailable

_DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
# Nothing is reserved in these, and nothing was ever taken.
_EMPTY: Final = frozenset({"VOIDED", "EXPIRED", "DECLINED"})
_OPEN: Final = frozenset({"AUTHORIZED", "CHALLENGE", "PENDING"})


def sent(reply: Reply, asked: Question) -> Answer:
    """What became of a call just made."""
    if reply.status in _DONE:
        return _told(reply, asked, absent=Answer(OutcomeKind.UNKNOWN, detail="it is not in there"))
    if turned_away(reply.status, reply.error):
        return Answer(OutcomeKind.NOT_SENT, detail=str(reply), retry_after_s=reply.retry_after_s)
    if reply.status not in REFUSING or not reply.error or reply.error in NAME_TAKEN:
        # A 5xx, a redirect, or a page of somebody between us and the acquirer.
        return Answer(OutcomeKind.UNKNOWN, detail=str(reply))
    if asked.operation is Operation.VOID:
        return _not_voided(reply)
    return Answer(
        OutcomeKind.DECLINED, decline=refusal(asked.operation, reply.error), detail=str(reply)
    )


def inquiry(reply: Reply, asked: Question, *, settled: bool) -> Answer:
    """What became of a call made earlier. `settled`: it would be visible by now."""
    absent = (
        Answer(OutcomeKind.NOT_SENT, detail="they never had it")
        if settled
        else Answer(OutcomeKind.UNKNOWN, detail="not there, too early to tell")
    )
    if reply.status == HTTPStatus.OK:
        return _told(reply, asked, absent=absent)
    if reply.status == HTTPStatus.NOT_FOUND and reply.error == "PAYMENT_NOT_FOUND":
        if settled and asked.operation is Operation.VOID:
            return Answer(OutcomeKind.ACCEPTED, detail="they never had anything to give back")
        return absent
    return Answer(OutcomeKind.UNKNOWN, detail=str(reply))


def card(reply: Reply, token: str) -> Card | None:
    """Raises ProviderUnavailable for everything but a card or a clear "no such token"."""
    if reply.status == HTTPStatus.NOT_FOUND and reply.error == "TOKEN_NOT_FOUND":
        return None
    body = reply.body
    if reply.status != HTTPStatus.OK or body is None:
        raise ProviderUnavailable(str(reply))
    if body.get("token") != token:
        raise ProviderUnavailable("another token")
    try:
        return Card(
            token=token,
            brand=text(body, "brand"),
            bin=text(body, "bin"),
            last4=text(body, "last4"),
            exp_month=int(body["expMonth"]),
            exp_year=int(body["expYear"]),
            country=text(body, "country"),
            fingerprint=text(body, "fingerprint"),
            aliases={str(kind): str(name) for kind, name in body["aliases"].items()},
            client_token=body.get("clientToken"),
            tokenised_at=instant(text(body, "createdAt")),
        )
    except (Unreadable, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderUnavailable(f"unreadable card: {error}") from error


def banks(reply: Reply) -> Sequence[Bank]:
    """Raises ProviderUnavailable for everything but a whole list."""
    if reply.status != HTTPStatus.OK or reply.body is None:
        raise ProviderUnavailable(str(reply))
    try:
        return tuple(
            Bank(
                text(row, "id"),
                text(row, "name"),
                text(row, "country"),
                tuple(str(currency) for currency in row["currencies"]),
            )
            for row in reply.body["banks"]
        )
    except (Unreadable, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderUnavailable(f"unreadable banks: {error}") from error


def _told(reply: Reply, asked: Question, *, absent: Answer) -> Answer:
    """Read a payment of theirs as the answer to one question about it."""
    body = reply.body or {}
    if body.get("reference") != asked.attempt.reference:
        return Answer(OutcomeKind.UNKNOWN, detail="quarantined: another reference")
    try:
        match asked.operation:
            case Operation.AUTHORIZE:
                told = _authorization(body, asked.attempt)
                return replace(told, receipts=receipts(body, text(body, "currency")))
            case Operation.CAPTURE:
                return _capture(body, asked.key, absent)
            case Operation.VOID:
                return _void(body, absent)
            case Operation.REFUND:
                return _refund(body, asked.key, absent)
    except (Unreadable, ValueError, TypeError, KeyError, AttributeError) as error:
        return Answer(OutcomeKind.UNKNOWN, detail=f"quarantined: {error}")


def _authorization(body: Any, attempt: Attempt) -> Answer:
    reference, payee = text(body, "id"), text(body, "payee")
    currency = text(body, "currency")
    asked_for = money(body, "amount", currency)
    match text(body, "state"):
        case "AUTHORIZED" | "CAPTURED" as state:
            captured = state == "CAPTURED"
            moved = money(body, "capturedAmount" if captured else "authorizedAmount", currency)
            if attempt.order.display is not None:
                reference = _paid_by(body, asked_for)
            return Answer(
                OutcomeKind.ACCEPTED,
                reference=reference,
                # Whichever of the two differs from the order is the one worth telling.
                amount=moved if asked_for == attempt.order.amount else asked_for,
                payee=payee,
                captured=captured,
                at=instant(text(body, "decidedAt")),
            )
        case "CHALLENGE":
            challenge = body["challenge"]
            return Answer(
                OutcomeKind.PENDING,
                reference=reference,
                challenge=ChallengeAsked(
                    _web_address(challenge),
                    instant(text(challenge, "expiresAt")),
                    challenge.get("copyCode"),
                ),
                amount=asked_for,
                payee=payee,
            )
        case "PENDING":
            return Answer(OutcomeKind.PENDING, reference=reference, detail="they decide later")
        case "DECLINED":
            decline = _decline(body["decline"])
            return Answer(
                OutcomeKind.DECLINED, reference=reference, decline=decline, detail=decline.raw
            )
        case "VOIDED" | "EXPIRED" as state:
            code = _too_slow(attempt) if state == "EXPIRED" else Code.CARD_DECLINED
            return Answer(
                OutcomeKind.DECLINED,
                reference=reference,
                decline=Decline(code, state),
                detail=state,
            )
        case state:
            raise Unreadable(f"state {state!r}")


def _paid_by(body: Any, asked_for: Money) -> str:
    """Which receipt paid it: the first over this very amount."""
    came = receipts(body, asked_for.currency)
    paying = next((each.id for each in came if each.amount == asked_for), None)
    if paying is None:
        raise Unreadable("paid, and nothing came for it")
    return paying


def _too_slow(attempt: Attempt) -> Code:
    """Nobody is challenged without a card; there the customer just did not answer."""
    return Code.ACTION_EXPIRED if attempt.order.card is None else Code.CHALLENGE_EXPIRED


def _decline(told: Any) -> Decline:
    reason = text(told, "reason")
    return Decline(
        code=DECLINES.get(reason, Code.CARD_DECLINED),
        raw=told.get("raw") or reason,
        network_code=told.get("networkCode"),
        advice=told.get("advice"),
    )


def _capture(body: Any, key: str, absent: Answer) -> Answer:
    capture = named(body["captures"], key)
    if capture is None:
        return absent
    return Answer(
        OutcomeKind.ACCEPTED,
        reference=text(capture, "id"),
        amount=money(capture, "amount", text(body, "currency")),
        payee=text(body, "payee"),
        captured=True,
        at=instant(text(capture, "at")),
    )


def _void(body: Any, absent: Answer) -> Answer:
    state = text(body, "state")
    if state in _OPEN:
        return absent
    currency = text(body, "currency")
    taken = money(body, "capturedAmount", currency)
    if state not in _EMPTY and taken == money(body, "authorizedAmount", currency):
        return _too_late(state)
    decided = body.get("decidedAt")
    return Answer(
        OutcomeKind.ACCEPTED,
        reference=text(body, "id"),
        at=instant(decided) if decided else None,
        detail=state,
        receipts=receipts(body, currency),
    )


def _not_voided(reply: Reply) -> Answer:
    """Only a payment that was captured is too late to void; of others nothing is left to void."""
    if reply.error != "WRONG_STATE":
        return Answer(OutcomeKind.UNKNOWN, detail=str(reply))
    state = (reply.body or {}).get("state")
    if state in _EMPTY:
        return Answer(OutcomeKind.ACCEPTED, detail=str(state))
    return _too_late("WRONG_STATE")


def _too_late(word: str) -> Answer:
    decline = refusal(Operation.VOID, word)
    return Answer(OutcomeKind.DECLINED, decline=decline, captured=True, detail="captured already")


def _refund(body: Any, key: str, absent: Answer) -> Answer:
    refund = named(body["refunds"], key)
    if refund is None:
        return absent
    reference = text(refund, "id")
    amount = money(refund, "amount", text(body, "currency"))
    match text(refund, "state"):
        case "SUCCEEDED":
            at = instant(text(refund, "at"))
            return Answer(
                OutcomeKind.ACCEPTED, reference=reference, amount=amount, captured=True, at=at
            )
        case "PENDING":
            return Answer(OutcomeKind.PENDING, reference=reference, amount=amount)
        case "FAILED":
            decline = Decline(Code.REFUND_FAILED, str(refund.get("reason") or "FAILED"))
            return Answer(OutcomeKind.DECLINED, reference=reference, decline=decline)
        case state:
            raise Unreadable(f"state {state!r}")


def _web_address(challenge: Any) -> str:
    url = text(challenge, "url")
    if not url.startswith(("https://", "http://")):
        raise Unreadable("a challenge without a web address")
    return url
