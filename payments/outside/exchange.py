"""What went over the wire in the call under way, for the row that a dispute may need one day.

A client writes down the raw answer; whoever records the call reads it. Both run in one task, so a
context variable carries it and no port has to.
"""

import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from payments.domain.card_numbers import redact, redact_all

_LONGEST_TEXT: Final = 8_000
# No evidence: people, cards, and what lets somebody act in another's name. They are dropped from
# what is kept, with everything inside them.
_PRIVATE: Final = frozenset(
    {"customerName", "holder", "billing_details", "shipping", "receipt_email", "email", "phone"}
    | {"name", "line1", "line2", "postal_code"}
    | {"number", "cvc", "bin", "iin", "fingerprint", "expMonth", "expYear"}
    | {"exp_month", "exp_year"}
    | {"client_secret", "clientToken", "token", "paymentMethodToken", "method", "payment_method"}
    # What a partner says against a dispute.
    | {"evidence"}
    | {"aliases", "next_action", "url", "returnUrl", "return_url", "receipt_url"}
)
# A biller's bill number has its format from the biller; one in a hundred could be a card's as well.
_FORMATTED: Final = frozenset({"billNumber"})
_PRIVATE_TEXT: Final = re.compile(rf'("(?:{"|".join(sorted(_PRIVATE))})"\s*:\s*")[^"]*')


@dataclass(slots=True)
class Exchange:
    """`left` says whether the request can have left us. Of several requests the last one tells."""

    left: bool = False
    status: int | None = None
    body: str = ""
    fault: str = ""

    def begin(self) -> None:
        """One more request is about to leave."""
        self.left, self.status, self.body, self.fault = True, None, "", ""

    @property
    def phase(self) -> str:
        if self.status is not None:
            return "answered"
        return "sent_unknown" if self.left else "not_sent"

    def raw(self, secret: str = "") -> dict[str, Any]:
        """What may be kept, and never `secret`, whatever it is called over there."""
        kept: dict[str, Any] = {"status": self.status} if self.status is not None else {}
        if self.body:
            kept["body"] = redacted(self.body.replace(secret, "…") if secret else self.body)
        if self.fault:
            kept["fault"] = redact(self.fault)
        return kept


CURRENT: Final[ContextVar[Exchange | None]] = ContextVar("exchange", default=None)


def redacted(text: str) -> Any:
    """The JSON in `text` without what is private; text that is no JSON is kept as text."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return redact(_PRIVATE_TEXT.sub(r"\1", text))[:_LONGEST_TEXT]
    return _without_private(body) if len(text) <= _LONGEST_TEXT else {"length": len(text)}


def _without_private(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            redact(name): each if name in _FORMATTED else _without_private(each)
            for name, each in value.items()
            if name not in _PRIVATE
        }
    if isinstance(value, list):
        return [_without_private(each) for each in value]
    return redact_all(value)
