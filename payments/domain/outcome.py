"""How a call that moves somebody else's money can end. Unknown is not no."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from payments.domain.codes import Code


class OutcomeKind(StrEnum):
    """Exactly one of these, always.

    ACCEPTED the money moved · DECLINED an answer, nothing moved · NOT_SENT surely nothing happened,
    safe to send again · UNKNOWN it may have happened: ask, never guess · PENDING they have it and
    will decide: ask again later.
    """

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer about one payment. `reference` is theirs, `at` their time of the effect.

    `retry_after_s` is a NOT_SENT biller's own wish for how long to leave it alone.
    """

    kind: OutcomeKind
    code: Code | None = None
    reference: str | None = None
    at: datetime | None = None
    detail: str = ""
    retry_after_s: float | None = None
