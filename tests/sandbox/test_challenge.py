"""The 3DS page: approve, fail, cancel, expire; late, twice, and with the back button."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.till import Till, assert_guarded, eventually

ALWAYS = "4000000000003220"
DECLINED_AFTER = "4000008400001629"
SOFT = "4000000000003063"
SHOP = "http://shop.example/return?order=7"


def test_the_customer_approves_and_is_sent_back_to_the_shop(till: Till):
    payment = till.paid(ALWAYS, capture=True, returnUrl=SHOP)
    page = till.http.get(payment["challenge"]["url"])

    back = till.decide(payment, "approve")

    assert payment["state"] == "CHALLENGE"
    assert all(word in page.text for word in ("partner_1", "10.00 USD", "Approve", "Cancel"))
    assert back.status_code == 303
    to = urlsplit(back.headers["location"])
    assert f"{to.scheme}://{to.netloc}{to.path}" == "http://shop.example/return"
    assert parse_qs(to.query) == {
        "order": ["7"],
        "payment": [payment["reference"]],
        "state": ["CAPTURED"],
    }
    done = till.ask(payment["reference"]).json()
    assert done["threeDS"] == {"result": "challenged", "version": "2.2.0", "eci": "05"}
    assert done["capturedAmount"] == "10.00"


@pytest.mark.parametrize(
    ("decision", "raw"), [("fail", "authentication_failed"), ("cancel", "authentication_canceled")]
)
def test_the_customer_fails_or_gives_up(till: Till, decision, raw):
    payment = till.paid(ALWAYS, returnUrl=SHOP)

    assert "state=DECLINED" in till.decide(payment, decision).headers["location"]

    done = till.ask(payment["reference"]).json()
    assert (done["state"], done["decline"]["reason"]) == ("DECLINED", "AUTHENTICATION_FAILED")
    assert (done["decline"]["raw"], done["threeDS"]["result"]) == (raw, "failed")
    assert till.effects(payment["reference"]) == []


def test_one_card_is_declined_after_the_challenge(till: Till):
    payment = till.paid(DECLINED_AFTER)

    till.decide(payment, "approve")

    done = till.ask(payment["reference"]).json()
    assert (done["state"], done["decline"]["networkCode"]) == ("DECLINED", "05")
    assert done["threeDS"]["result"] == "challenged"


def test_a_soft_decline_is_over_once_the_customer_was_authenticated(till: Till):
    soft = till.paid(SOFT)
    stepped_up = till.paid(SOFT, threeDS="required")

    till.decide(stepped_up, "approve")

    assert (soft["state"], soft["decline"]["networkCode"]) == ("DECLINED", "65")
    assert stepped_up["state"] == "CHALLENGE"
    assert till.state(stepped_up["reference"]) == "AUTHORIZED"


def test_any_card_can_be_required_to_be_authenticated(till: Till):
    payment = till.paid("5555555555554444", threeDS="required")

    till.decide(payment, "approve")

    assert till.ask(payment["reference"]).json()["threeDS"]["eci"] == "02"


def test_the_first_answer_counts_however_often_it_is_sent(till: Till):
    payment = till.paid(ALWAYS, capture=True, returnUrl=SHOP)

    locations = {
        till.decide(payment, decision).headers["location"]
        for decision in ("approve", "approve", "cancel", "fail")
    }
    after = till.http.get(payment["challenge"]["url"])

    assert len(locations) == 1
    assert till.effects(payment["reference"]) == [("authorize", "10.00"), ("capture", "10.00")]
    assert "You have confirmed this payment." in after.text
    assert "<button" not in after.text
    assert re.search(r'href="http://shop\.example/return\?order=7&amp;payment=', after.text)


def test_a_challenge_expires_by_itself_and_an_answer_after_that_is_too_late(till: Till):
    till.tell(challengeLifeMs=200)
    payment = till.paid(ALWAYS, returnUrl=SHOP)

    eventually(lambda: till.state(payment["reference"]) == "EXPIRED")
    late = till.decide(payment, "approve")

    assert "state=EXPIRED" in late.headers["location"]
    assert till.effects(payment["reference"]) == []
    assert "time to confirm this payment is over" in till.http.get(payment["challenge"]["url"]).text


def test_a_void_ends_a_challenge(till: Till):
    payment = till.paid(ALWAYS, returnUrl=SHOP)

    voided = till.void(payment["reference"])
    late = till.decide(payment, "approve")

    assert voided.json()["state"] == "VOIDED"
    assert "challenge" not in voided.json()
    assert "state=VOIDED" in late.headers["location"]
    assert till.effects(payment["reference"]) == [("void", "0.00")]


def test_without_a_return_address_the_page_tells_how_it_ended(till: Till):
    payment = till.paid(ALWAYS)

    back = till.decide(payment, "approve")

    assert payment["challenge"]["url"].endswith(back.headers["location"])
    assert "You have confirmed" in till.http.get(back.headers["location"]).text


def test_what_is_no_answer_changes_nothing(till: Till):
    payment = till.paid(ALWAYS)

    for wrong in ("", "decision=maybe", "decision=%ff", "approve"):
        answer = till.http.post(payment["challenge"]["url"], content=wrong)
        assert (answer.status_code, "<button" in answer.text) == (422, True)
    assert till.state(payment["reference"]) == "CHALLENGE"
    assert till.http.get("/challenge/chl_nobody").status_code == 404
    assert till.http.post("/challenge/chl_nobody", data={"decision": "approve"}).status_code == 404


def test_the_page_can_not_be_framed_kept_or_scripted_and_escapes_what_partners_send(till: Till):
    payment = till.paid(ALWAYS, returnUrl='http://shop.example/"><script>x</script>')
    page = till.http.get(payment["challenge"]["url"])
    till.decide(payment, "approve")
    after = till.http.get(payment["challenge"]["url"])

    for answer in (page, after):
        assert_guarded(answer)
