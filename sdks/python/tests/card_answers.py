"""What the little gateway says about cards, as the contract has it."""

from typing import Any

PAYMENT_ID = "pay_01jt3k9xw27k3q9xw27k3q9xw2"
REFUND_ID = "re_01jt3k9xw27k3q9xw27k3q9xw2"
CUSTOMER_ID = "cus_01jt3k9xw27k3q9xw27k3q9xw2"
METHOD = "tok_abcdefgh"

CLIENT_TOKEN = {
    "clientToken": "eyJhbGciOi.payload.signature",
    "expiresAt": "2026-04-30T08:36:14.000Z",
    "fieldsUrl": "https://fields.example.test/fields?clientToken=eyJhbGciOi.payload.signature",
}
PAYMENT: dict[str, Any] = {
    "id": PAYMENT_ID,
    "reference": "ORDER-1",
    "status": "captured",
    "amount": "25.00",
    "currency": "USD",
    "capture": True,
    "amountCaptured": "25.00",
    "amountRefunded": "0.00",
    "amountDisputed": "0.00",
    "amountCapturable": "0.00",
    "fee": "0.73",
    "paymentMethod": {"brand": "visa", "last4": "4242"},
    "nextAction": None,
    "declineCode": None,
    "reason": None,
    "providerCode": None,
    "customerId": None,
    "metadata": {"basket": "7"},
    "createdAt": "2026-04-30T08:21:14.000Z",
    "updatedAt": "2026-04-30T08:21:15.250Z",
    "expiresAt": None,
}
CHALLENGED = PAYMENT | {
    "status": "requires_action",
    "amountCaptured": "0.00",
    "fee": None,
    "nextAction": {
        "type": "redirect",
        "url": "https://issuer.example.test/challenge/1",
        "expiresAt": "2026-04-30T08:31:14.000Z",
    },
}
AUTHORIZED = PAYMENT | {
    "status": "authorized",
    "capture": False,
    "amountCaptured": "0.00",
    "amountCapturable": "25.00",
    "fee": None,
    "expiresAt": "2026-05-07T08:21:14.000Z",
}
REFUND: dict[str, Any] = {
    "id": REFUND_ID,
    "paymentId": PAYMENT_ID,
    "reference": "BACK-1",
    "status": "succeeded",
    "amount": "5.00",
    "currency": "USD",
    "reason": "too small",
    "declineCode": None,
    "declineReason": None,
    "createdAt": "2026-04-30T08:22:14.000Z",
}
CUSTOMER = {"id": CUSTOMER_ID, "reference": "C-7", "createdAt": "2026-04-30T08:20:00.000Z"}
SAVED = {
    "paymentMethodToken": METHOD,
    "brand": "visa",
    "last4": "4242",
    "expMonth": 12,
    "expYear": 2030,
    "createdAt": "2026-04-30T08:21:16.000Z",
}
FORGOTTEN = {"state": "FORGOTTEN"}

BANK = {"id": "SUNNY", "name": "Sunny Bank", "country": "GB", "currencies": ["GBP", "EUR"]}
CARDS: dict[str, Any] = {
    "/v1/banks": {"banks": [BANK]},
    "/v1/client-tokens": CLIENT_TOKEN,
    "/v1/payments": PAYMENT,
    f"/v1/payments/{PAYMENT_ID}": PAYMENT,
    f"/v1/payments/{PAYMENT_ID}/confirm": PAYMENT,
    f"/v1/payments/{PAYMENT_ID}/capture": PAYMENT,
    f"/v1/payments/{PAYMENT_ID}/cancel": AUTHORIZED | {"status": "canceled"},
    f"/v1/payments/{PAYMENT_ID}/refund": REFUND,
    f"/v1/payments/{PAYMENT_ID}/refunds": {"refunds": [REFUND]},
    f"/v1/refunds/{REFUND_ID}": REFUND,
    "/v1/customers": CUSTOMER,
    f"/v1/customers/{CUSTOMER_ID}": CUSTOMER,
    f"/v1/customers/{CUSTOMER_ID}/methods": {"methods": [SAVED]},
    f"/v1/customers/{CUSTOMER_ID}/methods/{METHOD}": FORGOTTEN,
}
