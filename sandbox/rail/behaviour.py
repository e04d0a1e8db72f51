"""How a rail may misbehave: told by the control door, or else by the end of the number."""

from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.faults import HANG_LIMIT_MS

RAILS = ("GIRO", "PUSH")
# What each pays, and whether it is paid in the very answer.
PAYS = {"GIRO": "bank", "PUSH": "card"}
AT_ONCE = frozenset({"PUSH"})
DECIDES_AFTER_MS = 300


class Behaviour(StrEnum):
    ORDINARY = "ordinary"
    DECLINE = "decline"
    FAIL_LATER = "fail_later"
    RETURN_LATER = "return_later"
    RETURN_UNPAID = "return_unpaid"
    UNDECIDED = "undecided"
    REFUSE = "refuse"
    HANG_BEFORE_EFFECT = "hang_before_effect"
    HANG_AFTER_EFFECT = "hang_after_effect"
    ERROR_BEFORE_EFFECT = "error_before_effect"
    ERROR_AFTER_EFFECT = "error_after_effect"
    RESET_AFTER_EFFECT = "reset_after_effect"
    GARBAGE_AFTER_EFFECT = "garbage_after_effect"
    LYING_AMOUNT = "lying_amount"


STORIES = {
    Behaviour.ORDINARY: "paid",
    Behaviour.DECLINE: "not taken: HTTP 422 ACCOUNT_CLOSED",
    Behaviour.FAIL_LATER: "taken, then FAILED: ACCOUNT_UNKNOWN",
    Behaviour.RETURN_LATER: "paid, then RETURNED: BENEFICIARY_REFUSED",
    Behaviour.RETURN_UNPAID: "taken, then RETURNED without ever being paid",
    Behaviour.UNDECIDED: "taken, and nothing more until a hand moves it",
    Behaviour.REFUSE: "HTTP 503 UNAVAILABLE before anything is looked at",
    Behaviour.HANG_BEFORE_EFFECT: "nothing is booked and nothing is answered",
    Behaviour.HANG_AFTER_EFFECT: "booked, nothing is answered; then paid",
    Behaviour.ERROR_BEFORE_EFFECT: "HTTP 500, nothing is booked",
    Behaviour.ERROR_AFTER_EFFECT: "booked, HTTP 500; then paid",
    Behaviour.RESET_AFTER_EFFECT: "booked, TCP reset; then paid",
    Behaviour.GARBAGE_AFTER_EFFECT: "booked, half an answer; then paid",
    Behaviour.LYING_AMOUNT: "the answer tells one minor unit more than was booked",
}
# The last two characters of the number decide, the first time a transfer is asked for.
ENDINGS = {
    "01": Behaviour.DECLINE,
    "02": Behaviour.FAIL_LATER,
    "03": Behaviour.RETURN_LATER,
    "04": Behaviour.UNDECIDED,
    "06": Behaviour.HANG_AFTER_EFFECT,
    "07": Behaviour.ERROR_AFTER_EFFECT,
    "08": Behaviour.ERROR_BEFORE_EFFECT,
    "09": Behaviour.RETURN_UNPAID,
}
# Verification refuses this one; webhooks about the others come as often as it says.
REFUSED_ENDING = "05"
WEBHOOK_COPIES = {"10": 3, "11": 0}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the control door told one rail. Only the behaviour is used up by `times_left`."""

    behaviour: Behaviour = Behaviour.ORDINARY
    times_left: int | None = None
    decides_after_ms: int = DECIDES_AFTER_MS
    webhooks: bool = True


class Conduct:
    """The setting of every rail. In memory only: a restarted sandbox behaves itself."""

    def __init__(self) -> None:
        self._settings = dict.fromkeys(RAILS, Setting())

    def of(self, rail: str) -> Setting:
        return self._settings[rail]

    def tell(self, rail: str, setting: Setting) -> None:
        self._settings[rail] = setting

    def take(self, rail: str) -> Behaviour:
        """What happens to this request; each call uses up one of the setting's times."""
        setting = self._settings[rail]
        if setting.times_left == 1:
            self.tell(rail, replace(setting, behaviour=Behaviour.ORDINARY, times_left=None))
        elif setting.times_left is not None:
            self.tell(rail, replace(setting, times_left=setting.times_left - 1))
        return setting.behaviour


HANG_S = HANG_LIMIT_MS / 1000
