"""Card payments over HTTP: at once, in parts, with a challenge, and asked for again."""

import asyncio
from typing import Any

import pytest

from tests.api.shop import CHALLENGE, VISA, Acquirer, Shop
from tests.running_gateway import Answer, new_id

DECLINES = {
    "4000000000000002": ("P2002", "do_not_honor"),
    "4000000000009995": ("P2001", "insufficient_funds"),
    "4000000000009979": ("P2003", "stolen_card"),
    "4000000000000069": ("P2010", "expired_card"),
    "4000000000006975": ("P2004", "limit_exceeded"),
    "4000000000000119": ("P2006", "bank_unavailable"),
    "4000000000000127": ("P2011", "wrong_security_code"),
}


def money(answer: Answer) -> tuple[str, str, str]:
    told = answer.data
    return told["amountCaptured"], told["amountRefunded"], told["amountCapturable"]


async def test_a_card_is_charged_at_once(shop: Shop, acquirer: Acquirer) -> None:
    order = await shop.order(metadata={"order": "7", "note": "বিল"})

    answer = await shop.create(order)

    assert (answer.http_status, answer.code, answer.data["status"]) == (200, "P0000", "captured")
    assert money(answer) == ("10.00", "0.00", "0.00")
    assert answer.data["paymentMethod"] == {"type": "card", "brand": "visa", "last4": "4242"}
    assert answer.data["metadata"] == {"order": "7", "note": "বিল"}
    assert answer.data["fee"] is not None
    assert answer.data["nextAction"] is None
    assert await shop.show(answer.data) == answer.data
    assert [effect for effect, _ in acquirer.effects(answer.data)].count("capture") == 1


async def test_money_is_reserved_then_taken_in_parts_and_the_rest_given_back(shop: Shop) -> None:
    payment = await shop.paid(capture=False)
    assert (payment["status"], payment["amountCapturable"]) == ("authorized", "10.00")
    assert payment["expiresAt"] is not None

    first = await shop.do("capture", payment, {"amount": "4.00", "reference": "part-1"})
    assert (first.data["status"], money(first)) == (
        "partially_captured",
        ("4.00", "0.00", "6.00"),
    )
    last = await shop.do(
        "capture", payment, {"amount": "5.00", "final": True, "reference": "part-2"}
    )

    assert (last.code, last.data["status"]) == ("P0000", "captured")
    assert money(last) == ("9.00", "0.00", "0.00")


async def test_a_reservation_is_given_back(shop: Shop) -> None:
    payment = await shop.paid(capture=False)

    answers = [await shop.do("cancel", payment), await shop.do("cancel", payment)]

    assert [(answer.code, answer.data["status"]) for answer in answers] == [
        ("P0000", "canceled")
    ] * 2
    assert money(answers[0]) == ("0.00", "0.00", "0.00")


@pytest.mark.parametrize("number", DECLINES)
async def test_a_decline_is_told_with_its_reason(shop: Shop, number: str) -> None:
    code, reason = DECLINES[number]

    answer = await shop.pay(number)

    assert (answer.http_status, answer.code, answer.data["status"]) == (402, code, "failed")
    assert (answer.data["declineCode"], answer.data["reason"]) == (code, reason)
    assert money(answer) == ("0.00", "0.00", "0.00")
    asked = await shop.partner.get(f"/v1/payments/{answer.data['id']}")
    assert (asked.code, asked.data) == ("P0000", answer.data)


@pytest.mark.parametrize(
    ("decision", "code", "status"),
    [("approve", "P0000", "captured"), ("fail", "P2013", "failed"), ("cancel", "P2013", "failed")],
)
async def test_a_challenge_ends_as_the_customer_ends_it(
    shop: Shop, decision: str, code: str, status: str
) -> None:
    answer = await shop.pay(CHALLENGE, returnUrl="http://127.0.0.1:9999/back?order=7")
    assert (answer.http_status, answer.code) == (202, "P0001")
    assert answer.data["status"] == "requires_action"
    assert answer.data["nextAction"]["type"] == "redirect"

    await shop.decide(answer.data, decision)
    confirmed = await shop.do("confirm", answer.data)

    assert (confirmed.code, confirmed.data["status"]) == (code, status)
    assert confirmed.data["nextAction"] is None
    again = await shop.do("confirm", answer.data)
    assert (again.code, again.data) == (confirmed.code, confirmed.data)


async def test_a_return_without_an_end_changes_nothing(shop: Shop) -> None:
    """Row L3: whatever the browser's address says, the provider is asked."""
    answer = await shop.pay(CHALLENGE)

    confirmed = await shop.do("confirm", answer.data)

    assert (confirmed.code, confirmed.data["status"]) == ("P0001", "requires_action")
    await shop.decide(answer.data, "approve")
    assert (await shop.do("confirm", answer.data)).code == "P0000"


async def test_without_a_return_the_providers_event_settles_it(shop: Shop) -> None:
    answer = await shop.pay(CHALLENGE)

    await shop.decide(answer.data, "approve")

    settled = await shop.until_status(answer.data, "captured")
    assert settled["amountCaptured"] == "10.00"


async def test_a_challenge_that_is_cancelled_takes_nothing(shop: Shop) -> None:
    answer = await shop.pay(CHALLENGE)

    cancelled = await shop.do("cancel", answer.data)

    assert (cancelled.code, cancelled.data["status"]) == ("P0000", "canceled")
    assert (await shop.do("confirm", answer.data)).code == "P2106"


async def test_the_same_question_is_the_same_payment(shop: Shop, acquirer: Acquirer) -> None:
    order = await shop.order()

    answers = await asyncio.gather(*(shop.create(order) for _ in range(8)))
    late = await shop.create(order)

    assert {answer.code for answer in (*answers, late)} == {"P0000"}
    assert len({answer.data["id"] for answer in (*answers, late)}) == 1
    assert len(acquirer.effects(late.data)) == len(set(acquirer.effects(late.data)))


async def test_a_reference_names_one_payment_for_ever(shop: Shop) -> None:
    order = await shop.order()
    await shop.create(order)

    for change in ({"amount": "11.00"}, {"capture": False}, {"metadata": {"a": "b"}}):
        token = await shop.method(VISA, str(change.get("amount", "10.00")))
        answer = await shop.create({**order, **change, "paymentMethodToken": token})
        assert (answer.http_status, answer.code) == (409, "P2102")


async def test_the_same_key_gets_the_first_answer_byte_for_byte(shop: Shop) -> None:
    order, key = await shop.order(CHALLENGE), new_id("KEY")
    first = await shop.create(order, key=key)
    await shop.decide(first.data, "approve")
    await shop.until_status(first.data, "captured")

    again = await shop.create(order, key=key)

    assert (again.content, again.headers["signature"]) == (
        first.content,
        first.headers["signature"],
    )
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_lost_capture_is_found_by_its_key(shop: Shop) -> None:
    payment, body = await shop.paid(capture=False), {"amount": "4.00"}
    first = await shop.do("capture", payment, body, key=(key := new_id("KEY")))
    other = await shop.do("capture", payment, body | {"reference": "b"})

    assert money(other) == ("8.00", "0.00", "2.00")
    again = await shop.do("capture", payment, body, key=key)
    assert again.content == first.content
    named = await shop.do("capture", payment, body | {"reference": "b"})
    assert (named.code, named.data["amountCaptured"]) == ("P0000", "8.00")
    changed = await shop.do("capture", payment, {"amount": "1.00", "reference": "b"})
    assert changed.code == "P2102"


async def test_the_capture_that_ended_a_payment_is_found_by_its_reference(shop: Shop) -> None:
    payment, last = await shop.paid(capture=False), {"amount": "10.00", "reference": "last"}
    first = await shop.do("capture", payment, last)

    again = await shop.do("capture", payment, last)
    other = await shop.do("capture", payment, last | {"reference": "another"})

    assert (again.code, again.data) == (first.code, first.data)
    assert other.code == "P2106"


async def test_pages_of_payments(office_shop: Shop) -> None:
    made = [(await office_shop.paid())["id"] for _ in range(3)]

    async def page(**query: str) -> dict[str, Any]:
        answer = await office_shop.partner.get("/v1/payments", None, **query)
        assert answer.code == "P0000", answer
        return dict(answer.data)

    first = await page(limit="2")
    assert [each["id"] for each in first["payments"]] == [made[2], made[1]]
    second = await page(limit="2", after=first["next"])
    assert ([each["id"] for each in second["payments"]], second["next"]) == ([made[0]], None)
    assert (await page(status="failed"))["payments"] == []
    reference = first["payments"][0]["reference"]
    assert [each["id"] for each in (await page(reference=reference))["payments"]] == [made[2]]
    later = first["payments"][1]["createdAt"]
    assert [each["id"] for each in (await page(createdFrom=later))["payments"]] == made[:0:-1]
