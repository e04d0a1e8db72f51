"""A customer's whole way through a payment, as a partner's careful program walks it: every request
has a name, is asked again until it is answered, and every answer is written down.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.api.code_shop import CodeShop
from tests.api.shop import Shop
from tests.card_cases import ENDED
from tests.patience import persistently, until
from tests.proofs.plans import Decision, Plan
from tests.running_gateway import Answer

# On a busy machine, with everything failing, some things take minutes.
PATIENCE_S: Final = 300
_OK, _PENDING, _STATE = "P0000", "P0001", "P2106"
_DECLINES: Final = frozenset(f"P20{number:02d}" for number in range(1, 21))
_REFUND_NOS: Final = frozenset({"P2108", "P2111"})


@dataclass(frozen=True, slots=True)
class Said:
    """One answer. `name` is what the request was called: the payment's, capture's or refund's."""

    operation: str
    payment_id: str
    name: str
    answer: Answer


@dataclass
class Notes:
    """What all customers were told, and what of it nobody can explain."""

    said: list[Said] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    # By payment: the final status that was told first.
    ends: dict[str, str] = field(default_factory=dict)

    def keep(self, said: Said, expected: frozenset[str]) -> None:
        self.said.append(said)
        if said.answer.code not in expected:
            self.unexplained.append(f"{said.operation} {said.name}: {said.answer.code}")
        if said.operation != "refund" and said.answer.data:
            self.see(said.answer.data)

    def see(self, payment: dict[str, Any]) -> None:
        if payment.get("status") not in ENDED:
            return
        before = self.ends.setdefault(payment["id"], payment["status"])
        if before != payment["status"]:
            self.unexplained.append(f"{payment['id']} was {before} and is {payment['status']}")


Approve = Callable[[dict[str, Any], str], Awaitable[None]]


@dataclass
class Journey:
    """`decide` is the customer's hand at the issuer's page."""

    shop: Shop
    plan: Plan
    name: str
    notes: Notes
    decide: Approve

    async def walk(self) -> None:
        try:
            await self._walk()
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
            self.notes.unexplained.append(f"{self.name}: {error!r}")

    async def _walk(self) -> None:
        payment = await self._create()
        if payment["status"] == "requires_action":
            payment = await self._challenge(payment)
        if payment["status"] == "authorized":
            payment = await (self._take(payment) if self.plan.parts else self._cancel(payment))
        if payment["status"] == "captured":
            refunds = enumerate(self.plan.refunds)
            await asyncio.gather(*(self._refund(payment, n, minor) for n, minor in refunds))

    async def _create(self) -> dict[str, Any]:
        sale = {"amount": self.plan.amount(), "currency": self.plan.currency}
        order = {
            **sale,
            **await self._method(sale),
            "reference": self.name,
            "returnUrl": "http://127.0.0.1:9/back",
        }
        answer = await persistently(
            lambda: self.shop.create(order, key=f"KEY-{self.name}"), PATIENCE_S
        )
        if answer.data is None:
            raise AssertionError(f"create: {answer.code} {answer.message}")
        self._keep("create", answer.data["id"], self.name, answer, _DECLINES | {_OK, _PENDING})
        return await self._until(answer.data, lambda seen: seen["status"] != "processing")

    async def _method(self, sale: dict[str, str]) -> dict[str, Any]:
        """What of the order says how the customer pays."""
        token = await persistently(lambda: self.shop.partner.post("/v1/client-tokens", sale))
        typed = await self.shop.typed(token.data["clientToken"], self.plan.method)
        return {"paymentMethodToken": typed, "capture": self.plan.capture}

    async def _challenge(self, payment: dict[str, Any]) -> dict[str, Any]:
        decision = self.plan.decision
        if decision is Decision.WITHDRAW:
            return await self._cancel(payment)
        if decision is not Decision.LEAVE:
            await self._act(payment, decision)
            confirmed = await self._do("confirm", payment, self.name)
            expected = _DECLINES | {_OK, _PENDING, _STATE}
            self._keep("confirm", payment["id"], self.name, confirmed, expected)
        open_ = ("processing", "requires_action")
        return await self._until(payment, lambda seen: seen["status"] not in open_)

    async def _act(self, payment: dict[str, Any], decision: Decision) -> None:
        await self.decide(payment, decision)

    async def _cancel(self, payment: dict[str, Any]) -> dict[str, Any]:
        answer = await self._do("cancel", payment, self.name)
        # What has ended by itself in the meantime cannot be cancelled.
        self._keep("cancel", payment["id"], self.name, answer, frozenset({_OK, _PENDING, _STATE}))
        return await self._until(payment, lambda seen: seen["status"] in ENDED)

    async def _take(self, payment: dict[str, Any]) -> dict[str, Any]:
        seen, taken = payment, 0
        for number, minor in enumerate(self.plan.parts):
            name, taken = f"{self.name}-{number}", taken + minor
            last = number == len(self.plan.parts) - 1
            body = {"amount": self.plan.amount(minor), "final": last, "reference": name}
            answer = await self._do("capture", payment, name, body)
            self._keep("capture", payment["id"], name, answer, frozenset({_OK, _PENDING}))
            if answer.code not in (_OK, _PENDING):
                break
            wanted = self.plan.amount(taken)
            seen = await self._until(
                payment,
                lambda seen, wanted=wanted, last=last: (  # type: ignore[misc]
                    seen["amountCaptured"] == wanted and (not last or seen["status"] == "captured")
                ),
            )
        return seen

    async def _refund(self, payment: dict[str, Any], number: int, minor: int) -> None:
        name = f"{self.name}-back-{number}"
        body = {"amount": self.plan.amount(minor), "reference": name}
        answer = await self._do("refund", payment, name, body)
        self._keep("refund", payment["id"], name, answer, _REFUND_NOS | {_OK, _PENDING})
        if answer.code != _PENDING:
            return
        path = f"/v1/refunds/{answer.data['id']}"

        async def settled() -> bool:
            seen = await persistently(lambda: self.shop.partner.get(path))
            return bool(seen.data["status"] != "pending")

        await until(settled, PATIENCE_S, f"{name} is not settled")

    # Asking

    async def _do(self, verb: str, payment: dict[str, Any], name: str, body: Any = None) -> Answer:
        key = f"KEY-{verb}-{name}"
        return await persistently(lambda: self.shop.do(verb, payment, body, key=key), PATIENCE_S)

    def _keep(
        self, operation: str, payment_id: str, name: str, answer: Answer, expected: frozenset[str]
    ) -> None:
        self.notes.keep(Said(operation, payment_id, name, answer), expected)

    async def _until(
        self, payment: dict[str, Any], done: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """The payment as it is shown, once it is as it should be, or over."""
        if done(payment):
            return payment
        path = f"/v1/payments/{payment['id']}"

        async def seen() -> dict[str, Any] | None:
            answer = await persistently(lambda: self.shop.partner.get(path))
            self.notes.see(answer.data)
            is_over = done(answer.data) or answer.data["status"] in ENDED
            if not is_over:
                await asyncio.sleep(0.2)
            return dict(answer.data) if is_over else None

        return await until(seen, PATIENCE_S, f"{self.name} {payment['id']} goes nowhere")


class BankJourney(Journey):
    """The customer says yes or no at the page of a British test bank."""

    async def _method(self, sale: dict[str, str]) -> dict[str, Any]:
        return {"method": {"type": "bank_redirect", "country": "GB", "bank": self.plan.method}}


class CodeJourney(Journey):
    """The customer pays a Brazilian code in an app: once or twice, mistyped, too late, or never."""

    async def _method(self, sale: dict[str, str]) -> dict[str, Any]:
        return {"method": {"type": "code", "country": self.plan.method}}

    async def _challenge(self, payment: dict[str, Any]) -> dict[str, Any]:
        if self.plan.decision is not Decision.LATE:
            return await super()._challenge(payment)
        ended = await self._until(payment, lambda seen: seen["status"] in ENDED)
        await self._pay(payment)
        return ended

    async def _act(self, payment: dict[str, Any], decision: Decision) -> None:
        match decision:
            case Decision.TWICE:
                await self._pay(payment)
                await self._pay(payment)
            case Decision.MISTYPE:
                await self._pay(payment, self.plan.amount(self.plan.amount_minor - 1))
                await self._pay(payment)
            case _:
                await self._pay(payment)

    async def _pay(self, payment: dict[str, Any], amount: str | None = None) -> None:
        await CodeShop(self.shop).pay(payment, amount)
