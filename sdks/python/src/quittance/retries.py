"""When a question is asked again, and after which pause. Always the same key, never a new one."""

import random
from dataclasses import dataclass

from quittance.codes import Code
from quittance.errors import ApiError, ForgedAnswer, QuittanceError, TransportError


@dataclass(frozen=True, slots=True)
class Retries:
    """Pauses double from `first_pause_s` up to `longest_pause_s`, each with jitter.

    A gateway that asks for more than `longest_wait_s` (Retry-After) is not waited for: the error
    is raised at once with its `retry_after_s`, because only the caller knows if that is too long.
    """

    max_attempts: int = 4
    first_pause_s: float = 0.2
    longest_pause_s: float = 5.0
    longest_wait_s: float = 30.0

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError("max_attempts must be at least 1")

    def pause_s(self, error: QuittanceError, attempt: int) -> float | None:
        """How long to wait before the next attempt, or None to give up. The first attempt is 1."""
        if attempt >= self.max_attempts or not worth_repeating(error):
            return None
        asked_s = (error.retry_after_s if isinstance(error, ApiError) else None) or 0.0
        if asked_s > self.longest_wait_s:
            return None
        # The exponent is bounded because nobody needs 2**1000 before taking the minimum.
        backoff_s = min(self.longest_pause_s, self.first_pause_s * 2.0 ** min(attempt - 1, 30))
        # Jitter keeps partners that failed together from coming back together.
        jittered_s = backoff_s * random.uniform(0.5, 1.0)  # noqa: S311  not a secret
        # Never earlier than asked, and not all at the very moment that was named to everybody.
        return asked_s + jittered_s if asked_s else jittered_s


def worth_repeating(error: QuittanceError) -> bool:
    """Narrower than `retryable`: a locked bill may be free later, but not after some seconds."""
    match error:
        case TransportError() | ForgedAnswer():
            return error.retryable
        case ApiError():
            return error.http_status in {429, 503} or error.code == Code.P5102
        case _:
            return False
