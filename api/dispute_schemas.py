"""The shapes of disputes and of what is said against them, as partners write and read them."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field, JsonValue, StringConstraints
from pydantic.functional_validators import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from api.card_schemas import PaymentId
from api.free_text import refuse_controls, refuse_unseen
from api.paging import PageSize
from api.schemas import Asked, Told, rfc3339
from payments.domain.dispute import (
    Dispute,
    DisputeReason,
    DisputeStatus,
    Response,
    ResponseState,
)
from payments.domain.evidence import (
    LONGEST_TEXT,
    MOST_VERSIONS,
    Evidence,
    EvidenceFile,
    EvidenceText,
    KeptFile,
    MediaType,
)
from payments.domain.money import Money

_TAIL = "[0-9a-z]{26}$"
DisputeId = Annotated[str, StringConstraints(pattern=f"^dp_{_TAIL}")]
FileId = Annotated[str, StringConstraints(pattern=f"^file_{_TAIL}")]


def _words(text: str) -> str:
    """Lines and tabs are welcome; what turns text around or breaks a reader is not."""
    refuse_controls(text, but="\n\t\r")
    refuse_unseen(text)
    return text


# What the document can say of it; that one letter must be visible is more than a pattern can.
_TOLD: Final[dict[str, JsonValue]] = {
    "pattern": r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
    r"\u200e\u200f\u2028-\u202e\u2066-\u2069]*$"
}
Words = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_TEXT, json_schema_extra=_TOLD),
    AfterValidator(_words),
]


def _status(text: object) -> object:
    if isinstance(text, str) and text in set(DisputeStatus):
        return DisputeStatus(text)
    raise PydanticCustomError("dispute_status", "one of " + ", ".join(DisputeStatus))


class DisputesQuery(Asked):
    """Which disputes to list, newest first. `after` is the `next` of the page before."""

    status: Annotated[DisputeStatus, BeforeValidator(_status)] | None = None
    payment_id: PaymentId | None = None
    after: DisputeId | None = None
    limit: PageSize = 50


class EvidenceTexts(Asked):
    """What you say, each about one thing."""

    explanation: Words | None = None
    product_description: Words | None = None
    activity_log: Words | None = None
    service_date: Words | None = None
    shipping_carrier: Words | None = None
    shipping_date: Words | None = None
    shipping_tracking: Words | None = None
    refund_policy: Words | None = None
    refund_refusal: Words | None = None
    cancellation_policy: Words | None = None
    cancellation_rebuttal: Words | None = None
    duplicate: Words | None = None


class EvidenceFiles(Asked):
    """What shows it: the `id` of a file of this dispute, each about one thing."""

    receipt: FileId | None = None
    customer_communication: FileId | None = None
    customer_signature: FileId | None = None
    delivery: FileId | None = None
    service: FileId | None = None
    refund_policy: FileId | None = None
    cancellation_policy: FileId | None = None
    duplicate: FileId | None = None
    other: FileId | None = None


class EvidenceBody(Asked):
    """One whole version of the evidence: nothing of an earlier one is added to it."""

    texts: EvidenceTexts = Field(default_factory=EvidenceTexts)
    files: EvidenceFiles = Field(default_factory=EvidenceFiles)

    @property
    def said(self) -> dict[EvidenceText, str]:
        return {EvidenceText(name): text for name, text in self.texts if text is not None}

    @property
    def enclosed(self) -> dict[EvidenceFile, str]:
        return {EvidenceFile(name): file for name, file in self.files if file is not None}


class SubmitBody(Asked):
    """Without `version`: the newest."""

    version: Annotated[int, Field(ge=1, le=MOST_VERSIONS)] | None = None


class ResponseView(Told):
    """How the dispute is answered. `version` is the evidence's; `sending`: ask again."""

    type: Response
    version: int | None = None
    state: ResponseState


class DisputeView(Told):
    """A dispute as the record has it. `fee` is what the provider keeps for it at the moment.

    `alreadyReturned` is what of `amount` had gone back when the provider took it, by refunds or by
    other disputes: that money is gone twice unless the dispute is won.
    """

    id: str
    payment_id: str
    status: DisputeStatus
    amount: str
    currency: str
    fee: str
    already_returned: str
    reason: DisputeReason
    provider_reason: str
    due_at: str | None = None
    response: ResponseView | None = None
    created_at: str
    updated_at: str
    closed_at: str | None = None

    @classmethod
    def of(cls, dispute: Dispute) -> "DisputeView":
        currency, response = dispute.amount.currency, None
        if dispute.response is not None and dispute.response_state is not None:
            response = ResponseView(
                type=dispute.response,
                version=dispute.response_version,
                state=dispute.response_state,
            )
        return cls(
            id=dispute.dispute_id,
            payment_id=dispute.payment_id,
            status=dispute.status,
            amount=str(dispute.amount),
            currency=currency,
            fee=str(Money(dispute.fee_minor, currency)),
            already_returned=str(Money(dispute.returned_minor, currency)),
            reason=dispute.reason,
            provider_reason=dispute.raw_reason,
            due_at=rfc3339(dispute.due_at) if dispute.due_at else None,
            response=response,
            created_at=rfc3339(dispute.opened_at),
            updated_at=rfc3339(dispute.updated_at),
            closed_at=rfc3339(dispute.closed_at) if dispute.closed_at else None,
        )


class DisputesView(Told):
    """`next` is there while there are more."""

    disputes: list[DisputeView]
    next: str | None = None


class FileView(Told):
    """A file that evidence of this dispute can name. `sha256` is of its bytes, hex."""

    id: str
    type: MediaType
    size_bytes: int
    sha256: str
    created_at: str

    @classmethod
    def of(cls, file: KeptFile) -> "FileView":
        return cls(
            id=file.file_id,
            type=file.media_type,
            size_bytes=file.size_bytes,
            sha256=file.digest,
            created_at=rfc3339(file.created_at),
        )


class EvidenceView(Told):
    """One version, as it was given. It is never changed; a better one is the next version."""

    version: int
    texts: dict[str, str]
    files: dict[str, str]
    created_at: str

    @classmethod
    def of(cls, evidence: Evidence) -> "EvidenceView":
        return cls(
            version=evidence.version,
            texts={_camel(about): text for about, text in evidence.texts.items()},
            files={_camel(about): file for about, file in evidence.files.items()},
            created_at=rfc3339(evidence.created_at),
        )


class AllEvidenceView(Told):
    """Everything that was given, the oldest first."""

    versions: list[EvidenceView]
    files: list[FileView]

    @classmethod
    def of(cls, versions: Sequence[Evidence], files: Sequence[KeptFile]) -> "AllEvidenceView":
        return cls(
            versions=[EvidenceView.of(each) for each in versions],
            files=[FileView.of(each) for each in files],
        )


def _camel(about: str) -> str:
    first, *rest = about.split("_")
    return first + "".join(word.title() for word in rest)
