"""One way to each code, over HTTP and under real conditions: who asks what of which process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from payments.domain.codes import Code
from payments.domain.partner import Scope
from tests.api.api_beside import CRASH
from tests.api.beside import ApiBeside
from tests.api.forge import Forge
from tests.api.office import Office
from tests.api.raw_http import ask
from tests.api.shop import Shop
from tests.api.till import Till
from tests.evidence import Evidence
from tests.patience import lock_persistently, pay_persistently, until
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id


@dataclass(frozen=True, slots=True)
class World:
    gateway: RunningGateway
    partner: PartnerClient
    stranger: PartnerClient
    beside: ApiBeside
    partner_beside: PartnerClient
    office: Office
    forge: Forge
    shop: Shop
    till: Till
    evidence: Evidence
    misbehave: Callable[..., None]
    slow_body: "asyncio.Task[Answer]"

    async def paid(self, bill: TestBill | None = None, **more: Any) -> Answer:
        bill = bill or TestBill()
        return await self.partner.pay(await self.partner.locked(bill), new_id(), **more)

    async def declined(self, reason: str) -> Answer:
        self.misbehave("DESCO", "decline", reason=reason, times=1)
        return await self.paid()

    async def token(self, **changes: Any) -> Answer:
        body = self.stranger.key.token_request() | changes
        return await self.stranger.ask("POST", "/auth/token", json=body)

    async def forged(self, **claims: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.forge.token(claims)}"}
        return await self.stranger.ask(
            "GET", "/bill/lookup", params=TestBill().told, headers=headers
        )

    async def by_hand(self, content: bytes = b"", **headers: str) -> Answer:
        known = {**await self.partner.authorised(), "Content-Type": "application/json"}
        known |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.partner.ask("POST", "/bill/lock", content=content, headers=known)


Produce = Callable[[World], Awaitable[Answer]]
PRODUCERS: Final[dict[Code, Produce]] = {}


def produces(code: Code) -> Callable[[Produce], Produce]:
    def register(produce: Produce) -> Produce:
        assert code not in PRODUCERS, f"{code} has two ways"
        PRODUCERS[code] = produce
        return produce

    return register


def simply(code: Code, produce: Produce) -> None:
    produces(code)(produce)


simply(Code.OK, lambda world: world.paid())
simply(Code.BILL_NOT_FOUND, lambda world: world.partner.lock(TestBill(99)))
simply(Code.BILLER_UNKNOWN, lambda world: world.partner.lock(TestBill(biller_id="NOBODY")))
simply(Code.LOCK_UNKNOWN, lambda world: world.partner.pay("A" * 100, new_id()))
simply(Code.AMOUNT_DIFFERS, lambda world: world.paid(amount="1.00"))
simply(Code.TRANSACTION_UNKNOWN, lambda world: world.partner.status(new_id()))

simply(Code.INSUFFICIENT_FUNDS, lambda world: world.declined("INSUFFICIENT_FUNDS"))
simply(Code.DO_NOT_HONOR, lambda world: world.declined("DO_NOT_HONOR"))
simply(Code.STOLEN_CARD, lambda world: world.declined("STOLEN_CARD"))
simply(Code.LIMIT_EXCEEDED, lambda world: world.paid(TestBill(91)))
simply(Code.RISK_DECLINE, lambda world: world.declined("RISK_DECLINE"))
simply(Code.BANK_UNAVAILABLE, lambda world: world.declined("BANK_UNAVAILABLE"))
simply(Code.ACCOUNT_BLOCKED, lambda world: world.paid(TestBill(90)))
simply(Code.BILLER_DECLINED, lambda world: world.declined("BECAUSE_WE_SAY_SO"))

simply(Code.CREDENTIALS_WRONG, lambda world: world.token(signature="0" * 64))
simply(Code.TOKEN_INVALID, lambda world: world.stranger.ask("GET", "/txn/status"))
simply(Code.AUDIENCE_WRONG, lambda world: world.forged(aud="payouts"))
simply(Code.SCOPE_MISSING, lambda world: world.forged(scope=Scope.READ_PAYMENT))
simply(Code.ADDRESS_REFUSED, lambda world: world.forged(ipHash="0" * 64))

simply(Code.BODY_MALFORMED, lambda world: world.by_hand(b"[]"))
simply(Code.FIELD_MALFORMED, lambda world: world.by_hand(b"{}"))
simply(Code.FIELD_REFUSED, lambda world: world.partner.status("/"))
simply(Code.ROUTE_UNKNOWN, lambda world: world.partner.ask("GET", "/nowhere"))
simply(Code.METHOD_REFUSED, lambda world: world.partner.ask("PUT", "/bill/pay"))
simply(Code.CONTENT_TYPE_REFUSED, lambda world: world.by_hand(Content_Type="text/plain"))
simply(Code.BODY_TOO_LARGE, lambda world: world.by_hand(b" " * 70_000))
simply(Code.NOT_ACCEPTABLE, lambda world: world.by_hand(Accept="text/html"))
simply(Code.HEADERS_TOO_LARGE, lambda world: world.by_hand(X_Large="a" * 20_000))
simply(Code.TARGET_TOO_LONG, lambda world: world.partner.ask("GET", f"/{'a' * 5_000}"))
simply(Code.CARD_NUMBER, lambda world: world.partner.status("4000056655665556"))
simply(Code.KEY_MALFORMED, lambda world: world.partner.lock(TestBill(), key="k" * 256))


@produces(Code.PENDING)
async def pending(world: World) -> Answer:
    world.misbehave("DESCO", "slow", delayMs=4_000, times=1)
    token, transaction = await world.partner.locked(bill := TestBill()), new_id()
    answer = await pay_persistently(world.partner_beside, token, transaction)
    await world.evidence.paid_once(world.partner, bill, transaction)
    return answer


@produces(Code.BILL_ALREADY_PAID)
async def already_paid(world: World) -> Answer:
    await world.paid(bill := TestBill())
    return await world.partner.lock(bill)


@produces(Code.BILLER_UNAVAILABLE)
async def biller_unavailable(world: World) -> Answer:
    world.misbehave("TOKYOGAS", "down")
    return await world.partner.get("/bill/lookup", **TestBill(biller_id="TOKYOGAS").told)


@produces(Code.BILL_LOCKED)
async def bill_locked(world: World) -> Answer:
    await world.partner.locked(bill := TestBill())
    return await world.partner.lock(bill)


@produces(Code.LOCK_EXPIRED)
async def lock_expired(world: World) -> Answer:
    locked = await lock_persistently(world.partner_beside, bill := TestBill(), new_id("KEY"))
    await world.evidence.end_of_lock(bill)
    return await pay_persistently(world.partner_beside, locked.data["lockToken"], new_id())


@produces(Code.LOCK_USED)
async def lock_used(world: World) -> Answer:
    token = await world.partner.locked(TestBill())
    await world.partner.pay(token, new_id())
    return await world.partner.pay(token, new_id())


@produces(Code.TRANSACTION_ID_USED)
async def transaction_id_used(world: World) -> Answer:
    transaction = new_id()
    await world.partner.pay(await world.partner.locked(TestBill()), transaction)
    return await world.partner.pay(await world.partner.locked(TestBill()), transaction)


@produces(Code.LOCK_BEING_PAID)
async def lock_being_paid(world: World) -> Answer:
    token = await world.partner.locked(TestBill())
    await world.partner.pay(token, new_id())
    return await world.partner.unlock(token)


@produces(Code.CLOCK_SKEW)
async def clock_skew(world: World) -> Answer:
    body = world.stranger.key.token_request(timestamp="2026-01-01T00:00:00Z")
    return await world.stranger.ask("POST", "/auth/token", json=body)


@produces(Code.REQUEST_REPLAYED)
async def request_replayed(world: World) -> Answer:
    body = world.stranger.key.token_request()
    await world.stranger.ask("POST", "/auth/token", json=body)
    return await world.stranger.ask("POST", "/auth/token", json=body)


@produces(Code.SUSPENDED)
async def suspended(world: World) -> Answer:
    guest = await world.office.guest()
    await guest.authorised()
    world.gateway.cli("partner", "suspend", guest.key.id)

    async def refused() -> Answer | None:
        answer = await guest.get("/bill/lookup", **TestBill().told)
        return None if answer.code == Code.OK else answer

    return await until(refused, 5, "not suspended")


@produces(Code.RATE_LIMITED)
async def rate_limited(world: World) -> Answer:
    guest = await world.office.partner(requests_per_minute=1)
    await guest.authorised()
    return await guest.get("/bill/lookup", **TestBill().told)


@produces(Code.KEY_REUSED)
async def key_reused(world: World) -> Answer:
    await world.partner.lock(TestBill(), key=(key := new_id("KEY")))
    return await world.partner.lock(TestBill(), key=key)


@produces(Code.INTERNAL)
async def internal(world: World) -> Answer:
    return await world.partner_beside.status(CRASH)


@produces(Code.REQUEST_MALFORMED)
async def request_malformed(world: World) -> Answer:
    return await ask(world.gateway.api, b"hello\r\n\r\n")


@produces(Code.REQUEST_TOO_SLOW)
async def request_too_slow(world: World) -> Answer:
    return await world.slow_body


@produces(Code.KEY_IN_FLIGHT)
async def key_in_flight(world: World) -> Answer:
    token, transaction, key = await world.partner.locked(TestBill()), new_id(), new_id("KEY")
    world.misbehave("DESCO", "slow", delayMs=4_000, times=1, operations=["pay"])
    answers = await asyncio.gather(
        *(world.partner.pay(token, transaction, key=key) for _ in range(2))
    )
    return max(answers, key=lambda answer: answer.code)


@produces(Code.ENGINE_UNAVAILABLE)
async def engine_unavailable(world: World) -> Answer:
    world.beside.engine.cut()
    try:
        return await world.partner_beside.ask("GET", "/health")
    finally:
        world.beside.engine.lay()
        await world.beside.wait_ready()


@produces(Code.OUTCOME_UNKNOWN)
async def outcome_unknown(world: World) -> Answer:
    token = await world.partner.locked(TestBill())
    world.beside.engine.silence()
    try:
        return await world.partner_beside.pay(token, new_id())
    finally:
        world.beside.engine.sound()


@produces(Code.RECORD_UNAVAILABLE)
async def record_unavailable(world: World) -> Answer:
    await world.partner_beside.authorised()
    world.beside.database.cut()
    try:
        return await world.partner_beside.status(new_id())
    finally:
        world.beside.database.lay()
        await world.beside.wait_ready()
