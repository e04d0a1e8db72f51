"""Steps of a payment in our own house: risk, route and record. No call to anybody else."""

from temporalio import activity

from activities import failures
from payments.domain.card_steps import LateMoney, Onward
from payments.domain.payment import Attempt, Begun, Fact, Payment, PaymentOrder, PaymentStatus
from payments.domain.routing import Retries
from payments.ports.payments import Payments
from payments.ports.risk import Risk
from payments.ports.routing import Router

_UNWANTED = (PaymentStatus.FAILED, PaymentStatus.CANCELED, PaymentStatus.EXPIRED)


class PaymentActivities:
    """Keys are the payment's id and the attempt's reference: the same write twice is one write."""

    def __init__(self, payments: Payments, risk: Risk, router: Router) -> None:
        self._payments = payments
        self._risk = risk
        self._router = router

    @activity.defn(name="payments.begin")
    async def begin(self, order: PaymentOrder) -> Begun:
        """Assess, route, and write down that the payment begins, or why it must not."""
        assessment = await self._risk.assess(order)
        with failures.translated():
            await self._router.fresh()
            retries = await self._retries(order)
            decision = self._router.route(order, retries)
            return await self._payments.begin(order, assessment, decision)

    @activity.defn(name="payments.onward")
    async def onward(self, onward: Onward) -> Attempt | None:
        """The next attempt, when networks and switches still allow one. Writes both down."""
        attempt, order = onward.attempt, onward.attempt.order
        with failures.translated():
            await self._router.fresh()
            retries = await self._retries(order)
            allowed = self._router.route(order, retries).providers
            provider = next((each for each in onward.providers if each in allowed), None)
            following = None
            if provider is not None:
                following = Attempt(order, attempt.number + 1, provider, onward.challenge)
            if onward.answer is not None:
                await self._payments.attempted(attempt, onward.answer, following)
        return following

    @activity.defn(name="payments.move")
    async def move(self, fact: Fact) -> Payment:
        """Write what became of the payment: read model, ledger and event at once."""
        with failures.translated():
            return await self._payments.move(fact)

    @activity.defn(name="payments.suspend")
    async def suspend(self, attempt: Attempt) -> None:
        """Nobody knows the outcome: what may have been taken waits in suspense."""
        with failures.translated():
            await self._payments.suspend(attempt)

    @activity.defn(name="payments.unwanted")
    async def unwanted(self, attempt: Attempt) -> bool:
        """Whether the payment does not want what this attempt moved, or ever will."""
        with failures.translated():
            named = await self._payments.named(attempt.reference)
        return named is not None and (not named.is_latest or named.payment.status in _UNWANTED)

    @activity.defn(name="payments.late")
    async def late(self, money: LateMoney) -> None:
        """Money moved after we had said that it would not: it waits for its way back."""
        with failures.translated():
            await self._payments.late(money.attempt, money.amount, captured=money.captured)

    @activity.defn(name="payments.reversed")
    async def reversed(self, money: LateMoney) -> None:
        """The late money went back."""
        with failures.translated():
            await self._payments.reversed(money.attempt, money.amount, captured=money.captured)

    async def _retries(self, order: PaymentOrder) -> Retries:
        """Only the networks of cards count."""
        if order.card is None:
            return Retries()
        return await self._payments.retries(order.partner_id, order.card.fingerprint, order.amount)
