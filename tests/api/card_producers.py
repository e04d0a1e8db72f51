"""One way to each code of cards, refunds, customers and providers' events."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from payments.domain.codes import Code
from tests.api.bank_shop import BankShop
from tests.api.producers import World, produces, simply
from tests.api.shop import CHALLENGE, Acquirer
from tests.patience import until
from tests.running_gateway import Answer, new_id

BRITISH: Final = "4000008260000000"
NEVER_AGAIN: Final = "5200000000000411"
FAILS_LATER: Final = "4000000000000408"
NOBODYS: Final = "pay_" + "0" * 26

simply(Code.EXPIRED_CARD, lambda world: world.shop.pay("4000000000000069"))
simply(Code.WRONG_SECURITY_CODE, lambda world: world.shop.pay("4000000000000127"))
simply(Code.AUTHENTICATION_FAILED, lambda world: world.shop.pay("4000000000003097"))
simply(Code.PAYMENT_UNKNOWN, lambda world: world.shop.do("cancel", NOBODYS))
simply(Code.METHOD_UNKNOWN, lambda world: world.shop.pay(paymentMethodToken="tok_nobodys"))
simply(Code.REFUND_UNKNOWN, lambda world: world.shop.partner.get("/v1/refunds/re_nobodys"))
simply(Code.CASE_UNKNOWN, lambda world: world.shop.partner.get("/v1/cases/case_nobodys"))
simply(Code.CUSTOMER_UNKNOWN, lambda world: world.shop.partner.get("/v1/customers/cus_nobodys"))


def on_a_payment(code: Code, verb: str, body: Any = None, *, capture: bool = True) -> None:
    async def produce(world: World) -> Answer:
        payment = await world.shop.paid(capture=capture)
        return await world.shop.do(verb, payment, body)

    produces(code)(produce)


on_a_payment(Code.PAYMENT_STATE, "capture", {})
on_a_payment(Code.CAPTURE_TOO_LARGE, "capture", {"amount": "10.01"}, capture=False)
on_a_payment(Code.REFUND_TOO_LARGE, "refund", {"amount": "10.01", "reference": new_id()})
on_a_payment(Code.REFUND_NOT_POSSIBLE, "refund", {"reference": new_id()}, capture=False)


@contextmanager
def behaving(world: World, behaviour: str, **how: Any) -> Iterator[None]:
    """Both acquirers behave like this meanwhile: what one declines, the other is asked."""
    acquirers = [Acquirer(world.gateway, name) for name in ("NORTH", "SOUTH")]
    for acquirer in acquirers:
        acquirer.tell(behaviour, **how)
    try:
        yield
    finally:
        for acquirer in acquirers:
            acquirer.forget()


async def operator(world: World, *command: str) -> None:
    """On a thread of its own: a slow body of another test must not wait for it."""
    await asyncio.to_thread(world.gateway.cli, *command)


async def flipped(world: World, way: str) -> None:
    await operator(world, "switch", way, "--country", "GB", "--by", "tests", "--why", "a test")


async def ended(world: World, order: dict[str, Any]) -> Answer:
    """The same question again, until the payment is over."""

    async def over() -> Answer | None:
        answer = await world.shop.create(order)
        return answer if answer.code != Code.PENDING else None

    return await until(over, 20, "the payment does not end")


@produces(Code.CARD_DECLINED)
async def card_declined(world: World) -> Answer:
    with behaving(world, "decline", reason="BECAUSE_WE_SAY_SO"):
        return await world.shop.pay()


@produces(Code.AUTHENTICATION_REQUIRED)
async def authentication_required(world: World) -> Answer:
    with behaving(world, "decline", reason="AUTHENTICATION_REQUIRED"):
        return await world.shop.pay()


@produces(Code.NETWORK_FORBIDS)
async def network_forbids(world: World) -> Answer:
    await world.shop.pay(NEVER_AGAIN)
    return await world.shop.pay(NEVER_AGAIN)


@produces(Code.NO_ROUTE)
async def no_route(world: World) -> Answer:
    await flipped(world, "on")
    try:

        async def switched() -> Answer | None:
            answer = await world.shop.pay(BRITISH)
            return answer if answer.code != Code.OK else None

        return await until(switched, 5, "the switch does not act")
    finally:
        await flipped(world, "off")


@produces(Code.CHALLENGE_CHANGED)
async def challenge_changed(world: World) -> Answer:
    with behaving(world, "lying_amount"):
        return await ended(world, await world.shop.order())


@produces(Code.CHALLENGE_EXPIRED)
async def challenge_expired(world: World) -> Answer:
    with behaving(world, "ordinary", challengeLifeMs=300):
        order = await world.shop.order(CHALLENGE)
        await world.shop.create(order)
        return await ended(world, order)


@produces(Code.ACTION_EXPIRED)
async def action_expired(world: World) -> Answer:
    with behaving(world, "ordinary", challengeLifeMs=300):
        order = BankShop(world.shop).order()
        await world.shop.create(order)
        return await ended(world, order)


@produces(Code.CUSTOMER_CANCELED)
async def customer_canceled(world: World) -> Answer:
    banks = BankShop(world.shop)
    payment = await banks.begun()
    await banks.decide(payment, "refuse")
    return await world.shop.do("confirm", payment)


@produces(Code.REVIEW_DECLINED)
async def review_declined(world: World) -> Answer:
    order = await world.shop.order(amount="6000.00")
    held = await world.shop.create(order)
    assert held.data["status"] == "review", held
    await operator(world, "review", held.data["id"], "--decline", "--by", "tests")
    return await ended(world, order)


@produces(Code.REFERENCE_USED)
async def reference_used(world: World) -> Answer:
    order = await world.shop.order()
    await world.shop.create(order)
    return await world.shop.create(order | {"capture": False})


@produces(Code.METHOD_USED)
async def method_used(world: World) -> Answer:
    order = await world.shop.order()
    await world.shop.create(order)
    return await world.shop.create(order | {"reference": new_id()})


@produces(Code.CLIENT_TOKEN_INVALID)
async def client_token_invalid(world: World) -> Answer:
    return await world.shop.create(await world.shop.order() | {"amount": "11.00"})


@produces(Code.CURRENCY_REFUSED)
async def currency_refused(world: World) -> Answer:
    return await world.shop.create(await world.shop.order() | {"currency": "KWD"})


@produces(Code.REFUND_FAILED)
async def refund_failed(world: World) -> Answer:
    payment, name = await world.shop.paid(FAILS_LATER), new_id("REFUND")

    async def over() -> Answer | None:
        answer = await world.shop.refund(payment, "1.00", reference=name)
        return answer if answer.code != Code.PENDING else None

    return await until(over, 20, "the refund does not end")


@produces(Code.PROVIDER_UNAVAILABLE)
async def provider_unavailable(world: World) -> Answer:
    order = await world.shop.order()
    with behaving(world, "refuse", operations=["token"]):
        return await world.shop.create(order)


Change = Callable[[World, Acquirer, bytes], Awaitable[Answer]]


def by_event(code: Code) -> Callable[[Change], Change]:
    """The event is one that the record already reflects."""

    def register(send: Change) -> Change:
        async def produce(world: World) -> Answer:
            acquirer = Acquirer(world.gateway)
            return await send(world, acquirer, acquirer.event(await world.shop.paid()))

        produces(code)(produce)
        return send

    return register


@by_event(Code.PROVIDER_UNKNOWN)
async def provider_unknown(world: World, acquirer: Acquirer, raw: bytes) -> Answer:
    return await world.shop.partner.ask(
        "POST", "/v1/providers/NOBODY/webhooks", content=raw, headers=acquirer.signed(raw)
    )


@by_event(Code.WEBHOOK_FORGED)
async def webhook_forged(world: World, acquirer: Acquirer, raw: bytes) -> Answer:
    return await acquirer.send(world.shop.partner, raw + b" ", acquirer.signed(raw))


@by_event(Code.WEBHOOK_CHANGED)
async def webhook_changed(world: World, acquirer: Acquirer, raw: bytes) -> Answer:
    await acquirer.send(world.shop.partner, raw)
    return await acquirer.send(world.shop.partner, raw + b" ")
