"""Payouts over HTTP, to every ending; the rail's own books are looked at from behind."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from tests.api.till import SandboxRail, Till, iban
from tests.evidence import Evidence
from tests.running_gateway import new_id

TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
EVENTS = """
    SELECT type, sequence, previous_status FROM event WHERE object_id = $1 ORDER BY sequence"""
LEGS = """
    SELECT account.kind, sum(entry.amount_minor)::bigint AS minor
    FROM ledger_entry AS entry JOIN ledger_account AS account ON account.id = entry.account_id
    JOIN ledger_transaction AS posting ON posting.id = entry.transaction_id
    WHERE posting.subject = $1 GROUP BY account.kind HAVING sum(entry.amount_minor) <> 0"""


async def events(evidence: Evidence, payout: dict[str, Any]) -> list[str]:
    rows = await evidence.rows(EVENTS, payout["id"])
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["type"].removeprefix("payout.") for row in rows]


async def legs(evidence: Evidence, payout: dict[str, Any]) -> dict[str, int]:
    return {row["kind"]: row["minor"] for row in await evidence.rows(LEGS, payout["id"])}


OUT = {"partner_payable": 1025, "provider_receivable": -1000, "fee_income": -25}
FEE_ONLY = {"partner_payable": 25, "fee_income": -25}


Ending = tuple[str, str | None, list[str], dict[str, int], str | None]
# By the end of the account's number: status, code, what is told, the books, and the rail's state.
ENDINGS: dict[str, Ending] = {
    "00": ("paid", None, ["sent", "paid"], OUT, "PAID"),
    "01": ("failed", "P3102", ["failed"], {}, None),
    "02": ("failed", "P3103", ["sent", "failed"], {}, "FAILED"),
    "03": ("returned", "P3104", ["sent", "paid", "returned"], FEE_ONLY, "RETURNED"),
    "07": ("paid", None, ["sent", "paid"], OUT, "PAID"),
    "09": ("returned", "P3104", ["sent", "returned"], FEE_ONLY, "RETURNED"),
    "10": ("paid", None, ["sent", "paid"], OUT, "PAID"),
    "11": ("paid", None, ["sent", "paid"], OUT, "PAID"),
}
HANDED_OVER_TWICE = "08"


@pytest.fixture(scope="module")
async def payouts(till: Till) -> dict[str, dict[str, Any]]:
    """All begin at the same moment, because most of them wait for their rail."""
    begun = (till.pay(ending) for ending in (*ENDINGS, HANDED_OVER_TWICE))
    return dict(zip((*ENDINGS, HANDED_OVER_TWICE), await asyncio.gather(*begun), strict=True))


@pytest.mark.parametrize("ending", ENDINGS)
async def test_every_ending_of_the_rail_is_told_and_booked(
    ending: str,
    payouts: dict[str, dict[str, Any]],
    till: Till,
    rail: SandboxRail,
    evidence: Evidence,
) -> None:
    payout, (status, code, told, books, state) = payouts[ending], ENDINGS[ending]
    assert (payout["fee"], payout["arrivalEstimate"] is not None) == ("0.25", True)

    ended = await till.becomes(payout, status)

    assert ended.get("failureCode") == code
    assert await events(evidence, payout) == told
    assert await legs(evidence, payout) == books
    there = rail.transfer(payout)
    assert len(there["arrivals"]) == 1
    assert (there["transfer"] or {}).get("state") == state


async def test_a_lost_answer_is_asked_after_and_never_sent_again(
    payouts: dict[str, dict[str, Any]], till: Till, rail: SandboxRail, evidence: Evidence
) -> None:
    payout = payouts["07"]

    await till.becomes(payout, "paid")

    assert len(rail.transfer(payout)["arrivals"]) == 1
    keys = await evidence.rows(
        "SELECT key FROM ledger_transaction WHERE subject = $1 ORDER BY key", payout["id"]
    )
    assert [row["key"].partition(":")[0] for row in keys] == [
        "payout_queued",
        "payout_sent",
        "payout_suspended",
    ]


async def test_what_the_rail_surely_never_had_is_handed_over_once_more(
    payouts: dict[str, dict[str, Any]], till: Till, rail: SandboxRail
) -> None:
    """The sandbox's rails settle in five seconds: then nothing there proves that it never came."""
    payout = payouts[HANDED_OVER_TWICE]

    await till.becomes(payout, "paid")

    there = rail.transfer(payout)
    assert len(there["arrivals"]) == 2
    assert {each["idempotencyKey"] for each in there["arrivals"]} == {payout["id"]}


async def test_a_rail_that_takes_nothing_now_is_tried_later_and_can_be_canceled(
    till: Till, rail: SandboxRail, evidence: Evidence
) -> None:
    destination = await till.destination()
    rail.tell("refuse")
    waiting = await till.pay(destinationToken=destination)
    taken_back = await till.pay(destinationToken=destination)

    async def canceled() -> bool:
        answer = await till.cancel(taken_back)
        assert answer.code in ("P0000", "P3003"), answer
        return answer.code == "P0000"

    await till.shop.until(canceled, "it is not canceled")
    rail.tell()

    await till.becomes(waiting, "paid")
    assert (await till.show(taken_back))["status"] == "canceled"
    assert await legs(evidence, taken_back) == {}
    assert rail.transfer(taken_back)["transfer"] is None


async def test_money_that_comes_back_later_is_the_partners_again(
    till: Till, rail: SandboxRail, evidence: Evidence
) -> None:
    payout = await till.becomes(await till.pay(), "paid")
    before = Decimal(await till.funds())

    rail.move(payout, "RETURNED", "BENEFICIARY_REFUSED")

    returned = await till.becomes(payout, "returned")
    assert returned["failureReason"] == "beneficiary_refused"
    assert Decimal(await till.funds()) == before + 10
    assert await legs(evidence, payout) == FEE_ONLY


async def test_two_people_let_a_large_one_go(till: Till, evidence: Evidence) -> None:
    held = await till.pay(amount="1000.01")
    assert (held["status"], held["heldFor"]) == ("on_hold", "amount")

    await till.review(held, "ann")
    await till.review(held, "ann")
    assert (await till.show(held))["status"] == "on_hold"
    await till.review(held, "bob")

    await till.becomes(held, "paid")
    assert await events(evidence, held) == ["on_hold", "sent", "paid"]


async def test_one_person_stops_a_large_one(till: Till, evidence: Evidence) -> None:
    held = await till.pay(amount="1000.01")
    before = Decimal(await till.funds())

    await till.review(held, "ann", approve=False)

    canceled = await till.becomes(held, "canceled")
    assert canceled["failureReason"] == "hold_rejected"
    assert Decimal(await till.funds()) == before + Decimal("1000.26")
    assert await legs(evidence, held) == {}


async def test_a_cancel_is_possible_until_it_leaves(till: Till) -> None:
    held = await till.pay(amount="1000.01")

    first = await till.cancel(held, key=(key := new_id()))
    again = await till.cancel(held, key=key)
    late = await till.cancel(await till.becomes(await till.pay(), "sent", "paid"))

    assert (first.code, first.data["status"]) == ("P0000", "canceled")
    assert again.content == first.content
    assert (late.http_status, late.code) == (409, "P3003")


async def test_a_rail_that_lies_about_the_amount_is_not_believed(
    till: Till, rail: SandboxRail, evidence: Evidence
) -> None:
    destination = await till.destination()
    rail.tell("lying_amount", times=1)

    payout = await till.pay(destinationToken=destination)

    await till.becomes(payout, "paid")
    assert len(rail.transfer(payout)["arrivals"]) == 1
    assert await legs(evidence, payout) == OUT


async def test_the_same_payout_asked_for_by_many_at_once_is_one(
    till: Till, rail: SandboxRail
) -> None:
    order = await till.order()

    answers = await asyncio.gather(*(till.create(order) for _ in range(20)))

    assert {answer.code for answer in answers} <= {"P0001", "P0000"}
    [payout_id] = {answer.data["id"] for answer in answers}
    await till.becomes({"id": payout_id}, "paid")
    assert len(rail.transfer({"id": payout_id})["arrivals"]) == 1
    other = await till.create({**order, "amount": "10.01"})
    assert (other.http_status, other.code) == (409, "P2102")


async def test_no_account_and_no_name_is_kept_where_people_read(
    till: Till, evidence: Evidence
) -> None:
    payout = await till.becomes(await till.pay("02"), "failed")
    history = await evidence.story(f"payout:{payout['id']}")
    logs = "".join(till.gateway.log(part) for part in ("api", "worker", "operator"))
    calls = await evidence.rows("SELECT raw::text, reference FROM provider_call")
    told = await evidence.rows("SELECT data::text FROM event")
    number = iban("02")

    for text in (history.to_json(), logs, str(calls), str(told)):
        assert "Canary-Holder" not in text
        assert number not in text
        assert number[4:] not in text


async def test_a_reference_that_was_refused_is_free_for_another_try(other_till: Till) -> None:
    order = await other_till.order()
    assert (await other_till.create(order)).code == "P3004"
    await other_till.earn("100.00")

    answer = await other_till.create(order)

    assert answer.code == "P0001", answer
    await other_till.becomes(answer.data, "paid")
