"""Bad input of payouts and destinations: the field is named, nothing of an account is repeated,
and no money is set aside.
"""

from typing import Any

import pytest

from payments.domain.partner import Scope
from tests.api.office import Office
from tests.api.shop import Shop
from tests.api.till import HOLDER, Till, iban
from tests.running_gateway import Answer, RunningGateway, new_id


def refused(answer: Answer, http_status: int, code: str, field: str | None = None) -> None:
    assert (answer.http_status, answer.code) == (http_status, code), answer
    if field is not None:
        assert answer.data["field"] == field
    for private in (HOLDER, iban()[4:]):
        assert private.encode() not in answer.content


@pytest.mark.parametrize(
    ("account", "http_status", "code", "field"),
    [
        ({"type": "iban", "iban": "NL82ABNA0417160001", "holder": HOLDER}, 422, "P5003", "iban"),
        ({"type": "iban", "iban": "XX82ABNA0417160000", "holder": HOLDER}, 422, "P5003", "iban"),
        ({"type": "iban", "iban": "nl82abna0417160000", "holder": HOLDER}, 422, "P5003", "iban"),
        ({"type": "iban", "iban": iban(), "holder": "a\nb"}, 422, "P5003", "holder"),
        ({"type": "iban", "iban": iban(), "holder": ""}, 422, "P5003", "holder"),
        ({"type": "iban", "iban": iban()}, 400, "P5002", "holder"),
        (
            {"type": "iban", "iban": iban(), "holder": HOLDER, "bic": "NWBKGB2L"},
            *(422, "P5003", "bic"),
        ),
        ({"type": "iban", "iban": iban(), "holder": HOLDER, "x": 1}, 400, "P5002", "x"),
        (
            {"type": "local", "country": "NL", "accountNumber": "417164300", "bankCode": "ABNA"}
            | {"holder": HOLDER},
            *(422, "P5003", "country"),
        ),
        ({"type": "card", "paymentMethodToken": "tok_nobodys"}, 404, "P2103", "paymentMethodToken"),
    ],
)
async def test_an_account_that_cannot_be_one_is_refused_by_its_field(
    account: dict[str, Any], http_status: int, code: str, field: str, till: Till
) -> None:
    answer = await till.add(till.account(account=account))

    refused(answer, http_status, code)
    assert answer.data["field"].split(".")[-1] == field


async def test_an_account_of_an_unknown_kind_is_refused(till: Till) -> None:
    for account in ({"type": "cash"}, {}, "NL82", None):
        answer = await till.add(till.account(account=account))
        assert answer.http_status in (400, 422), answer
        assert answer.data["field"].startswith("account")


async def test_a_card_number_is_no_account_number(till: Till) -> None:
    account = {"type": "local", "country": "US", "accountNumber": "4242424242424242"}
    account |= {"bankCode": "026009593", "holder": HOLDER}

    refused(await till.add(till.account(account=account)), 422, "P5014")


async def test_an_account_without_an_iban_can_be_paid(till: Till) -> None:
    account = {"type": "local", "country": "US", "accountNumber": "000123456700"}
    account |= {"bankCode": "026009593", "holder": HOLDER}

    payout = await till.pay(destinationToken=await till.destination(account=account))

    await till.becomes(payout, "paid")


@pytest.mark.parametrize(
    ("changes", "http_status", "code", "field"),
    [
        ({"amount": "0"}, 422, "P5003", "amount"),
        ({"amount": "-1.00"}, 400, "P5002", "amount"),
        ({"amount": 10}, 400, "P5002", "amount"),
        ({"amount": "10.001"}, 422, "P5003", "amount"),
        ({"currency": "usd"}, 422, "P5003", "currency"),
        ({"currency": "CHF"}, 422, "P2113", "currency"),
        ({"currency": "EUR"}, 422, "P5003", "currency"),
        ({"destinationToken": "dst_1"}, 422, "P5003", "destinationToken"),
        ({"destinationToken": None}, 400, "P5002", "destinationToken"),
        ({"customerId": f"cus_{'0' * 26}"}, 422, "P5003", "customerId"),
        ({"customerId": "cus_1"}, 422, "P5003", "customerId"),
        (
            {"destinationToken": None, "customerId": f"cus_{'0' * 26}"},
            *(404, "P2112", None),
        ),
        ({"status": "paid"}, 400, "P5002", "status"),
        ({"partnerId": "partner_1"}, 400, "P5002", "partnerId"),
        ({"fee": "0.00"}, 400, "P5002", "fee"),
        ({"reference": "a b"}, 422, "P5003", "reference"),
        ({"amount": "5000.01"}, 422, "P3006", "amount"),
    ],
)
async def test_a_payout_that_cannot_be_one_is_refused_by_its_field(
    changes: dict[str, Any], http_status: int, code: str, field: str | None, till: Till
) -> None:
    order = await till.order() | changes
    before = await till.funds()

    refused(await till.create(order), http_status, code, field)

    assert await till.funds() == before


async def test_a_currency_without_cents_takes_none(till: Till) -> None:
    order = await till.order(currency="JPY", amount="10.50")

    refused(await till.create(order), 422, "P5003", "amount")


async def test_another_partners_payouts_and_destinations_are_as_unknown_as_none(
    till: Till, other_till: Till
) -> None:
    payout, destination = await till.pay(), await till.destination()
    stranger = other_till.partner

    for answer in (
        await stranger.get(f"/v1/payouts/{payout['id']}"),
        await stranger.post(f"/v1/payouts/{payout['id']}/cancel", {}),
        await stranger.get(f"/v1/payouts/po_{'0' * 26}"),
    ):
        refused(answer, 404, "P3001")
    for answer in (
        await stranger.get(f"/v1/destinations/{destination}"),
        await stranger.post(f"/v1/destinations/{destination}/verify", {}),
        await other_till.create(await till.order(destinationToken=destination)),
        await stranger.get(f"/v1/destinations/dst_{'0' * 26}"),
    ):
        refused(answer, 404, "P3002")
    assert (await stranger.get("/v1/payouts")).data["payouts"] == []
    assert (await stranger.get("/v1/destinations")).data["destinations"] == []


async def test_another_partners_card_is_no_destination(till: Till, other_till: Till) -> None:
    theirs = {"type": "card", "paymentMethodToken": await till.shop.method()}

    refused(await other_till.add(other_till.account(account=theirs)), 404, "P2103")


async def test_a_token_that_may_only_read_pays_nothing(
    till: Till, gateway: RunningGateway, office: Office, shop: Shop
) -> None:
    guest = await office.partner(scopes=[Scope.READ_PAYOUT])
    reader = Till(gateway, shop, guest)

    for answer in (
        await reader.create({"amount": "1.00"}),
        await reader.add(reader.account()),
        await reader.partner.post(f"/v1/payouts/po_{'0' * 26}/cancel", {}),
    ):
        refused(answer, 403, "P4007")
    assert (await reader.partner.get("/v1/payouts")).code == "P0000"


async def test_a_destination_asked_for_twice_is_one_and_its_name_is_its_own(till: Till) -> None:
    body = till.account()
    first, again = await till.add(body), await till.add(body)

    assert first.data["destinationToken"] == again.data["destinationToken"]
    assert first.data["last4"] == iban()[-4:]
    for other in (
        body | {"currency": "EUR"},
        body | {"account": till.account("02")["account"]},
        body | {"account": body["account"] | {"holder": "Somebody Else"}},
    ):
        refused(await till.add(other), 409, "P2102")


async def test_a_destination_of_nobodys_customer_is_refused(till: Till) -> None:
    body = till.account(customerId=f"cus_{'0' * 26}", reference=new_id())

    refused(await till.add(body), 404, "P2112", "customerId")
