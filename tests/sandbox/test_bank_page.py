"""The bank's page: choose, approve, refuse, leave; late, twice, and with the back button."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.till import Till, assert_guarded, eventually

ALL_OF_IT = [("authorize", "10.00"), ("capture", "10.00")]


def test_the_customer_approves_at_the_bank_that_was_named(till: Till):
    payment = till.sent_to_bank("SUNNY")
    page = till.http.get(payment["challenge"]["url"]).text

    back = till.decide(payment, "approve")

    assert (payment["state"], payment["bank"], payment["country"]) == ("CHALLENGE", "SUNNY", "GB")
    assert urlsplit(payment["challenge"]["url"]).path.startswith("/bank/chl_")
    words = ("Sunny Bank", "partner_1", "10.00 GBP", "Approve", "Refuse", "Not enough money")
    assert [word for word in words if word not in page] == []
    assert back.status_code == 303
    to = urlsplit(back.headers["location"])
    assert (to.netloc, to.path) == ("shop.example", "/return")
    told = {"order": ["7"], "payment": [payment["reference"]], "state": ["CAPTURED"]}
    assert parse_qs(to.query) == told
    done = till.ask(payment["reference"]).json()
    assert (done["state"], done["capturedAmount"]) == ("CAPTURED", "10.00")
    assert done["threeDS"]["result"] == "none"
    assert till.effects(payment["reference"]) == ALL_OF_IT


def test_without_a_bank_the_customer_chooses_one_of_the_country_that_takes_the_currency(till: Till):
    payment = till.sent_to_bank(None, country="DE", currency="EUR")
    choice = till.http.get(payment["challenge"]["url"]).text

    chosen = till.choose(payment, "SUNNY_DE")
    page = till.http.get(chosen.headers["location"]).text
    waiting = till.ask(payment["reference"]).json()
    till.decide(payment, "approve")

    assert "bank" not in payment
    assert re.findall(r'name="bank" value="(\w+)"', choice) == ["SUNNY_DE", "RAINY_DE", "FOGGY_DE"]
    assert "decision" not in choice
    assert "partner_1" in choice
    assert chosen.status_code == 303
    assert payment["challenge"]["url"].endswith(chosen.headers["location"])
    assert (waiting["state"], waiting["bank"]) == ("CHALLENGE", "SUNNY_DE")
    assert "Sunny Bank" in page
    assert till.state(payment["reference"]) == "CAPTURED"


def test_nobody_says_yes_before_a_bank_is_chosen_and_the_first_choice_counts(till: Till):
    payment = till.sent_to_bank(None)

    early = till.decide(payment, "approve")
    foreign = till.choose(payment, "SUNNY_DE")
    unknown = till.choose(payment, "NOBODY")
    till.choose(payment, "RAINY")
    till.choose(payment, "SUNNY")

    assert [early.status_code, foreign.status_code, unknown.status_code] == [422, 422, 422]
    assert "Choose your bank" in early.text
    told = till.ask(payment["reference"]).json()
    assert (told["state"], told["bank"]) == ("CHALLENGE", "RAINY")


@pytest.mark.parametrize(
    ("decision", "reason"),
    [("refuse", "CUSTOMER_CANCELED"), ("no_money", "INSUFFICIENT_FUNDS")],
)
def test_the_customer_refuses_or_has_not_enough(till: Till, decision, reason):
    payment = till.sent_to_bank()

    assert "state=DECLINED" in till.decide(payment, decision).headers["location"]

    done = till.ask(payment["reference"]).json()
    assert (done["state"], done["decline"]["reason"]) == ("DECLINED", reason)
    assert done["decline"]["networkCode"] is None
    assert till.effects(payment["reference"]) == []


def test_leaving_without_deciding_is_a_plain_link_and_no_answer(till: Till):
    for payment in (till.sent_to_bank(), till.sent_to_bank(None)):
        page = till.http.get(payment["challenge"]["url"]).text

        [link] = re.findall(r'<a href="([^"]+)">Back to the shop without deciding</a>', page)

        told = parse_qs(urlsplit(unescape(link)).query)
        assert (told["payment"], told["state"]) == ([payment["reference"]], ["CHALLENGE"])
        assert till.state(payment["reference"]) == "CHALLENGE"


def test_the_first_answer_counts_however_often_it_is_sent(till: Till):
    payment = till.sent_to_bank()

    answers = ("approve", "approve", "refuse", "no_money")
    locations = {till.decide(payment, answer).headers["location"] for answer in answers}
    rechosen = till.choose(payment, "RAINY")
    after = till.http.get(payment["challenge"]["url"]).text

    assert len(locations) == 1
    assert "state=CAPTURED" in rechosen.headers["location"]
    assert till.ask(payment["reference"]).json()["bank"] == "SUNNY"
    assert till.effects(payment["reference"]) == ALL_OF_IT
    assert "You have confirmed this payment." in after
    assert "<button" not in after


def test_the_time_at_the_bank_ends_and_an_answer_after_that_is_too_late(till: Till):
    till.tell(challengeLifeMs=200)
    payment = till.sent_to_bank()

    eventually(lambda: till.state(payment["reference"]) == "EXPIRED")
    late = till.decide(payment, "approve")

    assert "state=EXPIRED" in late.headers["location"]
    assert till.effects(payment["reference"]) == []
    assert "time to confirm this payment is over" in till.http.get(payment["challenge"]["url"]).text


def test_a_void_ends_an_open_payment_at_a_bank(till: Till):
    payment = till.sent_to_bank()

    voided = till.void(payment["reference"])
    late = till.decide(payment, "approve")

    assert voided.json()["state"] == "VOIDED"
    assert "state=VOIDED" in late.headers["location"]
    assert till.effects(payment["reference"]) == [("void", "0.00")]


def test_what_is_no_answer_at_a_bank_changes_nothing(till: Till):
    payment, card = till.sent_to_bank(), till.paid("4000000000003220")

    for wrong in ("", "decision=fail", "decision=cancel", "decision=%ff", "bank=%ff"):
        answer = till.http.post(payment["challenge"]["url"], content=wrong)
        assert (answer.status_code, "<button" in answer.text) == (422, True)
    assert till.decide(card, "refuse").status_code == 422
    assert till.state(payment["reference"]) == till.state(card["reference"]) == "CHALLENGE"
    # Nobody finds one kind of page under the address of the other.
    for one, other in ((payment, "challenge"), (card, "bank")):
        challenge = one["challenge"]["url"].rsplit("/", 1)[1]
        assert till.http.get(f"/{other}/{challenge}").status_code == 404
    assert till.http.post("/bank/chl_nobody", data={"decision": "approve"}).status_code == 404


def test_the_pages_can_not_be_framed_kept_or_scripted_and_escape_what_partners_send(till: Till):
    payment = till.sent_to_bank(None, returnUrl='http://shop.example/"><script>x</script>')
    choice = till.http.get(payment["challenge"]["url"])
    till.choose(payment, "SUNNY")
    page = till.http.get(payment["challenge"]["url"])

    for answer in (choice, page):
        assert_guarded(answer)
        # Every control says by itself what it is for.
        assert 'lang="en"' in answer.text
        assert answer.text.count("<input") == answer.text.count("<label>")
