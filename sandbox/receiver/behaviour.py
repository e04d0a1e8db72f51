"""How a receiver may misbehave, as the control door tells it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sandbox.faults import HANG_LIMIT_MS, SLOW_MS


class Behaviour(StrEnum):
    ORDINARY = "ordinary"
    SLOW = "slow"
    DEAD = "dead"
    REFUSE = "refuse"
    FLAPPING = "flapping"
    REDIRECTING = "redirecting"
    ENDLESS = "endless"
    GARBAGE = "garbage"
    GONE = "gone"
    BUSY = "busy"
    ERROR = "error"


# What each waits when the control door names no delay; the others do not wait.
DEFAULT_DELAY_MS: Final = {
    Behaviour.SLOW: SLOW_MS,
    Behaviour.DEAD: HANG_LIMIT_MS,
    # Between two pieces of an answer that never ends.
    Behaviour.ENDLESS: 10,
}
DEFAULT_RETRY_AFTER_S: Final = 2
DEFAULT_STATUS: Final = 500
DEFAULT_FAILURES: Final = 1


@dataclass(frozen=True, slots=True)
class Setting:
    """What the control door told one receiver. `failed` counts the failures of this round."""

    behaviour: Behaviour = Behaviour.ORDINARY
    delay_ms: int = 0
    retry_after_s: int = DEFAULT_RETRY_AFTER_S
    status: int = DEFAULT_STATUS
    failures: int = DEFAULT_FAILURES
    times_left: int | None = None
    failed: int = 0

    @property
    def delay_s(self) -> float:
        return self.delay_ms / 1000


class Conduct:
    """The setting of every receiver. It lives in memory only: a restart makes all of them kind."""

    def __init__(self) -> None:
        self._settings: dict[str, Setting] = {}

    def of(self, name: str) -> Setting:
        return self._settings.get(name, Setting())

    def tell(self, name: str, setting: Setting) -> None:
        self._settings[name] = setting

    def reset(self, name: str) -> None:
        self._settings.pop(name, None)

    def take(self, name: str) -> Setting:
        """Decide what happens to this request; each call uses up one of the setting's times."""
        told = self.of(name)
        if told.behaviour is Behaviour.ORDINARY:
            return told
        now = told
        if told.behaviour is Behaviour.FLAPPING:
            is_up = told.failed == told.failures
            now = Setting() if is_up else replace(told, behaviour=Behaviour.ERROR)
            told = replace(told, failed=0 if is_up else told.failed + 1)
        if told.times_left == 1:
            self.reset(name)
        elif told.times_left is not None:
            self.tell(name, replace(told, times_left=told.times_left - 1))
        else:
            self.tell(name, told)
        return now
