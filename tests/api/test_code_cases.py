"""Cases over HTTP: late, double and wrong-amount money, by each policy and by a person."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from payments.bootstrap import open_record
from payments.cli.doors import resolved
from payments.config import Settings
from payments.domain.case import CasePolicy, Resolution
from tests.api.code_shop import CodeShop
from tests.api.office import CARD_TERMS, Office
from tests.api.shop import Acquirer, Shop
from tests.evidence import Evidence, minor
from tests.running_gateway import RunningGateway

Case = Mapping[str, Any]
CodesOf = Callable[..., Awaitable[CodeShop]]

_LEGS = """
    SELECT account.kind, sum(entry.amount_minor)::bigint AS minor
    FROM ledger_transaction posting
    JOIN ledger_entry entry ON entry.transaction_id = posting.id
    JOIN ledger_account account ON account.id = entry.account_id
    WHERE posting.subject = $1
        OR posting.subject IN (SELECT id FROM payment_case WHERE payment_id = $1)
    GROUP BY account.kind HAVING sum(entry.amount_minor) <> 0"""
_TOLD = "SELECT type, sequence, data FROM event WHERE object_id = $1 ORDER BY sequence"


@pytest.fixture
async def codes_of(gateway: RunningGateway, office: Office) -> AsyncIterator[CodesOf]:
    """A shop of a partner that has agreed on these policies."""
    shops: list[Shop] = []

    async def made(**policies: str) -> CodeShop:
        terms = replace(CARD_TERMS, case_policies=policies)
        shops.append(Shop(gateway, await office.partner(cards=terms)))
        return CodeShop(shops[-1])

    yield made
    for each in shops:
        await each.close()


@pytest.fixture
async def codes(codes_of: CodesOf) -> CodeShop:
    return await codes_of(late="refund", double="refund", amount="refund")


async def cases(codes: CodeShop, payment: Mapping[str, Any], **query: str) -> list[Case]:
    answer = await codes.partner.get("/v1/cases", paymentId=payment["id"], **query)
    assert answer.http_status == 200, answer
    return list(answer.data["cases"])


async def until_cases(codes: CodeShop, payment: Mapping[str, Any], *statuses: str) -> list[Case]:
    """The cases of a payment, oldest first, once they have these statuses."""
    found: list[Case] = []

    async def there() -> bool:
        found[:] = reversed(await cases(codes, payment))
        return sorted(each["status"] for each in found) == sorted(statuses)

    await codes.shop.until(there, f"the cases of {payment['id']} are not {statuses}")
    return found


async def legs(evidence: Evidence, payment: Mapping[str, Any]) -> dict[str, int]:
    rows = await evidence.rows(_LEGS, payment["id"])
    return {row["kind"]: row["minor"] for row in rows}


def kept(acquirer: Acquirer, payment: Mapping[str, Any]) -> int:
    """What the provider has of it: all that came, less all that went back."""
    signs = {"capture": 1, "surplus": 1, "refund": -1}
    return sum(
        signs[effect] * minor(amount, payment["currency"])
        for effect, amount in acquirer.effects(payment)
        if effect in signs
    )


async def ended(codes: CodeShop, acquirer: Acquirer, how: str) -> dict[str, Any]:
    payment = await codes.shown()
    if how == "expired":
        acquirer.ends(payment)
    else:
        await codes.shop.do("cancel", payment)
    shown = await codes.shop.until_status(payment, how)
    return {**shown, "nextAction": payment["nextAction"]}


# What becomes of it


@pytest.mark.parametrize("how", ["expired", "canceled"])
async def test_what_comes_late_goes_back_and_is_told(
    codes: CodeShop, acquirer: Acquirer, evidence: Evidence, how: str
) -> None:
    payment = await ended(codes, acquirer, how)

    await codes.pay(payment)

    [case] = await until_cases(codes, payment, "refunded")
    assert (case["reason"], case["amount"], case["currency"]) == ("late", "10.00", "BRL")
    assert (case["paymentId"], case["reference"]) == (payment["id"], payment["reference"])
    assert (case["policy"], case["fee"]) == ("refund", "0.00")
    assert (await codes.shop.show(payment))["status"] == how
    assert await legs(evidence, payment) == {}
    assert kept(acquirer, payment) == 0
    told = await evidence.rows(_TOLD, case["id"])
    assert [(row["type"], row["sequence"]) for row in told] == [
        *(("case.opened", 1), ("case.closed", 2)),
    ]
    answer = await codes.partner.get(f"/v1/cases/{case['id']}")
    assert (answer.code, answer.data) == ("P0000", case)


async def test_what_comes_twice_goes_back_and_the_payment_stays_paid(
    codes: CodeShop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await codes.shown()
    await codes.pay(payment)
    await codes.shop.until_status(payment, "captured")

    await codes.pay(payment)

    [case] = await until_cases(codes, payment, "refunded")
    assert case["reason"] == "double"
    assert (await legs(evidence, payment))["provider_receivable"] == kept(acquirer, payment) == 1000
    assert (await codes.shop.show(payment))["amountRefunded"] == "0.00"


async def test_another_amount_goes_back_at_once_and_the_right_one_still_pays(
    codes: CodeShop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await codes.shown()

    await codes.pay(payment, "9.99")
    [case] = await until_cases(codes, payment, "refunded")
    waiting = await codes.shop.show(payment)
    await codes.pay(payment)

    assert (case["reason"], case["amount"]) == ("amount", "9.99")
    assert waiting["status"] == "requires_action"
    await codes.shop.until_status(payment, "captured")
    assert (await legs(evidence, payment))["provider_receivable"] == kept(acquirer, payment) == 1000


async def test_everything_at_once_ends_with_books_that_agree(
    codes: CodeShop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await codes.shown()

    amounts = ("10.00", "10.00", "1.00", "999.99", "10.00")
    await asyncio.gather(*(codes.pay(payment, amount) for amount in amounts))

    await codes.shop.until_status(payment, "captured")
    found = await until_cases(codes, payment, *["refunded"] * 4)
    assert sorted(case["reason"] for case in found) == ["amount", "amount", "double", "double"]
    left = await legs(evidence, payment)
    assert left["provider_receivable"] == kept(acquirer, payment) == 1000
    assert "suspense" not in left


async def test_accepted_money_is_the_partners_less_the_fee(
    codes_of: CodesOf, acquirer: Acquirer, evidence: Evidence
) -> None:
    codes = await codes_of(late="accept")
    payment = await ended(codes, acquirer, "canceled")

    await codes.pay(payment)

    [case] = await until_cases(codes, payment, "accepted")
    assert case["fee"] == "0.44"
    assert await legs(evidence, payment) == {
        "provider_receivable": 1000,
        "partner_payable": -956,
        "fee_income": -44,
    }
    assert kept(acquirer, payment) == 1000


async def test_without_a_policy_it_waits_for_an_operator(
    codes_of: CodesOf, gateway: RunningGateway, acquirer: Acquirer, evidence: Evidence
) -> None:
    codes = await codes_of()
    payment = await ended(codes, acquirer, "canceled")
    await codes.pay(payment)
    [waiting] = await until_cases(codes, payment, "open")
    assert (waiting["policy"], waiting["fee"], waiting["closedAt"]) == ("operator", None, None)
    assert await legs(evidence, payment) == {"provider_receivable": 1000, "suspense": -1000}

    async with open_record(Settings.of(gateway.environment)) as record:
        case = await record.cases.named(waiting["id"])
        assert case is not None
        await said(gateway, lambda: resolved(case, Resolution(CasePolicy.REFUND, "ann")))
        with pytest.raises(LookupError):
            await said(gateway, lambda: resolved(case, Resolution(CasePolicy.ACCEPT, "bob")))

    await until_cases(codes, payment, "refunded")
    assert (await legs(evidence, payment), kept(acquirer, payment)) == ({}, 0)


async def said(gateway: RunningGateway, word: Callable[[], Awaitable[object]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in gateway.environment.items():
            patch.setenv(name, value)
        await word()


async def test_a_refund_that_the_provider_refuses_leaves_the_money_in_suspense(
    codes: CodeShop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await ended(codes, acquirer, "canceled")
    acquirer.tell("decline", operations=["refund"])

    await codes.pay(payment)

    async def refused() -> bool:
        return ("refund_failed", "0.00") in acquirer.effects(payment)

    await codes.shop.until(refused, "the provider was never asked to take it back")
    [case] = await until_cases(codes, payment, "open")
    assert case["policy"] == "refund"
    assert await legs(evidence, payment) == {"provider_receivable": 1000, "suspense": -1000}


async def test_no_webhook_ever_and_the_end_of_the_payment_finds_it_all(
    codes: CodeShop, acquirer: Acquirer, evidence: Evidence
) -> None:
    acquirer.tell(webhooks=False, challengeLifeMs=4_000)
    payment = await codes.shown()
    await codes.pay(payment, "3.00")

    await codes.shop.until_status(payment, "expired")

    await until_cases(codes, payment, "refunded")
    assert (await legs(evidence, payment), kept(acquirer, payment)) == ({}, 0)


async def test_every_webhook_three_times_is_one_case(
    codes: CodeShop, acquirer: Acquirer, evidence: Evidence
) -> None:
    payment = await ended(codes, acquirer, "canceled")
    acquirer.tell(webhookCopies=3)

    await codes.pay(payment)

    await until_cases(codes, payment, "refunded")
    assert [effect for effect, _ in acquirer.effects(payment)].count("refund") == 1
    assert await legs(evidence, payment) == {}


async def test_an_event_that_speaks_of_money_that_never_came_opens_nothing(
    codes: CodeShop, acquirer: Acquirer
) -> None:
    payment = await codes.shown()
    came = {"receipts": [{"id": "e2e_made_up", "amount": "10.00", "at": "2026-04-30T08:21:14Z"}]}
    raw = acquirer.event(payment, "CHALLENGE", inside=came)

    answer = await acquirer.send(codes.partner, raw)

    assert (answer.code, answer.data["state"]) == ("P0000", "applied")
    assert await cases(codes, payment) == []


# Who may look, and how


async def test_a_list_goes_on_where_the_page_before_ended(codes: CodeShop) -> None:
    payment = await codes.shown()
    for amount in ("1.00", "2.00", "3.00"):
        await codes.pay(payment, amount)
    await until_cases(codes, payment, *["refunded"] * 3)

    pages: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        answer = await codes.partner.get("/v1/cases", limit="2", **after)
        pages.append([case["id"] for case in answer.data["cases"]])
        if answer.data["next"] is None:
            break
        after = {"after": answer.data["next"]}

    assert [len(page) for page in pages] == [2, 1]
    assert len({name for page in pages for name in page}) == 3
    assert await cases(codes, payment, reason="late") == []
    assert len(await cases(codes, payment, reason="amount", status="refunded")) == 3
    assert await cases(codes, payment, status="open") == []


async def test_another_partners_case_is_as_unknown_as_none(
    codes: CodeShop, other_shop: Shop, acquirer: Acquirer
) -> None:
    payment = await ended(codes, acquirer, "canceled")
    await codes.pay(payment)
    [case] = await until_cases(codes, payment, "refunded")

    for name in (case["id"], "case_" + "0" * 26, "case_", "x", payment["id"]):
        answer = await other_shop.partner.get(f"/v1/cases/{name}")
        assert (answer.http_status, answer.code) == (404, "P2122")
    listed = await other_shop.partner.get("/v1/cases", paymentId=payment["id"])
    assert listed.data == {"cases": [], "next": None}


@pytest.mark.parametrize(
    ("query", "http_status", "code", "field"),
    [
        ("status=OPEN", 422, "P5003", "status"),
        ("status=", 422, "P5003", "status"),
        ("reason=early", 422, "P5003", "reason"),
        ("paymentId=pay_1", 422, "P5003", "paymentId"),
        ("after=case_1", 422, "P5003", "after"),
        ("after=" + "case_" + "0" * 27, 422, "P5003", "after"),
        ("limit=0", 422, "P5003", "limit"),
        ("limit=101", 422, "P5003", "limit"),
        ("limit=1e1", 400, "P5002", "limit"),
        ("partner=partner_1", 400, "P5002", "partner"),
        ("status=open&status=refunded", 400, "P5002", "status"),
    ],
)
async def test_a_wrong_question_names_its_field(
    codes: CodeShop, query: str, http_status: int, code: str, field: str
) -> None:
    headers = await codes.partner.authorised()
    answer = await codes.partner.ask("GET", f"/v1/cases?{query}", headers=headers)

    assert (answer.http_status, answer.code, answer.data["field"]) == (http_status, code, field)


async def test_nobody_writes_a_case(codes: CodeShop) -> None:
    for verb in ("POST", "PUT", "DELETE", "PATCH"):
        headers = await codes.partner.authorised()
        answer = await codes.partner.ask(verb, "/v1/cases/case_x", headers=headers)
        assert (answer.http_status, answer.code) == (405, "P5005")
