"""Standard Webhooks that others send us: is it theirs, and is it of now?"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from standardwebhooks import Webhook

from payments.ports.provider import ForgedWebhook

TOLERANCE: Final = timedelta(minutes=5)


def signed_event(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime
) -> str:
    """The event's id, when one of the secrets signed these bytes at about this time.

    Raises ForgedWebhook.
    """
    known = {name.lower(): headers[name] for name in headers}
    try:
        event_id, given = known["webhook-id"], known["webhook-signature"].split()
        sent_at = datetime.fromtimestamp(int(known["webhook-timestamp"]), UTC)
        content = raw.decode()
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise ForgedWebhook("the headers or the bytes cannot be signed ones") from error
    if abs(now - sent_at) > TOLERANCE:
        raise ForgedWebhook("signed too long ago, or in the future")
    # The library's own verify() knows only the wall clock; its signature is all we need.
    signed = [Webhook(secret).sign(event_id, sent_at, content).encode() for secret in secrets]
    if not any(compare_digest(one, other.encode()) for one in signed for other in given):
        raise ForgedWebhook("no signature fits")
    return event_id
