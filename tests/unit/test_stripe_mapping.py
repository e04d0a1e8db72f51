"""Stripe's tables: which object, which refusal and which amount means what."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from payments.adapters.providers.stripe import errors, mapping
from payments.adapters.providers.stripe.amounts import NotTheirs, ours, theirs
from payments.domain.charge import Answer, Operation
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.outside.wire import RawReply
from tests.card_factories import make_attempt, make_order

CREATED = 1_777_537_276
ATTEMPT = make_attempt(make_order(amount=Money(10_000, "USD"), capture=False))
MISSING = Answer(OutcomeKind.NOT_SENT)
BACK = "https://shop.example/back"


def intent(**changes: Any) -> dict[str, Any]:
    """A payment of ours as it stands reserved over there, but for the changes."""
    return {
        "id": "pi_1",
        "status": "requires_capture",
        "amount": 10_000,
        "amount_capturable": 10_000,
        "currency": "usd",
        "created": CREATED,
        "metadata": {
            "quittance_reference": ATTEMPT.reference,
            "quittance_payee": ATTEMPT.order.partner_id,
        },
        **changes,
    }


REDIRECT = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.example/1"}}
CANCELED = intent(status="canceled", cancellation_reason="abandoned")


@pytest.mark.parametrize(
    ("money", "units"),
    [
        (Money(1234, "USD"), 1234),
        (Money(1234, "JPY"), 1234),
        (Money(1230, "BHD"), 1230),
        (Money(12, "ISK"), 1200),
        (Money(12, "UGX"), 1200),
        (Money(1200, "MGA"), 12),
    ],
)
def test_an_amount_is_told_in_their_minor_units_and_comes_back(money: Money, units: int) -> None:
    assert theirs(money) == units
    assert ours(units, money.currency.lower()) == money


@pytest.mark.parametrize("money", [Money(1234, "BHD"), Money(1234, "MGA")])
def test_an_amount_that_cannot_be_told_is_never_sent(money: Money) -> None:
    with pytest.raises(NotTheirs):
        theirs(money)


def test_a_fraction_of_the_smallest_unit_is_no_amount() -> None:
    with pytest.raises(ValueError, match="fraction"):
        ours(1250, "isk")


def test_an_order_names_us_and_says_what_is_wanted() -> None:
    stepped_up = replace(make_attempt(make_order(return_url=BACK)), challenge=True)
    order = mapping.order(ATTEMPT, "pm_1")

    assert order["metadata"] == intent()["metadata"]
    assert (order["amount"], order["currency"]) == (10_000, "usd")
    assert (order["capture_method"], order["confirm"]) == ("manual", True)
    assert "return_url" not in order
    more = mapping.order(stepped_up, "pm_1")
    assert (more["return_url"], more["capture_method"]) == (BACK, "automatic")
    assert more["payment_method_options"]["card"] == {"request_three_d_secure": "challenge"}


@pytest.mark.parametrize(
    ("changes", "captured", "amount"),
    [
        ({}, False, Money(10_000, "USD")),
        ({"amount_capturable": 9_900}, False, Money(9_900, "USD")),
        ({"status": "succeeded", "amount_received": 9_900}, True, Money(9_900, "USD")),
        ({"status": "succeeded"}, True, Money(10_000, "USD")),
        ({"currency": "eur"}, False, Money(10_000, "EUR")),
    ],
)
def test_what_was_reserved_or_taken_is_told_as_it_is(
    changes: dict[str, Any], *, captured: bool, amount: Money
) -> None:
    answer = mapping.authorization(intent(**changes), ATTEMPT)

    assert answer == Answer(
        OutcomeKind.ACCEPTED,
        reference="pi_1",
        amount=amount,
        payee=ATTEMPT.order.partner_id,
        captured=captured,
        at=datetime.fromtimestamp(CREATED, UTC),
    )


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (intent(status="processing"), OutcomeKind.PENDING, None),
        (CANCELED, OutcomeKind.DECLINED, Code.CARD_DECLINED),
        (
            intent(
                status="requires_payment_method",
                last_payment_error={"code": "payment_intent_authentication_failure"},
            ),
            OutcomeKind.DECLINED,
            Code.AUTHENTICATION_FAILED,
        ),
        (intent(status="requires_payment_method"), OutcomeKind.UNKNOWN, None),
        (intent(status="requires_confirmation"), OutcomeKind.UNKNOWN, None),
        (intent(status="perhaps"), OutcomeKind.UNKNOWN, None),
        (intent(metadata={"quittance_reference": "another"}), OutcomeKind.UNKNOWN, None),
        (intent(metadata=None), OutcomeKind.UNKNOWN, None),
        (intent(amount="x", amount_capturable=None), OutcomeKind.UNKNOWN, None),
        (intent(currency="xxx"), OutcomeKind.UNKNOWN, None),
        (intent(created=None), OutcomeKind.UNKNOWN, None),
        ({}, OutcomeKind.UNKNOWN, None),
    ],
)
def test_a_payment_over_there_means(body: Any, kind: OutcomeKind, code: Code | None) -> None:
    answer = mapping.authorization(body, ATTEMPT)

    assert answer.kind is kind
    assert (answer.decline.code if answer.decline else None) is code


def test_a_challenge_has_an_address_or_is_a_dead_end() -> None:
    asked = intent(status="requires_action", next_action=REDIRECT)
    blind = intent(status="requires_action", next_action={"type": "use_stripe_sdk"})

    challenge = mapping.authorization(asked, ATTEMPT).challenge

    assert challenge is not None
    assert challenge.url == "https://hooks.example/1"
    assert challenge.expires_at.timestamp() - CREATED == 15 * 60
    assert not mapping.is_dead_end(asked)
    assert mapping.is_dead_end(blind)
    assert mapping.dead_end(blind).kind is OutcomeKind.DECLINED


def refusal(status: int, text: str = "", **headers: str) -> errors.Refusal:
    return errors.refusal(RawReply(status, text, headers))


def error(**words: str) -> str:
    return json.dumps({"error": {"message": "…", **words}})


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (402, error(type="card_error", code="card_declined"), OutcomeKind.DECLINED),
        (400, error(type="invalid_request_error"), OutcomeKind.DECLINED),
        (404, error(type="invalid_request_error"), OutcomeKind.DECLINED),
        (400, error(type="invalid_request_error", code="rate_limit"), OutcomeKind.NOT_SENT),
        (401, error(type="invalid_request_error"), OutcomeKind.NOT_SENT),
        (403, "", OutcomeKind.NOT_SENT),
        (429, '{"error":"BUSY"}', OutcomeKind.NOT_SENT),
        (400, error(type="idempotency_error"), OutcomeKind.UNKNOWN),
        (409, error(type="idempotency_error"), OutcomeKind.UNKNOWN),
        (409, error(type="invalid_request_error", code="lock_timeout"), OutcomeKind.UNKNOWN),
        (400, "<html>", OutcomeKind.UNKNOWN),
        (402, "[]", OutcomeKind.UNKNOWN),
        (404, '{"error":null}', OutcomeKind.UNKNOWN),
        (301, "", OutcomeKind.UNKNOWN),
        (500, error(type="api_error"), OutcomeKind.UNKNOWN),
        (503, "", OutcomeKind.UNKNOWN),
    ],
)
def test_a_refusal_means(status: int, text: str, kind: OutcomeKind) -> None:
    no = refusal(status, text, **{"retry-after": "7"})

    answer = mapping.refusal(Operation.AUTHORIZE, no)

    assert answer.kind is kind
    assert (answer.retry_after_s == 7.0) is (kind is OutcomeKind.NOT_SENT)


@pytest.mark.parametrize(("word", "code"), [*errors.DECLINES.items(), ("new", Code.CARD_DECLINED)])
def test_a_decline_keeps_the_networks_own_codes(word: str, code: Code) -> None:
    no = refusal(
        402,
        error(
            type="card_error",
            code="card_declined",
            decline_code=word,
            network_decline_code="43",
            network_advice_code="03",
        ),
    )

    decline = mapping.refusal(Operation.AUTHORIZE, no).decline

    assert decline is not None
    assert (decline.code, decline.raw) == (code, word)
    assert (decline.network_code, decline.advice) == ("43", "03")


@pytest.mark.parametrize(
    ("operation", "word", "code"),
    [
        (Operation.CAPTURE, "amount_too_large", Code.CAPTURE_TOO_LARGE),
        (Operation.CAPTURE, "payment_intent_unexpected_state", Code.PAYMENT_STATE),
        (Operation.REFUND, "charge_already_refunded", Code.REFUND_TOO_LARGE),
        (Operation.REFUND, "charge_disputed", Code.REFUND_FAILED),
        (Operation.VOID, "payment_intent_unexpected_state", Code.PAYMENT_STATE),
    ],
)
def test_a_refused_operation_means(operation: Operation, word: str, code: Code) -> None:
    no = refusal(400, error(type="invalid_request_error", code=word))

    decline = mapping.refusal(operation, no).decline

    assert decline is not None
    assert (decline.code, decline.raw) == (code, word)


BEARS = intent()["metadata"] | {"quittance_capture": "cap_1"}
TAKEN = intent(status="succeeded", amount_received=500)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (TAKEN | {"metadata": BEARS}, OutcomeKind.ACCEPTED),
        (TAKEN, OutcomeKind.ACCEPTED),
        (TAKEN | {"metadata": BEARS | {"quittance_capture": "cap_2"}}, OutcomeKind.DECLINED),
        (intent(), OutcomeKind.NOT_SENT),
        (CANCELED, OutcomeKind.DECLINED),
    ],
)
def test_a_capture_is_known_by_the_key_that_the_payment_bears(
    body: dict[str, Any], kind: OutcomeKind
) -> None:
    answer = mapping.capture(body, "cap_1", missing=MISSING)

    assert answer.kind is kind
    if kind is OutcomeKind.ACCEPTED:
        assert (answer.amount, answer.captured) == (Money(500, "USD"), True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("canceled", OutcomeKind.ACCEPTED),
        ("requires_payment_method", OutcomeKind.ACCEPTED),
        ("succeeded", OutcomeKind.DECLINED),
        ("requires_capture", OutcomeKind.NOT_SENT),
        ("requires_action", OutcomeKind.NOT_SENT),
        ("processing", OutcomeKind.NOT_SENT),
    ],
)
def test_a_void_means(status: str, kind: OutcomeKind) -> None:
    assert mapping.void(intent(status=status), missing=MISSING).kind is kind


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"status": "succeeded"}, OutcomeKind.ACCEPTED),
        ({"status": "pending"}, OutcomeKind.PENDING),
        ({"status": "requires_action"}, OutcomeKind.PENDING),
        ({"status": "failed", "failure_reason": "expired_or_canceled_card"}, OutcomeKind.DECLINED),
        ({"status": "canceled"}, OutcomeKind.DECLINED),
        ({"status": "?"}, OutcomeKind.UNKNOWN),
        ({"status": "succeeded", "metadata": {}}, OutcomeKind.UNKNOWN),
        ({"status": "succeeded", "amount": None}, OutcomeKind.UNKNOWN),
    ],
)
def test_a_refund_means(changes: dict[str, Any], kind: OutcomeKind) -> None:
    row = {
        "id": "re_1",
        "amount": 500,
        "currency": "usd",
        "created": CREATED,
        "metadata": {"quittance_reference": "re_mine"},
        **changes,
    }

    assert mapping.refund(row, "re_mine").kind is kind


def test_of_two_payments_under_one_name_the_one_that_holds_money_counts() -> None:
    assert mapping.the_one([CANCELED, intent()]) == intent()
    assert mapping.the_one([CANCELED]) == CANCELED
