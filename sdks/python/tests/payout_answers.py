"""What the gateway answers about payouts."""

from typing import Any


def destination(**changes: Any) -> dict[str, Any]:
    return {
        "destinationToken": "dst_1",
        "reference": "ACC-1",
        "type": "bank",
        "state": "verified",
        "reason": None,
        "country": "NL",
        "currency": "EUR",
        "last4": "0000",
        "bank": "ABN AMRO",
        "customerId": None,
        "createdAt": "2026-04-30T08:21:14.123Z",
        **changes,
    }


def payout(**changes: Any) -> dict[str, Any]:
    return {
        "id": "po_1",
        "reference": "PO-1",
        "status": "queued",
        "amount": "10.00",
        "fee": "0.25",
        "currency": "EUR",
        "destinationToken": "dst_1",
        "arrivalEstimate": "2026-05-01T22:59:59.000Z",
        "heldFor": None,
        "failureCode": None,
        "failureReason": None,
        "metadata": {"run": "7"},
        "createdAt": "2026-04-30T08:21:14.123Z",
        "updatedAt": "2026-04-30T08:21:14.123Z",
        **changes,
    }


def by_legs(**changes: Any) -> dict[str, Any]:
    back = {"number": 1, "type": "refund", "amount": "7.00", "status": "paid"}
    out = {"number": 2, "type": "transfer", "amount": "3.00", "status": "failed"}
    why = {"failureCode": "P3102", "failureReason": "account_closed"}
    legs = [back | {"paymentId": "pay_1", "refundId": "re_1"}, out | why]
    return payout(status="partly_paid", legs=legs, **why, **changes)
