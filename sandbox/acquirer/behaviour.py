"""How an acquirer may misbehave, told by the control door or else by the test card."""

from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.faults import HANG_LIMIT_MS, SLOW_MS

ACQUIRERS = ("NORTH", "SOUTH")


class Behaviour(StrEnum):
    ORDINARY = "ordinary"
    DECLINE = "decline"
    SLOW = "slow"
    PENDING = "pending"
    CONTRADICT = "contradict"
    HANG_BEFORE_EFFECT = "hang_before_effect"
    HANG_AFTER_EFFECT = "hang_after_effect"
    ERROR_BEFORE_EFFECT = "error_before_effect"
    ERROR_AFTER_EFFECT = "error_after_effect"
    RESET_AFTER_EFFECT = "reset_after_effect"
    GARBAGE_AFTER_EFFECT = "garbage_after_effect"
    REFUSE = "refuse"
    LYING_KEYS = "lying_keys"
    LYING_AMOUNT = "lying_amount"
    LYING_CURRENCY = "lying_currency"
    LYING_PAYEE = "lying_payee"
    LYING_CODE = "lying_code"
    BROKEN_CODE = "broken_code"
    DOWN = "down"


class Operation(StrEnum):
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    INQUIRE = "inquire"
    TOKEN = "token"
    BANKS = "banks"
    DISPUTE = "dispute"
    FILE = "file"
    EVIDENCE = "evidence"
    ACCEPT = "accept"


STORIES = {
    Behaviour.ORDINARY: "what the card, the bank or the app says",
    Behaviour.DECLINE: "declined with `reason` (default DO_NOT_HONOR); a refund FAILS; evidence"
    " is refused",
    Behaviour.SLOW: "authorisations are PENDING until the delay is over, then booked and answered;"
    " other operations are booked at once and answered late",
    Behaviour.PENDING: "PENDING at once, or once the customer has approved; booked when the delay"
    " is over",
    Behaviour.CONTRADICT: "declined, at once or once the customer has approved; booked all the same"
    " when the delay is over",
    Behaviour.HANG_BEFORE_EFFECT: "nothing is booked and nothing is answered; then cut",
    Behaviour.HANG_AFTER_EFFECT: "booked, nothing is answered; then cut",
    Behaviour.ERROR_BEFORE_EFFECT: "HTTP 500, nothing is booked",
    Behaviour.ERROR_AFTER_EFFECT: "booked, HTTP 500",
    Behaviour.RESET_AFTER_EFFECT: "booked, TCP reset",
    Behaviour.GARBAGE_AFTER_EFFECT: "booked, HTTP 200 with JSON cut in the middle",
    Behaviour.REFUSE: "HTTP 503 `UNAVAILABLE` before anything is looked at",
    Behaviour.LYING_KEYS: "every repeat is booked again, whatever its key and reference",
    Behaviour.LYING_AMOUNT: "the answer tells one minor unit more than was booked",
    Behaviour.LYING_CURRENCY: "the answer tells another currency",
    Behaviour.LYING_PAYEE: "the answer tells another payee",
    Behaviour.LYING_CODE: "the code that is to be shown asks for one minor unit more",
    Behaviour.BROKEN_CODE: "the check sum of the code that is to be shown does not fit",
    Behaviour.DOWN: "the listener is closed and its connections are cut, for all acquirers, the"
    " vault and the pages, since they share it",
}

# What each behaviour waits when nobody names a delay; the others do not wait.
DEFAULT_DELAY_MS = {
    Behaviour.SLOW: SLOW_MS,
    Behaviour.PENDING: 3_000,
    Behaviour.CONTRADICT: 3_000,
    Behaviour.HANG_BEFORE_EFFECT: HANG_LIMIT_MS,
    Behaviour.HANG_AFTER_EFFECT: HANG_LIMIT_MS,
}

# Behaviours that say something about these operations alone; the others fit all of them.
_DECIDED = frozenset({Operation.AUTHORIZE, Operation.REFUND})
_REFUSED = _DECIDED | {Operation.EVIDENCE, Operation.ACCEPT}
_BOOKED = frozenset({Operation.AUTHORIZE, Operation.CAPTURE, Operation.REFUND})
_TOLD = frozenset(set(Operation) - {Operation.TOKEN, Operation.BANKS, Operation.FILE})
ONLY_FOR = {
    Behaviour.DECLINE: _REFUSED,
    Behaviour.PENDING: _DECIDED,
    Behaviour.CONTRADICT: frozenset({Operation.AUTHORIZE}),
    Behaviour.LYING_KEYS: _BOOKED,
    Behaviour.LYING_AMOUNT: _TOLD,
    Behaviour.LYING_CURRENCY: _TOLD,
    Behaviour.LYING_PAYEE: _TOLD,
    Behaviour.LYING_CODE: _TOLD,
    Behaviour.BROKEN_CODE: _TOLD,
}

DEFAULT_REASON = "DO_NOT_HONOR"
AUTHORIZE_ONLY = frozenset({Operation.AUTHORIZE})
CHALLENGE_LIFE_MS = 600_000


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


def instruction_for(behaviour: Behaviour, *, reason: str = DEFAULT_REASON) -> Instruction:
    return Instruction(behaviour, reason, DEFAULT_DELAY_MS.get(behaviour, 0))


@dataclass(frozen=True, slots=True)
class Setting:
    """What the control door told one acquirer. Only the instruction is used up by `times`."""

    instruction: Instruction = ORDINARY
    operations: frozenset[Operation] = AUTHORIZE_ONLY
    times_left: int | None = None
    honour_idempotency_keys: bool = True
    allow_over_refund: bool = False
    challenge_life_ms: int = CHALLENGE_LIFE_MS
    webhooks: bool = True
    webhook_copies: int = 1
    webhook_delay_ms: int = 0

    @property
    def is_down(self) -> bool:
        return self.instruction.behaviour is Behaviour.DOWN


class Conduct:
    """The setting of every acquirer. In memory only: a restarted sandbox behaves itself."""

    def __init__(self) -> None:
        self._settings = dict.fromkeys(ACQUIRERS, Setting())

    def of(self, acquirer: str) -> Setting:
        return self._settings[acquirer]

    def tell(self, acquirer: str, setting: Setting) -> None:
        self._settings[acquirer] = setting

    def reset(self, acquirer: str) -> None:
        self._settings[acquirer] = Setting()

    @property
    def anybody_down(self) -> bool:
        return any(setting.is_down for setting in self._settings.values())

    def take(self, operation: Operation, acquirer: str) -> Instruction:
        """Decide what happens to this request; each call uses up one of the setting's times."""
        setting = self._settings[acquirer]
        if setting.is_down or operation not in setting.operations:
            # A request that still reaches an acquirer that is down was on its way already.
            return ORDINARY
        if setting.times_left == 1:
            self.tell(acquirer, replace(setting, instruction=ORDINARY, times_left=None))
        elif setting.times_left is not None:
            self.tell(acquirer, replace(setting, times_left=setting.times_left - 1))
        return setting.instruction
