"""Disputes over HTTP: opened by the acquirer's webhook, answered once, ended by its word."""

import asyncio
import json
from typing import Any

import pytest

from tests.api.dispute_shop import SAID, DisputeShop
from tests.api.shop import Acquirer, Shop
from tests.evidence import Evidence
from tests.evidence_files import PNG
from tests.patience import until
from tests.running_gateway import new_id

EVENTS = "SELECT type, data FROM event WHERE object_id = $1 ORDER BY sequence"
LEGS = """
    SELECT account.kind, sum(entry.amount_minor)::bigint AS minor
    FROM ledger_transaction posting
    JOIN ledger_entry entry ON entry.transaction_id = posting.id
    JOIN ledger_account account ON account.id = entry.account_id
    WHERE posting.subject = $1 GROUP BY account.kind"""
INBOUND = "SELECT state, note FROM inbound_event WHERE event_id = $1"


@pytest.fixture
def disputes(shop: Shop, acquirer: Acquirer) -> DisputeShop:
    return DisputeShop(shop, acquirer)


async def taken(evidence: Evidence, dispute: dict[str, Any]) -> dict[str, int]:
    rows = await evidence.rows(LEGS, dispute["id"])
    return {row["kind"]: row["minor"] for row in rows if row["minor"]}


async def told(evidence: Evidence, dispute: dict[str, Any]) -> list[str]:
    return [row["type"] for row in await evidence.rows(EVENTS, dispute["id"])]


async def test_a_chargeback_is_told_with_its_money(
    disputes: DisputeShop, evidence: Evidence
) -> None:
    payment, there, dispute = await disputes.disputed(reason="10.4")

    assert (dispute["status"], dispute["paymentId"]) == ("needs_response", payment["id"])
    assert (dispute["amount"], dispute["currency"], dispute["fee"]) == ("10.00", "USD", "15.00")
    assert (dispute["reason"], dispute["providerReason"]) == ("fraudulent", "10.4")
    assert (dispute["alreadyReturned"], dispute["response"]) == ("0.00", None)
    assert dispute["dueAt"][:19] == there["dueAt"][:19]
    assert await taken(evidence, dispute) == {
        "partner_payable": 2_500,
        "provider_receivable": -2_500,
    }
    shown = await disputes.shop.show(payment)
    assert (shown["amountDisputed"], shown["status"]) == ("10.00", "captured")


@pytest.mark.parametrize(
    ("state", "fee", "status", "left"), [("WON", "0", "won", 0), ("LOST", None, "lost", 2_500)]
)
async def test_evidence_is_submitted_and_the_acquirer_decides(
    state: str,
    fee: str | None,
    status: str,
    left: int,
    disputes: DisputeShop,
    evidence: Evidence,
) -> None:
    payment, there, dispute = await disputes.disputed()
    file = await disputes.give(dispute)
    assert (file.code, file.data["type"], file.data["sizeBytes"]) == (
        "P0000",
        "image/png",
        len(PNG),
    )
    first = await disputes.do("evidence", dispute, SAID)
    body = SAID | {"files": {"receipt": file.data["id"]}}
    second = await disputes.do("evidence", dispute, body)
    assert [first.data["version"], second.data["version"]] == [1, 2]

    answer = await disputes.answered("submit", dispute, {})

    assert (answer.code, answer.data["status"]) == ("P0000", "under_review")
    assert answer.data["response"] == {"type": "evidence", "version": 2, "state": "taken"}
    said = disputes.open_answer(payment)
    assert (said["texts"], len(said["files"])) == (["explanation"], 1)
    disputes.decide(payment, there, state, **({"fee": fee} if fee else {}))
    ended = await disputes.until_status(dispute, status)
    assert ended["closedAt"] is not None
    legs = {"partner_payable": left, "provider_receivable": -left} if left else {}
    assert await taken(evidence, dispute) == legs
    assert await told(evidence, dispute) == ["dispute.created", "dispute.updated", "dispute.closed"]
    assert "wore" not in json.dumps(await evidence.rows(EVENTS, dispute["id"]))


async def test_a_dispute_is_accepted(disputes: DisputeShop, evidence: Evidence) -> None:
    payment, _, dispute = await disputes.disputed()

    answer = await disputes.answered("accept", dispute)
    again = await disputes.answered("accept", dispute)

    assert (answer.code, answer.data["status"]) == ("P0000", "lost")
    assert again.data == answer.data
    assert (await disputes.shop.refund(payment, "0.01")).code == "P2108"
    assert await told(evidence, dispute) == ["dispute.created", "dispute.closed"]


async def test_a_warning_takes_nothing_and_a_refund_may_settle_it(
    disputes: DisputeShop, evidence: Evidence
) -> None:
    payment, there, dispute = await disputes.disputed(kind="inquiry")
    assert (dispute["status"], dispute["fee"]) == ("warning_needs_response", "0.00")

    refund = await disputes.shop.refund(payment)
    disputes.decide(payment, there, "INQUIRY_CLOSED")

    assert refund.code == "P0000"
    await disputes.until_status(dispute, "warning_closed")
    assert await taken(evidence, dispute) == {}


async def test_a_warning_that_is_fought_and_comes_all_the_same(disputes: DisputeShop) -> None:
    payment, there, dispute = await disputes.disputed(kind="inquiry")
    await disputes.do("evidence", dispute, SAID)
    answer = await disputes.answered("submit", dispute, {})
    assert answer.data["status"] == "warning_under_review"

    disputes.decide(payment, there, "OPEN", fee="15.00", dueInMs=86_400_000)
    opened = await disputes.until_status(dispute, "needs_response")

    assert (opened["response"], opened["fee"]) == (None, "15.00")
    again = await disputes.answered("submit", dispute, {"version": 1})
    assert again.data["status"] == "under_review"


async def test_nobody_answers_and_the_due_date_ends_it(
    disputes: DisputeShop, evidence: Evidence
) -> None:
    _, _, dispute = await disputes.disputed(dueInMs=3_000)

    await disputes.until_status(dispute, "lost")

    late = await disputes.do("evidence", dispute, SAID)
    assert (late.http_status, late.code) == (409, "P2203")
    assert await told(evidence, dispute) == ["dispute.created", "dispute.closed"]


async def test_evidence_after_the_deadline_is_too_late(
    disputes: DisputeShop, acquirer: Acquirer
) -> None:
    """L5. The acquirer is silent about its own end of it."""
    acquirer.tell("refuse", operations=["dispute"])
    payment = await disputes.shop.paid()
    acquirer.forget()
    disputes.open(payment, dueInMs=4_000)
    dispute = await disputes.known(payment)
    await disputes.do("evidence", dispute, SAID)
    acquirer.tell("ordinary", webhooks=False)

    async def late() -> bool:
        return (
            await disputes.do("evidence", dispute, {"texts": {"duplicate": new_id()}})
        ).code in (
            "P2204",
            "P2203",
        )

    await until(late, 20, "it is never too late")
    for verb, body in (("evidence", {"texts": {"duplicate": "7"}}), ("submit", {})):
        refused = await disputes.do(verb, dispute, body)
        assert (refused.http_status, refused.code) in ((422, "P2204"), (409, "P2203"))
    file = await disputes.give(dispute)
    assert file.code in ("P2204", "P2203")


async def test_a_refund_of_a_disputed_payment_is_refused(disputes: DisputeShop) -> None:
    payment, there, _ = await disputes.disputed(amount="4.00")

    for amount in ("1.00", None):
        refused = await disputes.shop.refund(payment, amount)
        assert (refused.http_status, refused.code) == (409, "P2201")

    disputes.decide(payment, there, "WON", fee="0")
    await disputes.until_status(await disputes.known(payment), "won")
    assert (await disputes.shop.refund(payment, "1.00")).code == "P0000"


async def test_a_dispute_of_what_was_refunded_is_taken_and_says_so(
    disputes: DisputeShop, evidence: Evidence
) -> None:
    """L5. Money that is gone twice is seen, in the answer and in the event."""
    payment = await disputes.shop.paid()
    await disputes.shop.refund(payment, "7.00")
    disputes.open(payment, amount="5.00")

    dispute = await disputes.known(payment)

    assert (dispute["status"], dispute["alreadyReturned"]) == ("needs_response", "2.00")
    [event] = await evidence.rows(EVENTS, dispute["id"])
    assert json.loads(event["data"])["alreadyReturned"] == "2.00"


async def test_a_lost_answer_of_the_acquirer_is_asked_after(
    disputes: DisputeShop, acquirer: Acquirer
) -> None:
    _, _, dispute = await disputes.disputed()
    await disputes.do("evidence", dispute, SAID)
    acquirer.tell("error_after_effect", operations=["evidence"], times=1)

    answer = await disputes.answered("submit", dispute, {})

    assert (answer.code, answer.data["status"]) == ("P0000", "under_review")


async def test_a_refused_answer_may_be_followed_by_another(
    disputes: DisputeShop, acquirer: Acquirer
) -> None:
    _, _, dispute = await disputes.disputed()
    await disputes.do("evidence", dispute, SAID)
    acquirer.tell("decline", operations=["evidence"], times=1)

    refused = await disputes.answered("submit", dispute, {})
    taken_ = await disputes.answered("submit", dispute, {"version": 1})

    assert (refused.http_status, refused.code) == (409, "P2207")
    assert taken_.data["response"]["state"] == "taken"


async def test_one_answer_asked_for_by_many_at_once_is_one(disputes: DisputeShop) -> None:
    payment, _, dispute = await disputes.disputed()
    await disputes.do("evidence", dispute, SAID)

    answers = await asyncio.gather(
        *(disputes.do("submit", dispute, {}) for _ in range(5)),
        *(disputes.do("accept", dispute) for _ in range(5)),
    )

    codes = {answer.code for answer in answers}
    assert codes <= {"P0000", "P0001", "P2206", "P2203"}
    ended = await disputes.answered("submit", dispute, {})
    there = disputes.open_answer(payment)
    won = "EVIDENCE" if ended.code == "P0000" else "ACCEPTED"
    assert there["kind"] == won


async def test_an_event_of_a_dispute_of_nobodys_payment_is_set_aside(
    shop: Shop, acquirer: Acquirer, evidence: Evidence
) -> None:
    """L5. And one that the acquirer itself does not know is looked at by a person."""
    payment = await shop.paid()
    dispute = {
        "id": "dis_nobodys",
        "payment": "pay_nobodys-1",
        "state": "OPEN",
        "amount": "10.00",
        "currency": "USD",
        "fee": "0.00",
        "reason": "13.1",
        "openedAt": "2026-11-21T07:00:00Z",
        "dueAt": "2026-11-28T07:00:00Z",
        "answer": None,
    }
    raw = acquirer.event(payment)
    event = json.loads(raw) | {"type": "dispute.updated"}
    event["data"]["dispute"] = dispute

    answer = await acquirer.send(shop.partner, json.dumps(event).encode())

    assert (answer.http_status, answer.data["state"]) == (200, "quarantined")
    [row] = await evidence.rows(INBOUND, event["id"])
    assert row["note"] == "a dispute that its provider does not know"


async def test_events_again_late_and_contradictory_change_nothing(
    disputes: DisputeShop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment, there, dispute = await disputes.disputed()
    disputes.decide(payment, there, "WON", fee="0")
    await disputes.until_status(dispute, "won")
    event = json.loads(acquirer.event(payment)) | {"type": "dispute.updated"}

    async def sent(**changes: Any) -> str:
        body = event | {"id": f"evt_{new_id()}"}
        body["data"] = event["data"] | {"dispute": there | changes}
        answer = await acquirer.send(disputes.shop.partner, json.dumps(body).encode())
        assert answer.http_status == 200, answer
        return str(answer.data["state"])

    assert await sent() == "applied"
    assert await sent(state="ANSWERED") == "applied"
    assert await sent(state="LOST") == "quarantined"
    assert await sent(state="WON", amount="9.00") == "quarantined"
    assert (await disputes.show(dispute))["status"] == "won"
    assert await taken(evidence, dispute) == {}
