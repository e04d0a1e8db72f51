"""The vault, and every test card by its number: what it is told to do is what it does."""

from pathlib import Path

import httpx2
import pytest

from sandbox.acquirer.cards import CARDS
from tests.sandbox.till import VISA, Till, eventually

README = Path(__file__).parents[2] / "sandbox" / "README.md"
SHORT_S = 0.7

SUCCEEDING = [
    *("4242424242424242", "4111111111111111", "4000056655665556", "4000008260000000"),
    *("4000003920000003", "4000000500000007", "5555555555554444", "5105105105105100"),
    *("378282246310005", "6011111111111117", "3566002020360505", "4000000000000382"),
    "4000000000000408",
]
DECLINED = [
    ("4000000000000002", "DO_NOT_HONOR", "05", None),
    ("4000000000009995", "INSUFFICIENT_FUNDS", "51", None),
    ("4000000000009979", "STOLEN_CARD", "43", None),
    ("4000000000009987", "LOST_CARD", "41", None),
    ("4000000000000069", "EXPIRED_CARD", "54", None),
    ("4000000000006975", "LIMIT_EXCEEDED", "61", None),
    ("4100000000000019", "RISK_DECLINE", "59", None),
    ("4000000000000119", "BANK_UNAVAILABLE", "91", None),
    ("4000000000000127", "WRONG_SECURITY_CODE", "82", None),
    ("5200000000000411", "NEVER_AGAIN", "05", "03"),
    ("4000000000003063", "AUTHENTICATION_REQUIRED", "65", None),
    ("4000000000003097", "AUTHENTICATION_FAILED", None, None),
]
# Told in their own tests below.
OTHERS = {
    *("4000000000003220", "4000000000003055", "4000008400001629", "4000000000000341"),
    *("4000000000000358", "4000000000000366", "4000000000000374", "4000000000000390"),
}


def test_no_card_is_forgotten_here_or_in_the_readme_or_on_the_console(sandbox):
    numbers = {card.number for card in CARDS.values()}
    page, readme = sandbox.control.get("/").text, README.read_text(encoding="utf-8")

    assert numbers == {*SUCCEEDING, *(number for number, *_ in DECLINED), *OTHERS}
    for card in CARDS.values():
        assert f"<code>{card.number}</code>" in page
        assert f"| {card.number} | {card.brand} {card.country} | {card.story} |" in readme


@pytest.mark.parametrize("number", SUCCEEDING)
def test_a_good_card_is_reserved_or_charged_at_once(till: Till, number):
    reserved, charged = till.paid(number), till.paid(number, capture=True)

    assert (reserved["state"], charged["state"]) == ("AUTHORIZED", "CAPTURED")
    assert (reserved["authorizedAmount"], reserved["capturedAmount"]) == ("10.00", "0.00")
    assert (charged["authorizedAmount"], charged["capturedAmount"]) == ("10.00", "10.00")
    assert charged["captures"][0]["reference"] == charged["reference"]
    assert till.effects(charged["reference"]) == [("authorize", "10.00"), ("capture", "10.00")]


@pytest.mark.parametrize(("number", "reason", "network_code", "advice"), DECLINED)
def test_a_bad_card_is_declined_with_its_own_reason(
    till: Till, number, reason, network_code, advice
):
    payment = till.paid(number, capture=True)

    assert payment["state"] == "DECLINED"
    told = payment["decline"]
    assert (told["reason"], told["networkCode"]) == (reason, network_code)
    assert told["advice"] == advice
    assert till.effects(payment["reference"]) == []


def test_a_frictionless_card_is_authenticated_without_a_challenge(till: Till):
    for asked in ("auto", "required"):
        payment = till.paid("4000000000003055", threeDS=asked)

        assert payment["state"] == "AUTHORIZED"
        assert payment["threeDS"] == {"result": "frictionless", "version": "2.2.0", "eci": "05"}


@pytest.mark.parametrize("number", ["4000000000000341", "4000000000000358", "4000000000000366"])
def test_a_lost_answer_happens_once_and_the_money_is_reserved(till: Till, number):
    order = till.order(number)

    with pytest.raises(httpx2.HTTPError):
        till.authorize(order, timeout=SHORT_S).raise_for_status()
    asked, again = till.ask(order["reference"]), till.authorize(order)

    assert asked.json()["state"] == "AUTHORIZED"
    assert (again.status_code, again.json()) == (200, asked.json())
    assert till.effects(order["reference"]) == [("authorize", "10.00")]
    assert len(till.arrivals(order["reference"])) == 2


def test_a_pending_card_is_decided_later(till: Till):
    payment = till.paid("4000000000000374", capture=True)

    assert payment["state"] == "PENDING"
    assert payment["decidedAt"] is None
    assert till.effects(payment["reference"]) == []
    eventually(lambda: till.state(payment["reference"]) == "CAPTURED")


def test_a_contradictory_card_says_no_and_takes_the_money_later(till: Till):
    payment = till.paid("4000000000000390")

    assert (payment["state"], payment["decline"]["reason"]) == ("DECLINED", "DO_NOT_HONOR")
    eventually(lambda: till.state(payment["reference"]) == "AUTHORIZED")
    assert till.effects(payment["reference"]) == [("authorize", "10.00")]


def test_a_refund_of_one_card_is_pending_and_fails_later(till: Till):
    reference = till.paid("4000000000000408", capture=True)["reference"]

    pending = till.refund(reference, "re_late", "4.00").json()["refunds"][0]

    assert pending["state"] == "PENDING"
    eventually(lambda: till.ask(reference).json()["refunds"][0]["state"] == "FAILED")
    assert till.ask(reference).json()["refundedAmount"] == "0.00"
    assert ("refund", "4.00") not in till.effects(reference)
    assert till.refund(reference, "re_again", "10.00").status_code == 201


def test_the_vault_tells_everything_but_the_number(till: Till):
    token = till.token("4000008260000000")

    told = till.vault(token).json()

    assert told["createdAt"].endswith("Z")
    assert told["fingerprint"].startswith("fp_")
    assert {name: told[name] for name in told if name not in {"createdAt", "fingerprint"}} == {
        "token": token,
        "clientToken": "ct_1",
        "brand": "visa",
        "bin": "400000",
        "last4": "0000",
        "expMonth": 12,
        "expYear": 2034,
        "country": "GB",
        "funding": "credit",
        "aliases": {"sandbox": token, "stripe": "pm_card_gb"},
    }


def test_a_card_typed_twice_is_one_method_and_of_another_client_token_another(till: Till):
    first, second = till.token(VISA), till.token(VISA)
    other = till.type_card(VISA, clientToken="ct_2").json()["paymentMethodToken"]

    assert first == second != other
    assert till.vault(first).json()["fingerprint"] == till.vault(other).json()["fingerprint"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "4242424242424241"}, "number"),
        ({"number": "4242"}, "number"),
        ({"number": "４２４２４２４２４２４２４２４２"}, "number"),
        ({"number": "4012888888881881"}, "number"),
        ({"expMonth": 13}, "expMonth"),
        ({"expYear": 2020}, "expYear"),
        ({"expYear": 2400}, "expYear"),
        ({"cvc": "12"}, "cvc"),
        ({"cvc": "1234"}, "cvc"),
        ({"number": "378282246310005"}, "cvc"),
        ({"clientToken": "a b"}, "clientToken"),
        ({"pin": "1234"}, "body"),
    ],
)
def test_a_card_that_is_mistyped_or_real_is_refused_by_its_field(till: Till, changes, field):
    refused = till.type_card(changes.pop("number", VISA), **({"cvc": "123"} | changes))

    assert refused.status_code == 422
    assert (refused.json()["error"], refused.json()["field"]) == ("INVALID", field)


def test_a_number_may_be_typed_in_groups(till: Till):
    assert till.token("4242 4242-4242 4242") == till.token(VISA)


def test_only_an_acquirer_may_ask_the_vault(till: Till):
    token = till.token()

    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        refused = till.http.get(f"/vault/tokens/{token}", headers=headers)
        assert (refused.status_code, refused.json()) == (401, {"error": "UNAUTHORIZED"})
    assert till.vault("tok_nobody").json() == {"error": "TOKEN_NOT_FOUND"}


def test_no_card_number_ever_reaches_the_disk_or_a_log(start_sandbox):
    running = start_sandbox()
    till = Till(running)
    for card in CARDS.values():
        till.paid(card.number) if card.number in SUCCEEDING else till.token(card.number)
    till.type_card("4012888888881881")
    till.http.post("/vault/tokens", content='{"number": "4012888888881881", "cvc": 5')
    running.stop()

    written = running.journal_path.read_text() + "".join(running.errors)
    numbers = [card.number for card in CARDS.values()] + ["4012888888881881"]
    assert CARDS["visa"].name in written
    assert not [number for number in numbers if number in written]
