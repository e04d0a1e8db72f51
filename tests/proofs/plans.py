"""What each customer of the proof is going to do, drawn from one seed: it can be drawn again."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from tests.evidence import DIGITS

# The sandbox's test cards by what they are for, with how often each is drawn.
ORDINARY: Final = {"4242424242424242": 6, "4000008260000000": 2, "5555555555554444": 2}
CHALLENGED: Final = {"4000000000003220": 8, "4000008400001629": 1, "4000000000003063": 2}
DECLINED: Final = {
    "4000000000000002": 2,
    "4000000000009995": 2,
    "4000000000009979": 1,
    "5200000000000411": 1,
}
# Took the money, and hung, failed, broke off, or decided later; declined, and took it all the same;
# tells everything three times.
STRANGE: Final = {
    "4000000000000341": 3,
    "4000000000000358": 3,
    "4000000000000366": 3,
    "4000000000000374": 3,
    "4000000000000390": 2,
    "4000000000000382": 2,
}
REFUND_FAILS_LATER: Final = {"4000000000000408": 1}
CURRENCIES: Final = ("USD", "EUR", "JPY", "BHD", "BDT")
# Routed to Stripe by a rule of the proof's own.
STRIPE_CURRENCY: Final = "GBP"


class Decision(StrEnum):
    """What the customer does at the issuer's or the bank's page, or in the app; `withdraw` is the
    shop's own cancel.
    """

    APPROVE = "approve"
    FAIL = "fail"
    CANCEL = "cancel"
    REFUSE = "refuse"
    NO_MONEY = "no_money"
    WITHDRAW = "withdraw"
    LEAVE = "leave"
    # Money that pays for nothing: a second time, another amount, too late.
    TWICE = "twice"
    MISTYPE = "mistype"
    LATE = "late"


_D = Decision
_AT_THE_ISSUER: Final[Mapping[str, int]] = {
    _D.APPROVE: 8,
    _D.FAIL: 1,
    _D.CANCEL: 1,
    _D.WITHDRAW: 1,
    _D.LEAVE: 1,
}
_AT_THE_BANK: Final[Mapping[str, int]] = {
    _D.APPROVE: 16,
    _D.REFUSE: 2,
    _D.NO_MONEY: 1,
    _D.WITHDRAW: 2,
    _D.LEAVE: 1,
}
_IN_THE_APP: Final[Mapping[str, int]] = {
    _D.APPROVE: 8,
    _D.WITHDRAW: 1,
    _D.LEAVE: 1,
    _D.TWICE: 3,
    _D.MISTYPE: 2,
    _D.LATE: 2,
}
# The British test banks, which have every trouble there is.
_BANKS: Final = {
    **dict.fromkeys(("SUNNY", "TWICE", "SILENT"), 4),
    **dict.fromkeys(("RAINY", "FOGGY", "STORMY", "FICKLE", "LATE"), 2),
    **dict.fromkeys(("CLOSED", "CLINGY"), 1),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """`parts` are taken one after the other when the money is first reserved; nothing to take means
    that it is given back. `refunds` are all asked for at once: together they may be too much.
    """

    number: int
    # The test card, the test bank, or the country of a code.
    method: str
    amount_minor: int
    currency: str
    decision: Decision
    capture: bool = True
    parts: tuple[int, ...] = ()
    refunds: tuple[int, ...] = ()

    def amount(self, minor: int | None = None) -> str:
        digits = DIGITS[self.currency]
        minor = self.amount_minor if minor is None else minor
        return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


_MIX: Final = {"sale": 40, "parts": 20, "void": 8, "challenge": 14}
_TROUBLE: Final = {"declined": 6, "strange": 16, "failing refund": 3}
# localstripe decides everything at once, and captures once.
_STRIPE_MIX: Final = {"sale": 55, "whole": 18, "void": 9, "challenge": 12}


def sandbox_plans(seed: int, count: int) -> Iterator[Plan]:
    for number in range(count):
        chance = random.Random(f"sandbox {seed} {number}")
        yield _plan(chance, number, _drawn(chance, _MIX | _TROUBLE), chance.choice(CURRENCIES))


def stripe_plans(seed: int, count: int) -> Iterator[Plan]:
    for number in range(count):
        chance = random.Random(f"stripe {seed} {number}")
        what = _drawn(chance, {**_STRIPE_MIX, "declined": 6})
        plan = _plan(chance, number, what, STRIPE_CURRENCY)
        # It knows one card of each kind by the names of Stripe's own documentation.
        known = {"challenge": "4000000000003220", "declined": "4000000000000002"}
        # And its challenges last for a quarter of an hour, for which nobody has time here.
        left = plan.decision is Decision.LEAVE
        yield replace(
            plan,
            method=known.get(what, "4242424242424242"),
            decision=Decision.WITHDRAW if left else plan.decision,
        )


def bank_plans(seed: int, count: int) -> Iterator[Plan]:
    for number in range(count):
        chance = random.Random(f"bank {seed} {number}")
        amount = chance.randrange(300, 50_000)
        decision = Decision(_drawn(chance, _AT_THE_BANK))
        refunds = _refunds(chance, amount)
        currency = chance.choice(("EUR", "USD"))
        yield Plan(number, _drawn(chance, _BANKS), amount, currency, decision, refunds=refunds)


def code_plans(seed: int, count: int) -> Iterator[Plan]:
    for number in range(count):
        chance = random.Random(f"code {seed} {number}")
        amount = chance.randrange(300, 50_000)
        decision = Decision(_drawn(chance, _IN_THE_APP))
        yield Plan(number, "BR", amount, "BRL", decision, refunds=_refunds(chance, amount))


def _plan(chance: random.Random, number: int, what: str, currency: str) -> Plan:
    amount = chance.randrange(300, 50_000)
    plan = Plan(number, _drawn(chance, ORDINARY), amount, currency, Decision.APPROVE)
    match what:
        case "sale":
            return replace(plan, refunds=_refunds(chance, amount))
        case "whole":
            return replace(plan, capture=False, parts=(amount,), refunds=_refunds(chance, amount))
        case "parts":
            parts = _parts(chance, amount)
            return replace(plan, capture=False, parts=parts, refunds=_refunds(chance, sum(parts)))
        case "void":
            return replace(plan, capture=False)
        case "challenge":
            decision = Decision(_drawn(chance, _AT_THE_ISSUER))
            refunds = _refunds(chance, amount)
            return replace(
                plan, method=_drawn(chance, CHALLENGED), decision=decision, refunds=refunds
            )
        case "declined":
            return replace(plan, method=_drawn(chance, DECLINED))
        case "strange":
            return replace(plan, method=_drawn(chance, STRANGE), refunds=_refunds(chance, amount))
        case _:
            return replace(plan, method=_drawn(chance, REFUND_FAILS_LATER), refunds=(amount,))


def _parts(chance: random.Random, amount: int) -> tuple[int, ...]:
    """Two or three, which are all of it or less; the last one gives the rest back."""
    first = chance.randrange(1, amount // 2)
    second = chance.randrange(1, amount - first)
    rest = amount - first - second
    return chance.choice(((first, second), (first, second, rest), (first, amount - first)))


def _refunds(chance: random.Random, captured: int) -> tuple[int, ...]:
    """Mostly none; all at once, in parts, or greedily: then only some of them can succeed."""
    part = max(1, captured // 4)
    some: tuple[tuple[int, ...], ...] = (
        (captured,),
        (part, part),
        (part, captured - part),
        (captured, captured),
        (captured - part,) * 3,
    )
    return chance.choice(some) if chance.random() < 0.4 else ()


def _drawn(chance: random.Random, weighed: Mapping[str, int]) -> str:
    (drawn,) = chance.choices(list(weighed), list(weighed.values()))
    return drawn
