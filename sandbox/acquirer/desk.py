"""What an acquirer does when it is asked: authorise, capture, void, refund; and what it refuses."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.acquirer import amounts, verdicts
from sandbox.acquirer.banks import BANKS, UNCHOSEN, offered
from sandbox.acquirer.behaviour import Behaviour, Conduct, Instruction
from sandbox.acquirer.books import Books, Request
from sandbox.acquirer.codes import APP, scheme_for
from sandbox.acquirer.entries import (
    BankChosen,
    Captured,
    Decided,
    Opened,
    Order,
    PaymentState,
    Received,
    RefundDecided,
    Refunded,
    RefundState,
    Verdict,
    Voided,
)
from sandbox.acquirer.methods import BANK_REDIRECT, CODE
from sandbox.acquirer.names import new_name
from sandbox.acquirer.payer import Decision, Payer
from sandbox.acquirer.payments import UNDECIDED, Payment
from sandbox.acquirer.vault import Vault
from sandbox.answers import Refused, invalid
from sandbox.moments import now

REFUND_REJECTED = "REFUND_REJECTED"
_MISSING = {BANK_REDIRECT: "BANK_NOT_FOUND", CODE: "SCHEME_NOT_FOUND"}
# Longer than anybody waits for an answer, so that a pending one is always heard of first.
REFUND_DELAY = timedelta(seconds=6)
# Ended without a word of the customer's.
_UNANSWERED = frozenset({PaymentState.EXPIRED, PaymentState.VOIDED})


class NoAnswer(ValueError):
    """Nothing that this page asks the customer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request about money: its own reference, its amount, and how it may be a repeat."""

    reference: str
    amount_minor: int
    key: str | None
    honoured: bool


@dataclass(frozen=True, slots=True)
class Desk:
    books: Books
    vault: Vault
    conduct: Conduct

    def authorize(
        self, acquirer: str, order: Order, asked: Asked, instruction: Instruction
    ) -> tuple[Payment, bool]:
        """The payment, and whether it is new."""
        if asked.honoured:
            self._check_key(acquirer, order.reference, asked)
            earlier = self.books.payment(acquirer, order.reference)
            if earlier is not None:
                if earlier.order != order:
                    raise Refused(409, "REFERENCE_USED")
                return earlier, False
        payer = self.payer_for(order)
        if payer is None:
            raise Refused(422, _MISSING.get(order.method, "METHOD_NOT_FOUND"))
        moment = now()
        verdict = verdicts.first(
            *(order, payer, instruction),
            moment=moment,
            challenge_ms=self.conduct.of(acquirer).challenge_life_ms,
        )
        opened = Opened(moment, acquirer, new_name("acq"), order, asked.key, verdict)
        self.books.enter(opened)
        return self.books.by_id(opened.id), True

    def answer_challenge(self, payment: Payment, decision: Decision) -> None:
        """The first answer counts; a late or a second one changes nothing.

        Raises NoAnswer for what this page does not ask.
        """
        payer = self.payer_of(payment)
        answered = payer.answered(decision)
        if answered is None:
            raise NoAnswer(decision)
        if payment.state is PaymentState.CHALLENGE or (
            decision is Decision.APPROVE and self.may_answer_late(payment)
        ):
            self._decide(payment, verdicts.answered(payment, payer, answered, now()))

    def may_answer_late(self, payment: Payment) -> bool:
        return payment.state in _UNANSWERED and self.payer_of(payment).counts_late

    def receive(self, payment: Payment, amount_minor: int) -> str:
        """Money comes for a code, whenever and however much: its id. The exact amount in time pays,
        once.
        """
        order, moment = payment.order, now()
        is_paid = (
            payment.state is PaymentState.CHALLENGE
            and not _is_over(payment, moment)
            and amount_minor == order.amount_minor
        )
        verdict = verdicts.granted(order, payment.three_ds) if is_paid else None
        receipt_id = new_name("e2e")
        self.books.enter(Received(moment, payment.id, receipt_id, amount_minor, verdict))
        return receipt_id

    def choose_bank(self, payment: Payment, bank_id: str) -> None:
        """The first choice counts. Raises NoAnswer for a bank that is not to be chosen here."""
        order = payment.order
        bank = BANKS.get(bank_id)
        if bank is None or bank not in offered(order.country, order.currency):
            raise NoAnswer(bank_id)
        if payment.state is not PaymentState.CHALLENGE or payment.bank is not None:
            return
        self.books.enter(BankChosen(now(), payment.id, bank_id))
        if bank.instruction.behaviour is Behaviour.DECLINE:
            self._decide(payment, verdicts.declined_by(bank, bank.instruction))

    def come_due(self, payment: Payment, moment: datetime) -> None:
        """Do what has been waiting for this moment."""
        if payment.due_at is not None and payment.due_at <= moment:
            self._decide(payment, verdicts.granted(payment.order, payment.three_ds))
        if payment.state is PaymentState.CHALLENGE and _is_over(payment, moment):
            self._decide(payment, verdicts.expired(self.payer_of(payment)))
        for refund in list(payment.refunds.values()):
            if refund.due_at is not None and refund.due_at <= moment:
                fails = self.payer_of(payment).refunds_fail_later
                state = RefundState.FAILED if fails else RefundState.SUCCEEDED
                self.decide_refund(payment, refund.refund_id, state)

    def capture(self, payment: Payment, asked: Asked, *, final: bool) -> bool:
        """Whether it is new."""
        if asked.honoured:
            self._check_key(payment.acquirer, payment.order.reference, asked)
            known = payment.capture_named(asked.reference)
            if known is not None:
                return _repeated(known.amount_minor, asked)
        if payment.state is not PaymentState.AUTHORIZED:
            raise wrong_state(payment)
        if asked.amount_minor > payment.capturable_minor:
            raise Refused(422, "AMOUNT_TOO_LARGE")
        self.books.enter(
            Captured(
                at=now(),
                id=payment.id,
                capture_id=new_name("cap"),
                reference=asked.reference,
                amount_minor=asked.amount_minor,
                final=final,
                key=asked.key,
            )
        )
        return True

    def void(self, payment: Payment, key: str | None) -> None:
        if payment.released:
            return
        if payment.state not in UNDECIDED | {PaymentState.AUTHORIZED}:
            raise wrong_state(payment)
        self.books.enter(Voided(now(), payment.id, key))

    def refund(
        self,
        payment: Payment,
        asked: Asked,
        instruction: Instruction,
        receipt: str | None = None,
    ) -> bool:
        """Whether it is new. `receipt` goes back instead of what was captured."""
        if receipt == payment.paid_by:
            receipt = None
        if asked.honoured:
            self._check_key(payment.acquirer, payment.order.reference, asked)
            known = payment.refund_named(asked.reference)
            if known is not None:
                return _repeated(known.amount_minor, asked)
        if payment.captured_minor == 0 and receipt is None:
            raise wrong_state(payment)
        over = asked.amount_minor > payment.refundable_minor(receipt)
        if over and not self.conduct.of(payment.acquirer).allow_over_refund:
            raise Refused(422, "AMOUNT_TOO_LARGE")
        moment = now()
        state, reason, due_at = RefundState.SUCCEEDED, None, None
        if instruction.behaviour is Behaviour.DECLINE:
            state, reason = RefundState.FAILED, REFUND_REJECTED
        elif self.payer_of(payment).refunds_fail_later:
            state, due_at = RefundState.PENDING, moment + REFUND_DELAY
        elif instruction.behaviour is Behaviour.PENDING:
            state, due_at = RefundState.PENDING, moment + timedelta(seconds=instruction.delay_s)
        self.books.enter(
            Refunded(
                at=moment,
                id=payment.id,
                refund_id=new_name("ref"),
                reference=asked.reference,
                amount_minor=asked.amount_minor,
                state=state,
                reason=reason,
                due_at=due_at,
                key=asked.key,
                receipt=receipt,
            )
        )
        return True

    def decide_refund(self, payment: Payment, refund_id: str, state: RefundState) -> None:
        reason = REFUND_REJECTED if state is RefundState.FAILED else None
        self.books.enter(RefundDecided(now(), payment.id, refund_id, state, reason))

    def payer_for(self, order: Order) -> Payer | None:
        """The card, the bank or the app that is ordered; None when we do not know it."""
        if order.method == CODE:
            return None if scheme_for(order) is None else APP
        if order.country is None:
            return self.vault.card(order.method)
        there = offered(order.country, order.currency)
        if order.bank is None:
            return UNCHOSEN if there else None
        return next((bank for bank in there if bank.id == order.bank), None)

    def payer_of(self, payment: Payment) -> Payer:
        payer = BANKS[payment.bank] if payment.bank else self.payer_for(payment.order)
        assert payer is not None, "a payment is only opened for somebody that we know"
        return payer

    def _decide(self, payment: Payment, verdict: Verdict) -> None:
        self.books.enter(Decided(now(), payment.id, verdict))

    def _check_key(self, acquirer: str, reference: str, asked: Asked) -> None:
        earlier = self.books.request_of(acquirer, asked.key) if asked.key is not None else None
        if earlier not in (None, Request(reference, asked.reference, asked.amount_minor)):
            raise Refused(422, "KEY_REUSED")


def wrong_state(payment: Payment) -> Refused:
    return Refused(409, "WRONG_STATE", state=payment.state)


def amount_of(text: str, currency: str) -> int:
    amount_minor = amounts.minor(text, currency)
    if amount_minor is None:
        raise invalid("amount", f"is no amount of {currency} above zero")
    return amount_minor


def _is_over(payment: Payment, moment: datetime) -> bool:
    return payment.challenge is not None and payment.challenge.expires_at <= moment


def _repeated(known_minor: int, asked: Asked) -> bool:
    if known_minor != asked.amount_minor:
        raise Refused(409, "REFERENCE_USED")
    return False
