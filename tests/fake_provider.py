"""A card provider in memory: its books, a script for how it takes the next calls, and a log."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from payments.domain.card import Card, Decline
from payments.domain.charge import Answer, ChallengeAsked, Operation, Question, Receipt
from payments.domain.codes import Code
from payments.domain.method import Bank
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.ports.provider import Capabilities, Provider, ProviderUnavailable, Told
from tests.code_fakes import code_over
from tests.fake_dispute_desk import FakeDisputeDesk
from tests.provider_script import (
    BANKS,
    CAPABILITIES,
    DECIDED_AT,
    FAILED_CHALLENGE,
    NOBODY,
    OPEN,
    REFUND_REFUSED,
    WRONG_STATE,
    Booked,
    How,
)


def end_of_time() -> datetime:
    """A clock by which everything has settled: tests that skip time are ahead of the wall clock."""
    return datetime.max.replace(tzinfo=UTC)


@dataclass
class FakeProvider(FakeDisputeDesk):
    """`effects` lists what moved or reserved money, in order: "take pay_x-1 10000"."""

    capabilities: Capabilities = CAPABILITIES
    clock: Callable[[], datetime] = end_of_time
    effects: list[str] = field(default_factory=list)
    books: dict[str, Booked] = field(default_factory=dict)
    script: dict[Operation, deque[How | Decline]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    # It ignores our keys: the same refund again is another one.
    forgets_keys: bool = False
    # By the time it is asked, it has taken what it had declined or was still deciding.
    relents: bool = False
    # By the time it is asked, money has come for a code that it had taken back.
    is_paid_late: bool = False
    challenge_lasts: timedelta = timedelta(minutes=15)
    # Cleared, a call waits after its effect until the test lets it go on.
    gate: asyncio.Event | None = None

    def takes(self, *hows: How | Decline, operation: Operation = Operation.AUTHORIZE) -> None:
        self.script[operation].extend(hows)

    # What the gateway calls

    async def authorize(self, attempt: Attempt) -> Answer:
        self.calls.append(f"authorize {attempt.reference}")
        how = self._how(Operation.AUTHORIZE)
        if (early := self._never_arrived(how)) is not None:
            return early
        if attempt.reference not in self.books:
            self._book(attempt, how)
        return await self._answered(how, self._authorization(attempt))

    async def capture(self, attempt: Attempt, *, key: str, amount: Money, final: bool) -> Answer:
        self.calls.append(f"capture {key}")
        how = self._how(Operation.CAPTURE)
        if (early := self._never_arrived(how)) is not None:
            return early
        if isinstance(how, Decline):
            return Answer(OutcomeKind.DECLINED, decline=how, detail=how.raw)
        booked = self.books[attempt.reference]
        if key not in booked.captures:
            left = booked.amount.minor - sum(booked.captures.values())
            if booked.state != "AUTHORIZED" or amount.minor > left:
                return Answer(OutcomeKind.DECLINED, decline=WRONG_STATE, detail="nothing reserved")
            booked.captures[key] = amount.minor
            self.effects.append(f"capture {key} {amount.minor}")
            if final or amount.minor == left:
                booked.state = "CAPTURED"
        return await self._answered(how, self._captured(booked, key))

    async def void(self, attempt: Attempt) -> Answer:
        self.calls.append(f"void {attempt.reference}")
        how = self._how(Operation.VOID)
        if (early := self._never_arrived(how)) is not None:
            return early
        booked = self.books.get(attempt.reference)
        if booked is not None and booked.state in OPEN:
            booked.state = "CAPTURED" if booked.captures else "VOIDED"
            self.effects.append(f"void {attempt.reference}")
        return await self._answered(how, self._voided(booked))

    async def refund(
        self, attempt: Attempt, *, key: str, amount: Money, receipt: str | None = None
    ) -> Answer:
        self.calls.append(f"refund {key}" + (f" of {receipt}" if receipt else ""))
        how = self._how(Operation.REFUND)
        if (early := self._never_arrived(how)) is not None:
            return early
        booked = self.books[attempt.reference]
        if self.forgets_keys or key not in booked.refunds:
            if isinstance(how, Decline):
                told = Answer(OutcomeKind.DECLINED, decline=how, detail=how.raw)
            elif how is How.PENDING:
                told = Answer(OutcomeKind.PENDING, detail="they decide later")
            else:
                told = self._refunded(key, amount)
            booked.refunds[key] = told
        return await self._answered(how, booked.refunds[key])

    async def inquire(self, question: Question) -> Answer:
        self.calls.append(f"inquire {question.key or question.attempt.reference}")
        if self.unreachable or self.silent:
            return NOBODY
        known = self._known(question)
        if known is not None:
            return known
        if self.clock() < question.sent_by + self.capabilities.settles_within:
            return Answer(OutcomeKind.UNKNOWN, detail="too early to tell")
        return Answer(OutcomeKind.NOT_SENT, detail="they never had it")

    async def card(self, token: str) -> Card | None:
        raise NotImplementedError(token)

    async def banks(self) -> Sequence[Bank]:
        if self.unreachable:
            raise ProviderUnavailable
        return BANKS

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        raise NotImplementedError(raw, headers, now)

    # What happens over there without us

    def approve(self, reference: str, *, minor: int | None = None) -> None:
        """The customer passed the challenge, or the bank decided, perhaps after a "no"."""
        booked = self.books[reference]
        if minor is not None:
            booked.amount = Money(minor, booked.amount.currency)
        self._accept(reference, booked)

    def decline(self, reference: str, decline: Decline = FAILED_CHALLENGE) -> None:
        booked = self.books[reference]
        booked.state, booked.decline = "DECLINED", decline

    def ponder(self, reference: str) -> None:
        """The challenge is over, and the bank thinks."""
        self.books[reference].state = "PENDING"

    def pay(self, reference: str, minor: int | None = None) -> Receipt:
        """Money comes for a code: what was ordered, or as much as is said."""
        booked = self.books[reference]
        amount = booked.amount if minor is None else Money(minor, booked.amount.currency)
        name = f"E{len(booked.receipts) + 1}-{reference}"
        came = Receipt(name, amount, DECIDED_AT)
        booked.receipts.append(came)
        if booked.state == "CHALLENGE" and amount == booked.amount:
            self._accept(reference, booked)
        else:
            self.effects.append(f"receive {came.id} {amount.minor}")
        return came

    def give_up(self, reference: str) -> None:
        """The reservation ends over there."""
        self.books[reference].state = "EXPIRED"

    def take_past_us(self, reference: str) -> None:
        """Somebody captures on the provider's own page."""
        booked = self.books[reference]
        booked.captures["past us"] = booked.amount.minor
        booked.state = "CAPTURED"
        self.effects.append(f"capture past-us {booked.amount.minor}")

    def decide_refund(self, reference: str, key: str, amount: Money | None) -> None:
        """A pending refund succeeds, or with None fails."""
        told = Answer(OutcomeKind.DECLINED, decline=REFUND_REFUSED, detail="refused")
        self.books[reference].refunds[key] = told if amount is None else self._refunded(key, amount)

    # Its books

    def _how(self, operation: Operation) -> How | Decline:
        script = self.script[operation]
        return script.popleft() if script else How.ORDINARY

    def _never_arrived(self, how: How | Decline) -> Answer | None:
        if self.unreachable or how is How.UNREACHABLE:
            return Answer(OutcomeKind.NOT_SENT, detail="connection refused")
        if how is How.TOO_BUSY:
            return Answer(OutcomeKind.NOT_SENT, detail="too many requests", retry_after_s=30)
        return NOBODY if how is How.LOSE_REQUEST else None

    def _book(self, attempt: Attempt, how: How | Decline) -> None:
        order = attempt.order
        amount = order.amount
        if how is How.WRONG_AMOUNT:
            amount = Money(amount.minor * 2, amount.currency)
        payee = "somebody else" if how is How.WRONG_PAYEE else order.partner_id
        sale = order.capture and how is not How.ONLY_RESERVE
        booked = self.books[attempt.reference] = Booked("PENDING", amount, payee, sale)
        if isinstance(how, Decline):
            booked.state, booked.decline = "DECLINED", how
        elif how in (How.CHALLENGE, How.WRONG_CODE):
            booked.state = "CHALLENGE"
            if order.display is not None:
                more = Money(int(how is How.WRONG_CODE), amount.currency)
                booked.code = code_over(amount + more, order.display.country)
            booked.expires_at = datetime.now(UTC) + self.challenge_lasts
        elif how is not How.PENDING:
            self._accept(attempt.reference, booked)

    def _accept(self, reference: str, booked: Booked) -> None:
        booked.state = "CAPTURED" if booked.sale else "AUTHORIZED"
        if booked.sale:
            booked.captures["sale"] = booked.amount.minor
        verb = "take" if booked.sale else "reserve"
        self.effects.append(f"{verb} {reference} {booked.amount.minor}")

    def _authorization(self, attempt: Attempt) -> Answer:
        booked, reference = self.books[attempt.reference], f"acq_{attempt.reference}"
        match booked.state:
            case "AUTHORIZED" | "CAPTURED":
                paid_by = [each.id for each in booked.receipts if each.amount == booked.amount]
                return Answer(
                    OutcomeKind.ACCEPTED,
                    reference=paid_by[0] if paid_by else reference,
                    amount=booked.amount,
                    payee=booked.payee,
                    captured=booked.state == "CAPTURED",
                    at=DECIDED_AT,
                )
            case "CHALLENGE":
                assert booked.expires_at is not None
                url = f"https://acs.test/{attempt.reference}"
                asked = ChallengeAsked(url, booked.expires_at, booked.code)
                return Answer(OutcomeKind.PENDING, reference=reference, challenge=asked)
            case "PENDING":
                return Answer(OutcomeKind.PENDING, reference=reference, detail="they decide later")
            case state:
                decline = booked.decline or Decline(
                    Code.CHALLENGE_EXPIRED if state == "EXPIRED" else Code.CARD_DECLINED, state
                )
                return Answer(
                    OutcomeKind.DECLINED, reference=reference, decline=decline, detail=decline.raw
                )

    def _voided(self, booked: Booked | None) -> Answer:
        if booked is not None and sum(booked.captures.values()) >= booked.amount.minor:
            return Answer(
                OutcomeKind.DECLINED, decline=WRONG_STATE, captured=True, detail="too late"
            )
        return Answer(OutcomeKind.ACCEPTED, detail="nothing is reserved any more")

    def _captured(self, booked: Booked, key: str) -> Answer:
        taken = Money(booked.captures[key], booked.amount.currency)
        return Answer(
            OutcomeKind.ACCEPTED, reference=f"cap_{key}", amount=taken, captured=True, at=DECIDED_AT
        )

    def _refunded(self, key: str, amount: Money) -> Answer:
        self.effects.append(f"refund {key} {amount.minor}")
        return Answer(OutcomeKind.ACCEPTED, reference=f"ref_{key}", amount=amount, at=DECIDED_AT)

    def _known(self, question: Question) -> Answer | None:
        booked = self.books.get(question.attempt.reference)
        if booked is None:
            return None
        if self.relents and booked.state in ("CHALLENGE", "PENDING", "DECLINED"):
            act = self.approve if booked.code is None else self.pay
            act(question.attempt.reference)
        if self.is_paid_late and booked.state == "VOIDED" and not booked.receipts:
            self.pay(question.attempt.reference)
        match question.operation:
            case Operation.VOID:
                return None if booked.state in OPEN else self._voided(booked)
            case Operation.CAPTURE:
                taken = question.key in booked.captures
                return self._captured(booked, question.key) if taken else None
            case Operation.REFUND:
                return booked.refunds.get(question.key)
            case _:
                told = self._authorization(question.attempt)
                return replace(told, receipts=tuple(booked.receipts))

    async def _answered(self, how: How | Decline, answer: Answer) -> Answer:
        if self.gate is not None:
            await self.gate.wait()
        if how is How.BREAK:
            raise KeyError("receipt")
        return NOBODY if how is How.LOSE_ANSWER else answer


@dataclass
class FakeProviders:
    providers: Mapping[str, Provider]

    def get(self, provider_id: str) -> Provider | None:
        return self.providers.get(provider_id)

    def kinds(self) -> Mapping[str, str]:
        return dict.fromkeys(self.providers, "sandbox")

    def vault(self, token: str) -> Provider | None:
        raise NotImplementedError(token)
