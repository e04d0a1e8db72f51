"""What the little gateway says about webhooks, as the contract has it."""

from typing import Any

ENDPOINT_ID = "whe_01jt3k9xw27k3q9xw27k3q9xw2"
EVENT_ID = "evt_01jt3k9xw27k3q9xw27k3q9xw2"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

ENDPOINT: dict[str, Any] = {
    "id": ENDPOINT_ID,
    "url": "https://shop.example.test/hooks",
    "types": ["bill.paid", "payment.captured"],
    "version": "2026-11-21",
    "payload": "full",
    "description": "the shop",
    "state": "enabled",
    "createdAt": "2026-04-30T08:21:14.000Z",
    "disabledReason": None,
    "disabledAt": None,
    "failingSince": None,
}
GONE = ENDPOINT | {
    "state": "disabled",
    "disabledReason": "gone",
    "disabledAt": "2026-04-30T09:21:14.000Z",
    "failingSince": "2026-04-30T09:20:14.000Z",
}
NEW = ENDPOINT | {"secret": SECRET}
ROTATED = ENDPOINT | {"secret": OTHER_SECRET, "previousUntil": "2026-05-01T08:21:14.000Z"}
TRY = {
    "at": "2026-04-30T08:21:15.000Z",
    "latencyMs": 43,
    "outcome": "answered",
    "httpStatus": 503,
    "answer": "busy",
}
SILENCE = TRY | {"outcome": "timed_out", "httpStatus": None, "answer": ""}
DELIVERY: dict[str, Any] = {
    "eventId": EVENT_ID,
    "round": 1,
    "type": "bill.paid",
    "objectId": "TXN-2026-04-7K3Q9XW2",
    "sequence": 1,
    "state": "pending",
    "tries": 1,
    "createdAt": "2026-04-30T08:21:14.500Z",
    "lastTry": TRY,
    "nextTryAt": "2026-04-30T08:21:20.000Z",
}
UNTRIED = DELIVERY | {"tries": 0, "lastTry": None, "nextTryAt": None}
HISTORY = {
    "eventId": EVENT_ID,
    "endpointId": ENDPOINT_ID,
    "type": "bill.paid",
    "objectId": "TXN-2026-04-7K3Q9XW2",
    "sequence": 1,
    "rounds": [
        {
            "round": 1,
            "state": "failed",
            "createdAt": "2026-04-30T08:21:14.500Z",
            "nextTryAt": None,
            "tries": [TRY, SILENCE],
        }
    ],
}
EVENT: dict[str, Any] = {
    "id": EVENT_ID,
    "type": "bill.paid",
    "timestamp": "2026-04-30T08:21:14.250Z",
    "version": "2026-11-21",
    "sequence": 1,
    "previousStatus": "PROCESSING",
    "object": {"type": "transaction", "id": "TXN-2026-04-7K3Q9XW2"},
    "data": {"transactionId": "TXN-2026-04-7K3Q9XW2", "state": "PAID", "amount": "1250.00"},
}

_ONE = f"/v1/webhook-endpoints/{ENDPOINT_ID}"
WEBHOOKS: dict[str, Any] = {
    "/v1/webhook-endpoints": NEW,
    _ONE: ENDPOINT,
    f"{_ONE}/enable": ENDPOINT,
    f"{_ONE}/disable": GONE,
    f"{_ONE}/rotate-secret": ROTATED,
    f"{_ONE}/test": {
        "eventId": EVENT_ID,
        "endpointId": ENDPOINT_ID,
        "type": "webhook_endpoint.test",
    },
    f"{_ONE}/deliveries": {"deliveries": [DELIVERY, UNTRIED], "next": None},
    f"{_ONE}/deliveries/{EVENT_ID}": HISTORY,
    f"{_ONE}/replay": {"replayed": 3, "more": False, "next": None},
    "/v1/events": {"events": [EVENT], "next": None},
    f"/v1/events/{EVENT_ID}": EVENT,
}
