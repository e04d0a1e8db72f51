"""What a partner says against a dispute: texts and files, each about one thing.

A version is a whole: it is never changed, and the provider gets one of them. Histories, events and
logs hold its number alone.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from payments.domain.dispute import Response


class EvidenceText(StrEnum):
    """What a text can be about."""

    EXPLANATION = "explanation"
    PRODUCT_DESCRIPTION = "product_description"
    ACTIVITY_LOG = "activity_log"
    SERVICE_DATE = "service_date"
    SHIPPING_CARRIER = "shipping_carrier"
    SHIPPING_DATE = "shipping_date"
    SHIPPING_TRACKING = "shipping_tracking"
    REFUND_POLICY = "refund_policy"
    REFUND_REFUSAL = "refund_refusal"
    CANCELLATION_POLICY = "cancellation_policy"
    CANCELLATION_REBUTTAL = "cancellation_rebuttal"
    DUPLICATE = "duplicate"


class EvidenceFile(StrEnum):
    """What a file can be about."""

    RECEIPT = "receipt"
    CUSTOMER_COMMUNICATION = "customer_communication"
    CUSTOMER_SIGNATURE = "customer_signature"
    DELIVERY = "delivery"
    SERVICE = "service"
    REFUND_POLICY = "refund_policy"
    CANCELLATION_POLICY = "cancellation_policy"
    DUPLICATE = "duplicate"
    OTHER = "other"


class MediaType(StrEnum):
    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"


# How a file of each type begins and ends (ISO 32000, the PNG specification, ITU-T T.81). What has
# more behind its end may be another file as well, and one that was cut off no bank can read.
_BEGINNINGS: Final[Mapping[MediaType, bytes]] = {
    MediaType.PDF: b"%PDF-",
    MediaType.PNG: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    MediaType.JPEG: b"\xff\xd8\xff",
}
_ENDINGS: Final[Mapping[MediaType, re.Pattern[bytes]]] = {
    MediaType.PDF: re.compile(rb"%%EOF[\x00\t\n\f\r ]*\Z"),
    MediaType.PNG: re.compile(rb"\x00\x00\x00\x00IEND\xaeB`\x82\Z"),
    MediaType.JPEG: re.compile(rb"\xff\xd9\Z"),
}
# Where readers look for the end of a PDF.
_TAIL_BYTES: Final = 1024
# What card networks take; the providers' own limits are no smaller.
LARGEST_FILE_BYTES: Final = 4 * 1024 * 1024
LONGEST_TEXT: Final = 20_000
# All texts of one version together.
MOST_TEXT: Final = 100_000
MOST_FILES: Final = 20
MOST_VERSIONS: Final = 20


def flaw_in(content: bytes, media_type: MediaType) -> str | None:
    """Why it is no whole file of this type, whatever it is called. Nothing between is looked at."""
    if not content.startswith(_BEGINNINGS[media_type]):
        return f"does not begin like {media_type}"
    if not _ENDINGS[media_type].search(content[-_TAIL_BYTES:]):
        return f"does not end like {media_type}"
    return None


def digest_of(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a dispute, but for what is in it. `digest` is SHA-256, hex."""

    file_id: str
    media_type: MediaType
    size_bytes: int
    digest: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """One version. A file is named by its id."""

    version: int
    texts: Mapping[EvidenceText, str]
    files: Mapping[EvidenceFile, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file with what is in it, on its way to a provider."""

    about: EvidenceFile
    file_id: str
    media_type: MediaType
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to a dispute as it goes to the provider. Without texts and files: it is accepted.

    `reference` is the provider's name of the dispute, `key` ours of the answer.
    """

    reference: str
    key: str
    texts: Mapping[EvidenceText, str] = field(default_factory=dict, repr=False)
    enclosures: tuple[Enclosure, ...] = ()

    @property
    def response(self) -> Response:
        is_evidence = self.texts or self.enclosures
        return Response.EVIDENCE if is_evidence else Response.ACCEPTANCE

    @property
    def accepts(self) -> bool:
        return self.response is Response.ACCEPTANCE
