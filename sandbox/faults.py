"""The faults of the wire that every door can have: before the effect, or after it."""

from enum import StrEnum

from starlette.responses import Response

from sandbox.answers import Garbage, Hanging, Reset, server_error

HANG_LIMIT_MS = 120_000
SLOW_MS = 6_000


class Fault(StrEnum):
    """The names are those of the doors' own behaviours, and mean the same at each."""

    HANG_BEFORE_EFFECT = "hang_before_effect"
    HANG_AFTER_EFFECT = "hang_after_effect"
    ERROR_BEFORE_EFFECT = "error_before_effect"
    ERROR_AFTER_EFFECT = "error_after_effect"
    RESET_AFTER_EFFECT = "reset_after_effect"
    GARBAGE_AFTER_EFFECT = "garbage_after_effect"


def unserved(behaviour: str, delay_s: float) -> Response | None:
    """The answer to a request that is not even looked at; None when it is."""
    match behaviour:
        case Fault.HANG_BEFORE_EFFECT:
            return Hanging(delay_s)
        case Fault.ERROR_BEFORE_EFFECT:
            return server_error()
        case _:
            return None


def spoiled(answer: Response, behaviour: str, delay_s: float) -> Response:
    """The effect is booked; what the caller gets to see of it is another matter."""
    match behaviour:
        case Fault.HANG_AFTER_EFFECT:
            return Hanging(delay_s)
        case Fault.ERROR_AFTER_EFFECT:
            return server_error()
        case Fault.RESET_AFTER_EFFECT:
            return Reset()
        case Fault.GARBAGE_AFTER_EFFECT:
            return Garbage(answer)
        case _:
            return answer
