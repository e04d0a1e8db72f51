"""The rail's webhooks: verify the very bytes, then read."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from payments.adapters.rails.sandbox.mapping import money, text
from payments.outside.signatures import signed_event
from payments.ports.provider import Meaning, Says, Told, UnreadableWebhook

_UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


def told(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, rail: str
) -> Told:
    event_id = signed_event(raw, headers, secrets, now)
    try:
        return _read(json.loads(raw), event_id, rail)
    except _UNREADABLE as error:
        raise UnreadableWebhook(type(error).__name__) from error


def _read(body: Any, event_id: str, rail: str) -> Told:
    if text(body, "id") != event_id:
        raise ValueError("another id inside")
    kind, at = text(body, "type"), datetime.fromisoformat(text(body, "timestamp"))
    if kind != "transfer.updated":
        return Told(event_id, kind, Meaning.UNKNOWN, at=at)
    if body["data"]["rail"] != rail:
        raise ValueError("another rail's")
    transfer = body["data"]["transfer"]
    return Told(
        event_id,
        kind,
        Meaning.PAYOUT,
        reference=text(transfer, "reference"),
        amount=money(transfer),
        says=Says(f"payout_{text(transfer, 'state').lower()}"),
        at=at,
    )
