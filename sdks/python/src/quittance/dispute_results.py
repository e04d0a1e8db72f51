"""What the calls for disputes return: disputes, files, and versions of evidence.

`trace` names the one line in the gateway's request log that this value came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from quittance.reading import Envelope, Fields


class DisputeStatus(StrEnum):
    """WARNING_CLOSED, WON and LOST are never left."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


_FINAL: Final = frozenset({DisputeStatus.WARNING_CLOSED, DisputeStatus.WON, DisputeStatus.LOST})


@dataclass(frozen=True, slots=True)
class Dispute:
    """A customer wants the money of a payment back, or the bank asks before it comes to that.

    `already_returned` is what of `amount` had gone back before: gone twice unless it is won.
    `response` is how you answered ("evidence", "acceptance"), `response_state` what became of it.
    """

    id: str
    payment_id: str
    status: DisputeStatus
    amount: Decimal
    currency: str
    fee: Decimal
    already_returned: Decimal
    reason: str
    provider_reason: str
    due_at: datetime | None
    response: str | None
    response_version: int | None
    response_state: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    trace: str

    @property
    def is_pending(self) -> bool:
        """Your answer is on its way to the provider."""
        return self.response_state == "sending"

    @property
    def is_final(self) -> bool:
        return self.status in _FINAL

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls.of(envelope.fields, envelope.trace)

    @classmethod
    def of(cls, fields: Fields, trace: str) -> Self:
        response = fields.inner("response") if fields.has("response") else None
        return cls(
            id=fields.text("id"),
            payment_id=fields.text("paymentId"),
            status=fields.state("status", DisputeStatus),
            amount=fields.amount("amount"),
            currency=fields.text("currency"),
            fee=fields.amount("fee"),
            already_returned=fields.amount("alreadyReturned"),
            reason=fields.text("reason"),
            provider_reason=fields.text("providerReason"),
            due_at=fields.optional_moment("dueAt"),
            response=response.text("type") if response else None,
            response_version=(
                response.number("version") if response and response.has("version") else None
            ),
            response_state=response.text("state") if response else None,
            created_at=fields.moment("createdAt"),
            updated_at=fields.moment("updatedAt"),
            closed_at=fields.optional_moment("closedAt"),
            trace=trace,
        )


@dataclass(frozen=True, slots=True)
class DisputeFile:
    """A file that evidence of its dispute can name. `sha256` is of its bytes, hex."""

    id: str
    type: str
    size_bytes: int
    sha256: str
    created_at: datetime

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls.of(envelope.fields)

    @classmethod
    def of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.text("id"),
            type=fields.text("type"),
            size_bytes=fields.number("sizeBytes"),
            sha256=fields.text("sha256"),
            created_at=fields.moment("createdAt"),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """One version, by what its texts and files are about."""

    version: int
    # What customers wrote and signed stays out of logs.
    texts: Mapping[str, str] = field(repr=False)
    files: Mapping[str, str]
    created_at: datetime

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls.of(envelope.fields)

    @classmethod
    def of(cls, fields: Fields) -> Self:
        return cls(
            version=fields.number("version"),
            texts=fields.texts("texts"),
            files=fields.texts("files"),
            created_at=fields.moment("createdAt"),
        )


@dataclass(frozen=True, slots=True)
class AllEvidence:
    """Everything that was given to a dispute, the oldest first."""

    versions: tuple[Evidence, ...]
    files: tuple[DisputeFile, ...]

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            tuple(Evidence.of(row) for row in fields.rows("versions")),
            tuple(DisputeFile.of(row) for row in fields.rows("files")),
        )
