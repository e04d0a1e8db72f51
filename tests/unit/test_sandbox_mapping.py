"""The sandbox acquirers' tables: which answer means what."""

from datetime import UTC, datetime
from typing import Any

import pytest

from payments.adapters.providers.sandbox import errors, mapping
from payments.domain.card import DeclineKind, kind_of
from payments.domain.charge import Answer, ChallengeAsked, Operation, Question
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.outside.wire import Reply
from payments.ports.provider import ProviderUnavailable
from tests.card_factories import make_attempt, make_order

AT = datetime(2026, 4, 30, 8, 21, 16, tzinfo=UTC)
ATTEMPT = make_attempt(make_order(amount=Money(10_000, "USD"), capture=False))
DECLINE = {"reason": "INSUFFICIENT_FUNDS", "networkCode": "51", "advice": None, "raw": "nsf"}
CHALLENGE = {"url": "https://acs.example/1", "expiresAt": "2026-04-30T08:31:16Z"}


def payment(**changes: Any) -> dict[str, Any]:
    """A payment of ours as it stands reserved over there, but for the changes."""
    return {
        "id": "acq_1",
        "reference": ATTEMPT.reference,
        "state": "AUTHORIZED",
        "amount": "100.00",
        "currency": "USD",
        "payee": ATTEMPT.order.partner_id,
        "authorizedAmount": "100.00",
        "capturedAmount": "0.00",
        "captures": [],
        "refunds": [],
        "decidedAt": "2026-04-30T14:21:16+06:00",
        **changes,
    }


CAPTURED = payment(state="CAPTURED", capturedAmount="100.00")


def asked(operation: Operation = Operation.AUTHORIZE, key: str = "") -> Question:
    return Question(ATTEMPT, operation, sent_by=AT, key=key)


def told(body: Any, operation: Operation = Operation.AUTHORIZE, key: str = "") -> Answer:
    return mapping.sent(Reply(201, body), asked(operation, key))


def test_a_reservation_and_a_sale_are_told_with_amount_payee_and_time() -> None:
    reserved = Answer(
        OutcomeKind.ACCEPTED,
        reference="acq_1",
        amount=Money(10_000, "USD"),
        payee=ATTEMPT.order.partner_id,
        at=AT,
    )

    assert told(payment()) == reserved
    assert told(CAPTURED).captured
    assert mapping.inquiry(Reply(200, payment()), asked(), settled=False) == reserved


@pytest.mark.parametrize(
    ("changes", "amount", "payee"),
    [
        ({"amount": "100.01", "authorizedAmount": "100.01"}, Money(10_001, "USD"), None),
        ({"amount": "100.01"}, Money(10_001, "USD"), None),
        ({"authorizedAmount": "99.00"}, Money(9_900, "USD"), None),
        ({"currency": "EUR"}, Money(10_000, "EUR"), None),
        ({"payee": "somebody else"}, Money(10_000, "USD"), "somebody else"),
    ],
)
def test_what_was_changed_on_the_way_is_told_as_it_is(
    changes: dict[str, str], amount: Money, payee: str | None
) -> None:
    answer = told(payment(**changes))

    assert answer.kind is OutcomeKind.ACCEPTED
    assert answer.amount == amount
    assert answer.payee == (payee or ATTEMPT.order.partner_id)
    assert not answer.is_of(ATTEMPT.order)


@pytest.mark.parametrize(
    "body",
    [
        {},
        None,
        payment(reference="another"),
        payment(state="PERHAPS"),
        payment(state=None),
        payment(currency="XXX"),
        payment(amount="1e2"),
        payment(amount=100),
        payment(payee=""),
        payment(decidedAt=None),
        payment(decidedAt="2026-04-30T08:21:16"),
        payment(state="CHALLENGE"),
        payment(state="CHALLENGE", challenge={"url": "javascript:1", "expiresAt": "2026-04-30"}),
        payment(state="DECLINED"),
        payment(state="DECLINED", decline="no"),
    ],
)
def test_an_answer_that_does_not_fit_the_question_is_unknown(body: Any) -> None:
    assert told(body).kind is OutcomeKind.UNKNOWN


def test_a_challenge_is_told_with_its_address_and_end() -> None:
    answer = told(payment(state="CHALLENGE", authorizedAmount="0.00", challenge=CHALLENGE))

    assert answer.kind is OutcomeKind.PENDING
    assert answer.challenge == ChallengeAsked("https://acs.example/1", AT.replace(minute=31))


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, "UNAUTHORIZED", OutcomeKind.NOT_SENT),
        (429, "", OutcomeKind.NOT_SENT),
        (503, "UNAVAILABLE", OutcomeKind.NOT_SENT),
        (503, "", OutcomeKind.UNKNOWN),
        (401, "", OutcomeKind.UNKNOWN),
        (409, "REFERENCE_USED", OutcomeKind.UNKNOWN),
        (422, "KEY_REUSED", OutcomeKind.UNKNOWN),
        (422, "METHOD_NOT_FOUND", OutcomeKind.DECLINED),
        (422, "", OutcomeKind.UNKNOWN),
        (302, "", OutcomeKind.UNKNOWN),
        (404, "", OutcomeKind.UNKNOWN),
        (500, "DECLINED", OutcomeKind.UNKNOWN),
    ],
)
@pytest.mark.parametrize("operation", [Operation.AUTHORIZE, Operation.REFUND])
def test_an_error_means(status: int, error: str, kind: OutcomeKind, operation: Operation) -> None:
    body = {"error": error} if error else None

    answer = mapping.sent(Reply(status, body, 7.0), asked(operation, "re_1"))

    assert answer.kind is kind
    assert (answer.retry_after_s == 7.0) is (kind is OutcomeKind.NOT_SENT)
    assert (answer.decline is not None) is (kind is OutcomeKind.DECLINED)


@pytest.mark.parametrize(
    ("operation", "error", "code"),
    [
        (Operation.CAPTURE, "AMOUNT_TOO_LARGE", Code.CAPTURE_TOO_LARGE),
        (Operation.CAPTURE, "WRONG_STATE", Code.PAYMENT_STATE),
        (Operation.REFUND, "AMOUNT_TOO_LARGE", Code.REFUND_TOO_LARGE),
        (Operation.REFUND, "WRONG_STATE", Code.REFUND_NOT_POSSIBLE),
        (Operation.REFUND, "INVALID", Code.REFUND_FAILED),
        (Operation.AUTHORIZE, "INVALID", Code.CARD_DECLINED),
    ],
)
def test_a_refusal_means(operation: Operation, error: str, code: Code) -> None:
    answer = mapping.sent(Reply(422, {"error": error}), asked(operation))

    assert answer.decline is not None
    assert (answer.decline.code, answer.decline.raw) == (code, error)


@pytest.mark.parametrize(("reason", "code"), [*errors.DECLINES.items(), ("X", Code.CARD_DECLINED)])
def test_a_decline_keeps_the_words_it_came_with(reason: str, code: Code) -> None:
    answer = told(payment(state="DECLINED", decline=DECLINE | {"reason": reason, "advice": "03"}))

    assert answer.kind is OutcomeKind.DECLINED
    assert answer.decline is not None
    assert answer.decline.code is code
    assert (answer.decline.raw, answer.decline.network_code) == ("nsf", "51")
    assert kind_of(answer.decline, "mastercard") is DeclineKind.NEVER


@pytest.mark.parametrize(
    ("status", "error", "settled", "kind"),
    [
        (404, "PAYMENT_NOT_FOUND", True, OutcomeKind.NOT_SENT),
        (404, "PAYMENT_NOT_FOUND", False, OutcomeKind.UNKNOWN),
        (404, "", True, OutcomeKind.UNKNOWN),
        (401, "UNAUTHORIZED", True, OutcomeKind.UNKNOWN),
        (503, "UNAVAILABLE", True, OutcomeKind.UNKNOWN),
        (500, "", True, OutcomeKind.UNKNOWN),
    ],
)
def test_only_their_own_word_for_it_proves_that_nothing_arrived(
    status: int, error: str, *, settled: bool, kind: OutcomeKind
) -> None:
    body = {"error": error} if error else None

    assert mapping.inquiry(Reply(status, body), asked(), settled=settled).kind is kind


ROW = {"id": "x_1", "reference": "mine", "amount": "5.00", "at": "2026-04-30T08:21:16Z"}


@pytest.mark.parametrize(
    ("operation", "body", "kind"),
    [
        (Operation.CAPTURE, payment(captures=[ROW]), OutcomeKind.ACCEPTED),
        (Operation.CAPTURE, payment(captures=[ROW | {"reference": "x"}]), OutcomeKind.NOT_SENT),
        (Operation.CAPTURE, payment(captures=None), OutcomeKind.UNKNOWN),
        (Operation.CAPTURE, payment(captures=[ROW | {"amount": "x"}]), OutcomeKind.UNKNOWN),
        (Operation.REFUND, payment(refunds=[ROW | {"state": "SUCCEEDED"}]), OutcomeKind.ACCEPTED),
        (Operation.REFUND, payment(refunds=[ROW | {"state": "PENDING"}]), OutcomeKind.PENDING),
        (Operation.REFUND, payment(refunds=[ROW | {"state": "FAILED"}]), OutcomeKind.DECLINED),
        (Operation.REFUND, payment(refunds=[ROW | {"state": "?"}]), OutcomeKind.UNKNOWN),
        (Operation.REFUND, payment(), OutcomeKind.NOT_SENT),
        (Operation.VOID, payment(), OutcomeKind.NOT_SENT),
        (Operation.VOID, payment(state="CHALLENGE"), OutcomeKind.NOT_SENT),
        (Operation.VOID, payment(state="VOIDED"), OutcomeKind.ACCEPTED),
        (Operation.VOID, payment(state="DECLINED"), OutcomeKind.ACCEPTED),
        (Operation.VOID, CAPTURED, OutcomeKind.DECLINED),
        (Operation.VOID, CAPTURED | {"capturedAmount": "5.00"}, OutcomeKind.ACCEPTED),
        (Operation.AUTHORIZE, payment(state="VOIDED"), OutcomeKind.DECLINED),
        (Operation.AUTHORIZE, payment(state="EXPIRED"), OutcomeKind.DECLINED),
        (Operation.AUTHORIZE, payment(state="PENDING"), OutcomeKind.PENDING),
    ],
)
def test_what_stands_in_their_books_means(
    operation: Operation, body: dict[str, Any], kind: OutcomeKind
) -> None:
    answer = mapping.inquiry(Reply(200, body), asked(operation, "mine"), settled=True)

    assert answer.kind is kind
    if kind is OutcomeKind.ACCEPTED and operation in (Operation.CAPTURE, Operation.REFUND):
        assert (answer.amount, answer.captured) == (Money(500, "USD"), True)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("CAPTURED", OutcomeKind.DECLINED),
        ("VOIDED", OutcomeKind.ACCEPTED),
        ("DECLINED", OutcomeKind.ACCEPTED),
        ("EXPIRED", OutcomeKind.ACCEPTED),
    ],
)
def test_a_void_refused_for_the_state_means(state: str, kind: OutcomeKind) -> None:
    reply = Reply(409, {"error": "WRONG_STATE", "state": state})

    assert mapping.sent(reply, asked(Operation.VOID)).kind is kind


CARD = {
    "token": "tok_1",
    "clientToken": "ct",
    "brand": "visa",
    "bin": "424242",
    "last4": "4242",
    "expMonth": 12,
    "expYear": 2034,
    "country": "US",
    "fingerprint": "fp",
    "aliases": {"sandbox": "tok_1"},
    "createdAt": "2026-04-30T08:21:16Z",
}


def test_a_card_is_read_or_surely_not_there() -> None:
    card = mapping.card(Reply(200, CARD), "tok_1")

    assert card is not None
    assert (card.bin, card.tokenised_at, card.aliases) == ("424242", AT, {"sandbox": "tok_1"})
    assert mapping.card(Reply(404, {"error": "TOKEN_NOT_FOUND"}), "tok_1") is None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, None),
        Reply(500, {"error": "TOKEN_NOT_FOUND"}),
        Reply(200, None),
        Reply(200, CARD | {"token": "tok_2"}),
        Reply(200, CARD | {"expYear": "soon"}),
        Reply(200, CARD | {"aliases": None}),
        Reply(200, CARD | {"bin": None}),
    ],
)
def test_anything_else_about_a_card_is_no_answer(reply: Reply) -> None:
    with pytest.raises(ProviderUnavailable):
        mapping.card(reply, "tok_1")
