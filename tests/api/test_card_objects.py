"""What is another's does not exist: payments, refunds, customers, methods. Rows O1 and I."""

import pytest

from tests.api.shop import Shop
from tests.api.test_objects import told
from tests.running_gateway import new_id

NOBODYS = {"pay": "pay_" + "0" * 26, "re": "re_" + "0" * 26, "cus": "cus_" + "0" * 26}
ILL_FORMED = ["pay_", "x", "pay_" + "A" * 26, "%00", "pay_%2e%2e", "a" * 300]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/payments/{}"),
        ("GET", "/v1/payments/{}/refunds"),
        ("POST", "/v1/payments/{}/confirm"),
        ("POST", "/v1/payments/{}/cancel"),
        ("POST", "/v1/payments/{}/capture"),
        ("POST", "/v1/payments/{}/refund"),
    ],
)
async def test_anothers_payment_is_as_unknown_as_one_that_never_was(
    shop: Shop, other_shop: Shop, method: str, path: str
) -> None:
    payment = await shop.paid(capture=False)
    bodies = {"capture": {}, "refund": {"reference": new_id()}}
    body = bodies.get(path.rpartition("/")[2])

    async def ask(payment_id: str) -> tuple[object, ...]:
        headers = await other_shop.partner.authorised()
        return told(
            await other_shop.partner.ask(
                method, path.format(payment_id), json=body, headers=headers
            )
        )

    theirs, nobodys = await ask(payment["id"]), await ask(NOBODYS["pay"])

    assert theirs == nobodys
    assert (theirs[0], theirs[2]) == (404, "P2101")
    assert await shop.show(payment) == payment


async def test_anothers_refund_is_unknown(shop: Shop, other_shop: Shop) -> None:
    refund = (await shop.refund(await shop.paid())).data

    answers = [
        await other_shop.partner.get(f"/v1/refunds/{each}")
        for each in (refund["id"], NOBODYS["re"])
    ]

    assert told(answers[0]) == told(answers[1])
    assert answers[0].code == "P2110"


async def test_anothers_customer_and_method_are_unknown(shop: Shop, other_shop: Shop) -> None:
    customer = await shop.customer()
    await shop.paid(customerId=customer, saveMethod=True)
    saved = (await shop.partner.get(f"/v1/customers/{customer}/methods")).data["methods"]
    token = saved[0]["paymentMethodToken"]
    theirs = other_shop.partner

    for path in ("/v1/customers/{}", "/v1/customers/{}/methods"):
        answers = [await theirs.get(path.format(each)) for each in (customer, NOBODYS["cus"])]
        assert told(answers[0]) == told(answers[1])
        assert answers[0].code == "P2112"
    for path in (f"/v1/customers/{customer}", f"/v1/customers/{customer}/methods/{token}"):
        assert (await other_shop.delete(path)).code == "P2112"
    their_customer = await other_shop.customer()
    stolen = await other_shop.pay(paymentMethodToken=token, customerId=their_customer)
    made_up = await other_shop.pay(paymentMethodToken="tok_nobodys", customerId=their_customer)
    assert told(stolen) == told(made_up)
    assert stolen.code == "P2103"
    assert (await shop.partner.get(f"/v1/customers/{customer}/methods")).data["methods"] == saved


async def test_anothers_fresh_method_is_as_unknown_as_a_made_up_one(
    shop: Shop, other_shop: Shop
) -> None:
    token = await shop.method()

    stolen = await other_shop.pay(paymentMethodToken=token)
    made_up = await other_shop.pay(paymentMethodToken="tok_nobodys")

    assert told(stolen) == told(made_up)
    assert (stolen.http_status, stolen.code) == (404, "P2103")
    assert (await shop.pay(paymentMethodToken=token)).code == "P0000"


@pytest.mark.parametrize("name", ILL_FORMED)
async def test_an_ill_formed_id_is_unknown(shop: Shop, name: str) -> None:
    for path, codes in (
        (f"/v1/payments/{name}", {"P2101", "P5004"}),
        (f"/v1/refunds/{name}", {"P2110", "P5004"}),
        (f"/v1/customers/{name}", {"P2112", "P5004"}),
    ):
        answer = await shop.partner.get(path)
        assert answer.http_status == 404
        assert answer.code in codes


async def test_a_saved_method_is_charged_again_with_its_customer_alone(shop: Shop) -> None:
    customer, other = await shop.customer(), await shop.customer()
    await shop.paid(customerId=customer, saveMethod=True)
    (saved,) = (await shop.partner.get(f"/v1/customers/{customer}/methods")).data["methods"]
    token = saved["paymentMethodToken"]
    assert (saved["brand"], saved["last4"], saved["expYear"]) == ("visa", "4242", 2034)

    assert (await shop.pay(paymentMethodToken=token, customerId=customer)).code == "P0000"
    assert (await shop.pay(paymentMethodToken=token, customerId=other)).code == "P2103"
    assert (await shop.delete(f"/v1/customers/{other}/methods/{token}")).code == "P2103"
    gone = await shop.delete(f"/v1/customers/{customer}/methods/{token}", key=(key := new_id()))
    again = await shop.delete(f"/v1/customers/{customer}/methods/{token}", key=key)
    assert (gone.code, again.content) == ("P0000", gone.content)
    assert (await shop.delete(f"/v1/customers/{customer}/methods/{token}")).code == "P2103"
    assert (await shop.pay(paymentMethodToken=token, customerId=customer)).code != "P0000"


async def test_a_customer_is_known_by_its_reference_until_it_is_forgotten(shop: Shop) -> None:
    name = {"reference": new_id("CUSTOMER")}
    first, again = [await shop.partner.post("/v1/customers", name) for _ in range(2)]
    customer = first.data["id"]

    assert again.data == first.data
    assert (await shop.partner.get(f"/v1/customers/{customer}")).data == first.data
    assert (await shop.delete(f"/v1/customers/{customer}")).code == "P0000"
    assert (await shop.partner.get(f"/v1/customers/{customer}")).code == "P2112"
    assert (await shop.delete(f"/v1/customers/{customer}")).code == "P2112"


async def test_a_method_is_saved_for_somebody(shop: Shop) -> None:
    order = await shop.order()
    nobody = await shop.create(order | {"saveMethod": True})
    stranger = await shop.create(order | {"saveMethod": True, "customerId": NOBODYS["cus"]})

    assert (nobody.code, nobody.data["field"]) == ("P5003", "customerId")
    assert (stranger.code, stranger.data["field"]) == ("P2112", "customerId")


async def test_two_partners_may_use_the_same_names(shop: Shop, other_shop: Shop) -> None:
    order, key = {"reference": new_id()}, new_id("KEY")

    mine = await shop.create(await shop.order(**order), key=key)
    theirs = await other_shop.create(await other_shop.order(**order), key=key)

    assert (mine.code, theirs.code) == ("P0000", "P0000")
    assert mine.data["id"] != theirs.data["id"]


async def test_one_key_is_one_request_on_one_payment(shop: Shop) -> None:
    one, two = await shop.paid(capture=False), await shop.paid(capture=False)

    first = await shop.do("cancel", one, key=(key := new_id("KEY")))
    other = await shop.do("cancel", two, key=key)

    assert (first.code, other.code) == ("P0000", "P5101")
    assert (await shop.show(two))["status"] == "authorized"
