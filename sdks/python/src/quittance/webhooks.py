"""Webhooks as they reach you: whether one is the gateway's own, and which place it has.

verify_webhook() takes the raw body. What is given to it after some framework has parsed and
written it again has other bytes, and does not verify.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from quittance.errors import QuittanceError, UnreadableAnswer
from quittance.reading import Fields

TOLERANCE: Final = timedelta(minutes=5)
_PREFIX: Final = "whsec_"
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


class WebhookRefused(QuittanceError):
    """Do nothing for it. Answer 400: if it was the gateway's, it comes again."""


class WebhookHeadersMissing(WebhookRefused):
    """`webhook-id`, `webhook-timestamp` or `webhook-signature` is not there, or is none."""


class WebhookForged(WebhookRefused):
    """None of the signatures was made with one of your secrets over these bytes."""


class WebhookStale(WebhookRefused):
    """Signed with your secret, but too long ago or in the future: replayed, or a clock is wrong."""


class WebhookUnreadable(WebhookRefused):
    """The gateway signed it, and this version cannot read it. Update the package."""


class Place(StrEnum):
    """Where an event stands among those of its object that you have handled.

    NEXT: the one after the last. AHEAD: others are missing in between. OLDER: you have had it, or
    have handled a newer one; what it says of the object's status is no longer true.
    """

    NEXT = "next"
    AHEAD = "ahead"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """`id` is the same in every try and every replay: keep it, and do nothing twice.

    `sequence` counts the events of one object from 1. `data` is as the gateway's table of types
    has it; of a thin event it holds the object's id alone.
    """

    id: str
    type: str
    timestamp: datetime
    version: str
    sequence: int
    previous_status: str | None
    object_type: str
    object_id: str
    data: Mapping[str, object]

    @property
    def is_thin(self) -> bool:
        """Ask the API for the object: the event only says which one it is."""
        return set(self.data) == {"id"}

    def place_after(self, last: int) -> Place:
        """`last` is the highest sequence of this object that you have handled, 0 for none."""
        if self.sequence <= last:
            return Place.OLDER
        return Place.NEXT if self.sequence == last + 1 else Place.AHEAD

    def missing_after(self, last: int) -> range:
        """The sequences between `last` and this one. They come by themselves, or with events()."""
        return range(last + 1, self.sequence)

    @classmethod
    def of(cls, fields: Fields) -> Self:
        subject = fields.inner("object")
        return cls(
            id=fields.text("id"),
            type=fields.text("type"),
            timestamp=fields.moment("timestamp"),
            version=fields.text("version"),
            sequence=fields.number("sequence"),
            previous_status=fields.optional_text("previousStatus"),
            object_type=subject.text("type"),
            object_id=subject.text("id"),
            data=fields.inner("data").members,
        )


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    secrets: str | Iterable[str],
    *,
    tolerance: timedelta = TOLERANCE,
    now: datetime | None = None,
) -> WebhookEvent:
    """The event, if the gateway signed exactly these bytes a short time ago.

    `secrets` is the endpoint's, or several: while a secret is rotated, or for several endpoints at
    one URL. Raises WebhookRefused.
    """
    if not isinstance(body, bytes):
        raise TypeError("body must be the raw bytes of the request")
    if now is not None and now.tzinfo is None:
        raise ValueError("a time needs its zone: datetime.now(timezone.utc)")
    keys = [_key(each) for each in ([secrets] if isinstance(secrets, str) else secrets)]
    if not keys:
        raise ValueError("without a secret nothing can be verified")
    named = {name.lower(): value for name, value in headers.items()}
    message_id, sent_at = _header(named, "webhook-id"), _header(named, "webhook-timestamp")
    signatures = _header(named, "webhook-signature").encode().split(b" ")
    if _SECONDS.fullmatch(sent_at) is None:
        raise WebhookHeadersMissing("webhook-timestamp is not in seconds")
    signed = f"{message_id}.{sent_at}.".encode() + body
    if not any(
        hmac.compare_digest(_sign(key, signed), each) for key in keys for each in signatures
    ):
        raise WebhookForged("no signature fits the body and your secrets")
    # Only now is the time worth a look: before, anybody could have written it.
    age = (now or datetime.now(UTC)) - datetime.fromtimestamp(int(sent_at), UTC)
    if abs(age) > tolerance:
        raise WebhookStale(f"it was signed {age.total_seconds():.0f} s ago")
    return _read(body, message_id)


def _read(body: bytes, message_id: str) -> WebhookEvent:
    try:
        event = WebhookEvent.of(Fields.of(json.loads(body)))
    except (ValueError, RecursionError, UnreadableAnswer) as error:
        raise WebhookUnreadable("the body is no event that this version knows") from error
    if event.id != message_id:
        raise WebhookUnreadable("the body and webhook-id name different events")
    return event


def _header(named: Mapping[str, str], name: str) -> str:
    value = named.get(name)
    if not value:
        raise WebhookHeadersMissing(f"there is no {name}")
    return value


def _key(secret: str) -> bytes:
    text, key = secret.removeprefix(_PREFIX), b""
    if text != secret:
        with suppress(ValueError):
            key = base64.b64decode(text, validate=True)
    if not key:
        # The secret itself is not quoted: errors end in logs.
        raise ValueError("a secret is whsec_ and base64, as the gateway has shown it")
    return key


def _sign(key: bytes, signed: bytes) -> bytes:
    return b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
