"""Cases on the console: where their money is, what happened to it, and an operator's word."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.api.code_shop import CodeShop
from tests.api.console_pages import Console, Seen, shown
from tests.api.shop import Acquirer, Shop
from tests.patience import until
from tests.running_gateway import RunningGateway

ROOT = "/console/cases"


@pytest.fixture
async def console(gateway: RunningGateway) -> AsyncIterator[Console]:
    console = Console(gateway.told["operator"])
    yield console
    await console.close()


async def waiting(codes: CodeShop) -> dict[str, Any]:
    """A case that a person has to decide: its partner has agreed on nothing."""
    payment = await codes.shown()
    await codes.pay(payment, "9.99")

    async def opened() -> dict[str, Any] | None:
        answer = await codes.partner.get("/v1/cases", paymentId=payment["id"])
        return dict(answer.data["cases"][0]) if answer.data["cases"] else None

    return await until(opened, 60, "no case was opened")


async def resolved(console: Console, case: Mapping[str, Any], status: str, **word: str) -> Seen:
    """Its page, once the word was heard and the provider has answered."""
    path = f"{ROOT}/{case['id']}"

    async def there() -> Seen | None:
        # 409 while an earlier word is still asked about, and once it is closed.
        said = await console.post(f"{path}/resolve", **word)
        assert said.status in {200, 409}, said.text
        page = shown(await console.get(path))
        return page if f"9.99 BRL {status}" in page.text else None

    return await until(there, 60, f"the case is not {status}")


async def test_a_case_is_shown_and_goes_back_on_a_word(
    console: Console, office_shop: Shop, acquirer: Acquirer
) -> None:
    case = await waiting(CodeShop(office_shop))
    partner, path = office_shop.partner.key.id, f"{ROOT}/{case['id']}"

    listed = shown(await console.get(ROOT, partner=partner, status="open"))
    before = shown(await console.get(path))
    after = await resolved(console, case, "refunded", by="ann", policy="refund")

    [row] = listed.rows
    assert row[0] == f"{case['id']} {case['reference']}"
    assert row[1:6] == [partner, "open", "9.99 BRL", "amount", "operator"]
    assert "Ordered 10.00 BRL, requires action" in before.text
    assert before.rows[:2] == [
        ["provider_receivable:NORTH:BRL", "9.99 BRL"],
        ["suspense:NORTH:BRL", "-9.99 BRL"],
    ]
    assert "Refund it" in before.text
    assert "Refund it" not in after.text
    assert "no account has anything of it" in after.text
    told = [what for _, what in after.rows]
    assert told[0] == "NORTH has the money"
    assert f"NORTH was asked, refund {case['id']}-1: accepted" in told
    assert "refunded, by ann" in told
    assert ("refund", "9.99") in acquirer.effects({"id": case["paymentId"]})
    late = await resolved(console, case, "refunded", by="bob", policy="accept")
    assert "refunded, by ann" in [what for _, what in late.rows]
    assert shown(await console.get(ROOT, partner=partner, status="open")).rows == []


async def test_what_the_provider_does_not_take_back_waits_for_another_word(
    console: Console, office_shop: Shop, acquirer: Acquirer
) -> None:
    case = await waiting(CodeShop(office_shop))
    path = f"{ROOT}/{case['id']}"
    acquirer.tell("decline", operations=["refund"])

    async def declined() -> bool:
        await console.post(f"{path}/resolve", by="ann", policy="refund")
        return f"refund {case['id']}-1: declined" in shown(await console.get(path)).text

    await until(declined, 60, "the provider was never asked")
    page = await resolved(console, case, "accepted", by="bob", policy="accept")

    told = [what for _, what in page.rows]
    assert f"NORTH was asked, refund {case['id']}-1: declined refund_failed" in told
    assert "accepted, by bob" in told
    assert "Fee 0.43 BRL" in page.text


async def test_what_is_not_there_and_what_is_no_word_is_told(
    console: Console, office_shop: Shop
) -> None:
    case = await waiting(CodeShop(office_shop))
    path = f"{ROOT}/{case['id']}/resolve"

    for place, status in (
        (f"{ROOT}/case_{'0' * 26}", 404),
        (f"{ROOT}/nothing", 404),
        (f"{ROOT}?before=nothing", 400),
        (f"{ROOT}?status=odd", 400),
        (f"{ROOT}?partner=%3Cb%3E", 400),
        (f"{ROOT}?odd=1", 400),
        (f"{ROOT}/{case['id']}?done=odd", 400),
    ):
        assert (await console.fetch("GET", place)).status_code == status
    for fields in (
        {"by": "ann"},
        {"policy": "refund"},
        {"by": "a b", "policy": "refund"},
        {"by": "ann", "policy": "operator"},
        {"by": "ann", "policy": "perhaps"},
    ):
        assert (await console.post(path, **fields)).status == 400
    nobodys = f"{ROOT}/case_{'0' * 26}/resolve"
    assert (await console.post(nobodys, by="ann", policy="refund")).status == 404
    stranger = {"Origin": "https://elsewhere.example"}
    answer = await console.fetch(
        "POST", path, data={"by": "ann", "policy": "refund"}, headers=stranger
    )
    assert answer.status_code == 403
    assert "Refund it" in shown(await console.get(f"{ROOT}/{case['id']}")).text
