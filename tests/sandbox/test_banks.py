"""The test banks: what each does, what an order of one must hold, and money given back."""

import signal
from pathlib import Path

import httpx2
import pytest

from sandbox.acquirer.banks import BANKS
from tests.sandbox.till import Till, eventually
from tests.sandbox.trap import Trap

README = Path(__file__).parents[2] / "sandbox" / "README.md"


def test_every_bank_is_told_to_acquirers_and_on_both_pages(till: Till):
    page, readme = till.sandbox.control.get("/").text, README.read_text(encoding="utf-8")
    headers = till.ask("nobody").request.headers
    told = till.http.get("/acquirers/NORTH/banks", headers=headers).json()["banks"]

    assert {bank["id"]: bank for bank in told} == {one.id: one.as_json() for one in BANKS.values()}
    for bank in BANKS.values():
        row = f"| {bank.id} | {bank.country}: {', '.join(bank.currencies)} | {bank.story} |"
        assert row in readme
        assert f"<code>{bank.id}</code></td>" in page
    assert till.http.get("/acquirers/NORTH/banks").status_code == 401


def test_a_bank_declines_after_the_customer_approved(till: Till):
    payment = till.sent_to_bank("RAINY")

    till.decide(payment, "approve")

    done = till.ask(payment["reference"]).json()
    assert (done["state"], done["decline"]["reason"]) == ("DECLINED", "INSUFFICIENT_FUNDS")


def test_three_banks_have_another_word_some_seconds_later(till: Till):
    foggy, fickle, clingy = (till.sent_to_bank(bank) for bank in ("FOGGY", "FICKLE", "CLINGY"))

    thinking = till.decide(foggy, "approve").headers["location"]
    declined = till.decide(fickle, "approve").headers["location"]
    till.decide(clingy, "approve")
    refund = till.refund(clingy["reference"], "r1", "4.00").json()["refunds"][0]

    assert "state=PENDING" in thinking
    assert "state=DECLINED" in declined
    assert refund["state"] == "PENDING"
    eventually(lambda: till.state(foggy["reference"]) == "CAPTURED")
    eventually(lambda: till.state(fickle["reference"]) == "CAPTURED")
    eventually(lambda: till.ask(clingy["reference"]).json()["refunds"][0]["state"] == "FAILED")


def test_a_closed_bank_is_unavailable_at_once_named_or_chosen(till: Till):
    named = till.sent_to_bank("CLOSED")
    chosen = till.sent_to_bank(None)

    back = till.choose(chosen, "CLOSED")

    assert "state=DECLINED" in back.headers["location"]
    for payment in (named, till.ask(chosen["reference"]).json()):
        assert (payment["state"], payment["bank"]) == ("DECLINED", "CLOSED")
        assert payment["decline"]["reason"] == "BANK_UNAVAILABLE"


def test_a_bank_begins_and_its_answer_never_comes_the_first_time(till: Till):
    order = till.bank_order("STORMY")

    with pytest.raises(httpx2.ReadTimeout):
        till.authorize(order, timeout=1.0)
    again = till.authorize(order)
    till.decide(again.json(), "approve")

    assert (again.status_code, again.json()["state"]) == (200, "CHALLENGE")
    assert till.state(order["reference"]) == "CAPTURED"


@pytest.mark.parametrize("end", ["EXPIRED", "VOIDED"])
def test_an_approval_at_one_bank_counts_after_everybody_else_gave_up(till: Till, end):
    late, other = till.sent_to_bank("LATE"), till.sent_to_bank("LATE")
    for payment in (late, other):
        assert till.move(payment["reference"], end).json()["state"] == end
    page = till.http.get(late["challenge"]["url"]).text

    refused = till.decide(other, "refuse")
    approved = till.decide(late, "approve")
    till.decide(late, "approve")

    assert "Approve" in page
    assert f"state={end}" in refused.headers["location"]
    assert "state=CAPTURED" in approved.headers["location"]
    done = till.ask(late["reference"]).json()
    assert (done["capturedAmount"], done["voidedAmount"]) == ("10.00", "0.00")
    assert till.refund(late["reference"], "r1", "10.00").status_code == 201


def test_money_from_a_bank_is_given_back_and_stands_in_the_books(start_sandbox):
    till = Till(start_sandbox())
    payment = till.sent_to_bank()
    till.decide(payment, "approve")

    refunded = till.refund(payment["reference"], "r1", "4.00").json()
    again = till.refund(payment["reference"], "r1", "4.00")
    over = till.refund(payment["reference"], "r2", "6.01")
    late = till.void(payment["reference"])

    assert (refunded["refundedAmount"], again.status_code) == ("4.00", 200)
    assert over.json() == {"error": "AMOUNT_TOO_LARGE"}
    assert late.json() == {"error": "WRONG_STATE", "state": "CAPTURED"}
    totals = till.books()["GBP"]
    told = (totals["authorized"], totals["captured"], totals["held"], totals["refunded"])
    assert told == ("10.00", "10.00", "0.00", "4.00")


def test_webhooks_tell_of_each_step_once_twice_or_never(till: Till, trap: Trap):
    once, twice, silent = (till.sent_to_bank(bank) for bank in ("SUNNY", "TWICE", "SILENT"))
    chosen = till.sent_to_bank(None)
    till.choose(chosen, "SUNNY")
    for payment in (silent, once, twice, chosen):
        till.decide(payment, "approve")

    states = sorted(one.payment["state"] for one in trap.wait(twice["reference"], 4))

    assert states == ["CAPTURED", "CAPTURED", "CHALLENGE", "CHALLENGE"]
    told = sorted(trap.wait(chosen["reference"], 3), key=lambda one: one.payment["sequence"])
    assert [one.payment.get("bank") for one in told] == [None, "SUNNY", "SUNNY"]
    assert len(trap.wait(once["reference"], 2)) == 2
    assert [event["delivered"] for event in till.events(silent["reference"])] == [True, True]
    assert trap.about(silent["reference"]) == []


def test_choices_and_payments_at_banks_survive_a_kill(start_sandbox):
    first = start_sandbox()
    till = Till(first)
    chosen, unchosen = till.sent_to_bank(None), till.sent_to_bank(None)
    till.choose(chosen, "LATE")
    till.tell("pending", delayMs=1_000)
    foggy = till.sent_to_bank("SUNNY")
    before = [till.ask(one["reference"]).json() for one in (chosen, unchosen, foggy)]
    first.stop(signal.SIGKILL)

    till = Till(start_sandbox(first))

    assert [till.ask(one["reference"]).json() for one in (chosen, unchosen, foggy)] == before
    assert "Late Bank" in till.http.get(chosen["challenge"]["url"]).text
    assert "Choose your bank" in till.http.get(unchosen["challenge"]["url"]).text
    # What the control door had said of it waits for the customer, over a restart too.
    assert "state=PENDING" in till.decide(foggy, "approve").headers["location"]
    eventually(lambda: till.state(foggy["reference"]) == "CAPTURED")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"bank": "NOBODY"}, {"error": "BANK_NOT_FOUND"}),
        ({"bank": "SUNNY_DE"}, {"error": "BANK_NOT_FOUND"}),
        ({"currency": "BDT"}, {"error": "BANK_NOT_FOUND"}),
        ({"bank": None, "country": "FR"}, {"error": "BANK_NOT_FOUND"}),
        ({"country": None}, {"error": "INVALID", "field": "country"}),
        ({"capture": False}, {"error": "INVALID", "field": "capture"}),
        ({"method": "tok_1"}, {"error": "INVALID", "field": "country"}),
        ({"bank": "sunny"}, {"error": "INVALID", "field": "bank"}),
        ({"method": "tok_1", "country": None}, {"error": "INVALID", "field": "bank"}),
    ],
)
def test_what_is_no_order_at_a_bank_is_refused(till: Till, changes, error):
    order = till.bank_order() | changes
    refused = till.authorize({name: value for name, value in order.items() if value is not None})

    assert refused.status_code == 422
    assert error.items() <= refused.json().items()


def test_a_repeat_with_another_bank_is_no_repeat(till: Till):
    order = till.bank_order("SUNNY")

    first, again = till.authorize(order), till.authorize(order)
    other = till.authorize(order | {"bank": "RAINY"})

    assert (again.status_code, again.json()) == (200, first.json())
    assert (other.status_code, other.json()) == (409, {"error": "REFERENCE_USED"})


def test_what_the_control_door_says_waits_for_the_approval(till: Till):
    begun = []
    for behaviour, first in (("pending", "PENDING"), ("contradict", "DECLINED")):
        till.tell(behaviour, delayMs=2_000)
        card = till.paid("4000000000003220", capture=True, returnUrl="http://shop.example/")
        begun += [(till.sent_to_bank(), first), (card, first)]

    told = [till.decide(one, "approve").headers["location"] for one, _ in begun]

    assert {one["state"] for one, _ in begun} == {"CHALLENGE"}
    assert [f"state={first}" in where for where, (_, first) in zip(told, begun, strict=True)] == (
        [True] * 4
    )
    eventually(lambda: {till.state(one["reference"]) for one, _ in begun} == {"CAPTURED"})


def test_the_control_door_misbehaves_at_banks_as_with_cards(till: Till):
    till.tell("decline", reason="ACCOUNT_BLOCKED", times=1)
    declined = till.sent_to_bank()
    till.tell("lying_amount", times=1)
    lying = till.sent_to_bank()
    till.tell("error_after_effect", times=1)
    order = till.bank_order()
    broken = till.authorize(order)

    assert (declined["state"], declined["decline"]["reason"]) == ("DECLINED", "ACCOUNT_BLOCKED")
    assert (lying["amount"], till.ask(lying["reference"]).json()["amount"]) == ("10.01", "10.00")
    assert (broken.status_code, till.state(order["reference"])) == (500, "CHALLENGE")


def test_an_acquirer_can_be_told_to_keep_its_banks_to_itself(till: Till):
    till.tell("refuse", operations=["banks"], times=1)
    headers = till.ask("nobody").request.headers

    statuses = [till.http.get("/acquirers/NORTH/banks", headers=headers).status_code for _ in "12"]

    assert statuses == [503, 200]


def test_the_customer_s_answer_can_be_given_by_hand(till: Till):
    payment, card = till.sent_to_bank(None), till.paid("4000000000003220")
    path = "/control/acquirers/NORTH/payments/{}/answer"

    def answer(one: dict[str, str], **body: str) -> httpx2.Response:
        return till.sandbox.control.post(path.format(one["reference"]), json=body)

    early = answer(payment, decision="approve")
    nowhere = answer(payment, decision="approve", bank="NOBODY")
    chosen = answer(payment, decision="approve", bank="TWICE")
    again = answer(payment, decision="refuse")

    assert (early.status_code, early.json()["field"]) == (422, "decision")
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "bank")
    assert (chosen.json()["state"], chosen.json()["bank"]) == ("CAPTURED", "TWICE")
    assert (again.status_code, again.json()["error"]) == (409, "WRONG_STATE")
    assert answer(card, decision="cancel").json()["state"] == "DECLINED"
