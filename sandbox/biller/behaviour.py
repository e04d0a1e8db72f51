"""How a biller may misbehave, told by the control endpoint or else by the bill number."""

from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.biller.billers import BillId
from sandbox.faults import HANG_LIMIT_MS, SLOW_MS


class Behaviour(StrEnum):
    ORDINARY = "ordinary"
    DECLINE = "decline"
    SLOW = "slow"
    PENDING = "pending"
    HANG_BEFORE_EFFECT = "hang_before_effect"
    HANG_AFTER_EFFECT = "hang_after_effect"
    ERROR_BEFORE_EFFECT = "error_before_effect"
    ERROR_AFTER_EFFECT = "error_after_effect"
    RESET_AFTER_EFFECT = "reset_after_effect"
    GARBAGE_AFTER_EFFECT = "garbage_after_effect"
    PAID_ELSEWHERE = "paid_elsewhere"
    DOWN = "down"


class Operation(StrEnum):
    LOOKUP = "lookup"
    HOLD = "hold"
    RELEASE = "release"
    PAY = "pay"
    CONFIRM = "confirm"


# What each behaviour waits when the control endpoint names no delay; the others do not wait.
DEFAULT_DELAY_MS = {
    Behaviour.SLOW: SLOW_MS,
    Behaviour.PENDING: SLOW_MS,
    Behaviour.HANG_BEFORE_EFFECT: HANG_LIMIT_MS,
    Behaviour.HANG_AFTER_EFFECT: HANG_LIMIT_MS,
}

# These are answers to a payment; they say nothing about a lookup or a hold.
ONLY_FOR_PAY = frozenset({Behaviour.DECLINE, Behaviour.PENDING, Behaviour.PAID_ELSEWHERE})

# What a biller without a reason of its own declines with.
DEFAULT_REASON = "ACCOUNT_BLOCKED"


@dataclass(frozen=True, slots=True)
class Instruction:
    """What happens to one request."""

    behaviour: Behaviour = Behaviour.ORDINARY
    reason: str = DEFAULT_REASON
    delay_ms: int = 0

    @property
    def delay_s(self) -> float:
        return self.delay_ms / 1000


ORDINARY = Instruction()


@dataclass(frozen=True, slots=True)
class NumberRule:
    """What the last two digits of a bill number do to its payments."""

    instruction: Instruction
    story: str
    # A fault of the wire happens once, so that the bill can still be paid by trying again.
    first_attempt_only: bool = False


def _rule(behaviour: Behaviour, story: str, *, once: bool = False, reason: str = "") -> NumberRule:
    instruction = Instruction(
        behaviour, reason or DEFAULT_REASON, DEFAULT_DELAY_MS.get(behaviour, 0)
    )
    return NumberRule(instruction, story, first_attempt_only=once)


# 99 is not here: such a bill does not exist at all (see Biller.knows).
NUMBER_RULES = {
    "90": _rule(Behaviour.DECLINE, "declined: ACCOUNT_BLOCKED", reason="ACCOUNT_BLOCKED"),
    "91": _rule(Behaviour.DECLINE, "declined: LIMIT_EXCEEDED", reason="LIMIT_EXCEEDED"),
    "92": _rule(Behaviour.SLOW, "paid after 6 s; until then the payment is PENDING"),
    "93": _rule(Behaviour.HANG_AFTER_EFFECT, "paid, but the answer never comes", once=True),
    "94": _rule(Behaviour.ERROR_AFTER_EFFECT, "paid, but answers HTTP 500", once=True),
    "95": _rule(Behaviour.RESET_AFTER_EFFECT, "paid, but the connection is reset", once=True),
    "96": _rule(Behaviour.GARBAGE_AFTER_EFFECT, "paid, but the JSON is cut short", once=True),
    "97": _rule(Behaviour.PAID_ELSEWHERE, "paid elsewhere between hold and pay: ALREADY_PAID"),
    "98": _rule(Behaviour.HANG_BEFORE_EFFECT, "hangs and nothing is paid; try again", once=True),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the control endpoint told one biller."""

    instruction: Instruction = ORDINARY
    operations: frozenset[Operation] = frozenset({Operation.PAY})
    times_left: int | None = None
    honour_idempotency_keys: bool = True

    @property
    def is_down(self) -> bool:
        return self.instruction.behaviour is Behaviour.DOWN


class Conduct:
    """The setting of every biller. It lives in memory only: a restarted sandbox behaves itself."""

    def __init__(self) -> None:
        self._settings: dict[str, Setting] = {}

    def of(self, biller: str) -> Setting:
        return self._settings.get(biller, Setting())

    def tell(self, biller: str, setting: Setting) -> None:
        self._settings[biller] = setting

    def reset(self, biller: str) -> None:
        self._settings.pop(biller, None)

    @property
    def anybody_down(self) -> bool:
        return any(setting.is_down for setting in self._settings.values())

    def take(self, operation: Operation, bill: BillId, *, attempts: int) -> Instruction:
        """Decide what happens to this request; each call uses up one of the setting's times."""
        told = self._told(bill.biller, operation)
        if told.behaviour is not Behaviour.ORDINARY:
            return told
        rule = NUMBER_RULES.get(bill.number[-2:])
        if operation is not Operation.PAY or rule is None:
            return ORDINARY
        if rule.first_attempt_only and attempts > 0:
            return ORDINARY
        return rule.instruction

    def _told(self, biller: str, operation: Operation) -> Instruction:
        setting = self.of(biller)
        if setting.is_down or operation not in setting.operations:
            # A request that still reaches a biller that is down was on its way before it closed.
            return ORDINARY
        if setting.times_left is None:
            return setting.instruction
        if setting.times_left == 1:
            self.tell(biller, Setting(honour_idempotency_keys=setting.honour_idempotency_keys))
        else:
            self.tell(biller, replace(setting, times_left=setting.times_left - 1))
        return setting.instruction
