"""The acquirers' disputes: what they take and give back, what they are told, and how it is told."""

import json
import signal
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.sandbox.running_sandbox import RunningSandbox
from tests.sandbox.till import Till, eventually
from tests.sandbox.trap import Trap

PNG = b"\x89PNG\r\n\x1a\n and the rest"
SAID = {"reference": "dp_1-1", "texts": {"explanation": "They wore it."}, "files": {}}


@pytest.fixture
def paid(till: Till) -> str:
    return str(till.paid(capture=True)["reference"])


def taken(till: Till, payment: str) -> list[tuple[str, str]]:
    return [row for row in till.effects(payment) if row[0].startswith("dispute")]


def test_a_chargeback_takes_the_money_and_a_fee(till: Till, paid: str) -> None:
    dispute = till.dispute(paid)

    assert (dispute["state"], dispute["amount"], dispute["fee"]) == ("OPEN", "10.00", "15.00")
    assert (dispute["payment"], dispute["answer"]) == (paid, None)
    assert taken(till, paid) == [("dispute", "25.00")]
    assert till.ask_dispute(dispute["id"]).json() == dispute
    assert till.ask(paid).json()["disputes"] == [dispute]


def test_an_inquiry_takes_nothing_until_it_becomes_a_chargeback(till: Till, paid: str) -> None:
    dispute = till.dispute(paid, kind="inquiry")
    assert taken(till, paid) == []

    till.decide_dispute(dispute, "OPEN", fee="20.00")

    assert taken(till, paid) == [("dispute", "30.00")]


@pytest.mark.parametrize(
    ("state", "fee", "expected"),
    [
        ("WON", "0", [("dispute", "25.00"), ("dispute_returned", "25.00")]),
        ("WON", None, [("dispute", "25.00"), ("dispute_returned", "10.00")]),
        ("LOST", None, [("dispute", "25.00")]),
        ("LOST", "20.00", [("dispute", "25.00"), ("dispute", "5.00")]),
    ],
)
def test_an_end_gives_back_what_it_says(
    state: str, fee: str | None, expected: list[tuple[str, str]], till: Till, paid: str
) -> None:
    dispute = till.dispute(paid)

    told = till.decide_dispute(dispute, state, **({"fee": fee} if fee else {})).json()

    assert told["state"] == state
    assert taken(till, paid) == expected


def test_what_is_over_stays_over(till: Till, paid: str) -> None:
    dispute = till.dispute(paid)
    till.decide_dispute(dispute, "WON")

    for state in ("LOST", "OPEN", "ANSWERED", "INQUIRY"):
        assert till.decide_dispute(dispute, state).status_code in (409, 422)


def test_evidence_is_taken_once_and_names_files_that_are_there(till: Till, paid: str) -> None:
    dispute_id = till.dispute(paid)["id"]
    given = till.give_file(dispute_id, PNG)
    assert (given.status_code, given.json()["size"]) == (201, len(PNG))
    assert till.give_file(dispute_id, PNG).json() == given.json()
    body = SAID | {"files": {"receipt": given.json()["id"]}}

    first = till.answer(dispute_id, "evidence", body)
    again = till.answer(dispute_id, "evidence", body)

    assert first.json() == again.json()
    assert first.json()["state"] == "ANSWERED"
    told = first.json()["answer"]
    assert (told["kind"], told["reference"]) == ("EVIDENCE", "dp_1-1")
    assert (told["texts"], told["files"]) == (["explanation"], [given.json()["id"]])


def test_a_dispute_that_is_accepted_is_lost_and_an_inquiry_closed(till: Till, paid: str) -> None:
    for kind, state in (("chargeback", "LOST"), ("inquiry", "INQUIRY_CLOSED")):
        dispute_id = till.dispute(paid, kind=kind)["id"]
        answer = till.answer(dispute_id, "accept", {"reference": f"{kind}-1"})
        assert answer.json()["state"] == state


def test_what_cannot_be_is_refused(till: Till, paid: str) -> None:
    dispute_id = till.dispute(paid)["id"]
    late = till.dispute(paid, dueInMs=1)["id"]
    open_ = till.paid()["reference"]

    def error(answer: httpx2.Response) -> tuple[int, Any]:
        return answer.status_code, answer.json()["error"]

    eventually(lambda: till.ask_dispute(late).json()["state"] == "LOST")
    assert error(till.answer(late, "evidence", SAID)) == (409, "WRONG_STATE")
    assert error(till.ask_dispute("dis_nobodys")) == (404, "DISPUTE_NOT_FOUND")
    assert error(till.give_file(dispute_id, b"GIF89a")) == (422, "FILE_NOT_READABLE")
    assert error(till.give_file(dispute_id, PNG, "image/gif")) == (422, "FILE_NOT_READABLE")
    unknown = SAID | {"files": {"receipt": "fil_nobodys"}}
    assert error(till.answer(dispute_id, "evidence", unknown)) == (422, "FILE_NOT_FOUND")
    nothing = SAID | {"texts": {}}
    assert error(till.answer(dispute_id, "evidence", nothing)) == (422, "INVALID")
    till.answer(dispute_id, "evidence", SAID)
    other = SAID | {"texts": {"receipt": "7"}}
    assert error(till.answer(dispute_id, "evidence", other)) == (409, "REFERENCE_USED")
    by_hand = till.sandbox.control.post(
        f"/control/acquirers/NORTH/payments/{open_}/disputes", json={}
    )
    assert error(by_hand) == (409, "WRONG_STATE")


def test_nobody_answers_in_time(till: Till, paid: str) -> None:
    dispute_id = till.dispute(paid, kind="inquiry", dueInMs=300)["id"]

    eventually(lambda: till.ask_dispute(dispute_id).json()["state"] == "LOST")

    assert taken(till, paid) == [("dispute", "25.00")]


def test_every_change_is_told(till: Till, trap: Trap, paid: str) -> None:
    dispute = till.dispute(paid)
    till.answer(dispute["id"], "evidence", SAID)
    till.decide_dispute(dispute, "WON", fee="0")

    def told() -> list[str]:
        bodies = [json.loads(each.body) for each in trap.caught]
        return [
            body["data"]["dispute"]["state"]
            for body in bodies
            if body["type"] == "dispute.updated" and body["data"]["dispute"]["id"] == dispute["id"]
        ]

    eventually(lambda: sorted(told()) == ["ANSWERED", "OPEN", "WON"])


def test_faults_come_before_or_after_the_effect(till: Till, paid: str) -> None:
    dispute_id = till.dispute(paid)["id"]

    till.tell("decline", operations=["evidence"])
    refused = till.answer(dispute_id, "evidence", SAID)
    assert (refused.status_code, refused.json()["error"]) == (422, "EVIDENCE_REJECTED")
    till.tell("refuse", operations=["accept"])
    assert till.answer(dispute_id, "accept", {"reference": "a"}).status_code == 503
    till.tell("error_after_effect", operations=["evidence"])
    assert till.answer(dispute_id, "evidence", SAID).status_code == 500

    assert till.ask_dispute(dispute_id).json()["state"] == "ANSWERED"


def test_a_restart_finds_disputes_as_they_were(
    start_sandbox: Callable[..., RunningSandbox],
) -> None:
    first = start_sandbox()
    till = Till(first)
    payment = till.paid(capture=True)["reference"]
    dispute = till.dispute(payment)
    till.give_file(dispute["id"], PNG)
    till.answer(dispute["id"], "evidence", SAID)
    before = till.ask_dispute(dispute["id"]).json()

    first.stop(signal.SIGKILL)

    after = Till(start_sandbox(first))

    assert after.ask_dispute(dispute["id"]).json() == before
    assert after.books()["USD"]["disputed"] == "25.00"
