"""A little gateway for the tests of the SDK alone: it really checks HMACs and really signs answers.

It knows the contract and nothing of the gateway's code, as the SDK does.
"""

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
from card_answers import CARDS
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from http_message_signatures.httpx2 import adapt_message
from webhook_answers import WEBHOOKS

URL = "https://pay.example.test"
API_KEY = "qk_test"
SECRET = "qs_test"

COMPONENTS = (
    "@status",
    '"@method";req',
    '"@target-uri";req',
    "content-type",
    "quittance-trace",
    "content-digest",
)
LOCK = {
    "lockToken": "lt_0123456789abcdef",
    "lockedAt": "2026-04-30T08:21:14.000Z",
    "expiresAt": "2026-04-30T08:26:14.000Z",
    "amount": "1250.00",
    "fee": "5.00",
    "currency": "BDT",
    "billerId": "DESCO",
    "billNumber": "1234567800",
    "billingPeriod": "2026-04",
}
BILL = {
    "billerId": "DESCO",
    "billNumber": "1234567800",
    "billingPeriod": "2026-04",
    "amount": "1250.00",
    "currency": "BDT",
    "dueDate": "2026-05-15",
    "customerName": "R***** K*****",
    "state": "PAYABLE",
}
PAID = {
    "transactionId": "TXN-2026-04-7K3Q9XW2",
    "partnerTransactionId": "ORDER-1",
    "state": "PAID",
    "amount": "1250.00",
    "fee": "5.00",
    "currency": "BDT",
    "billerId": "DESCO",
    "billNumber": "1234567800",
    "billingPeriod": "2026-04",
    "lockedAt": "2026-04-30T08:21:14.000Z",
    "paidAt": "2026-04-30T08:21:15.250Z",
    "billerReference": "DESCO-77",
    "declineCode": None,
    "reason": None,
}
PROCESSING = PAID | {"state": "PROCESSING", "paidAt": None, "billerReference": None}

Reply = httpx2.Response | Exception
Route = Callable[[httpx2.Request], Reply]


class AnswerKey:
    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()
        raw = self.private.public_key().public_bytes_raw()
        self.x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{self.x}"}}'.encode()
        digest = hashlib.sha256(canonical).digest()
        self.kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def jwk(self, purpose: str = "answer") -> dict[str, object]:
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": self.x,
            "kid": self.kid,
            "use": "sig",
            "alg": "EdDSA",
            "key_ops": ["verify"],
            "purpose": purpose,
        }


class SigningGateway:
    """Answers what is queued in `replies`, else the happy answer of the path. Never sleeps."""

    def __init__(self) -> None:
        self.key = AnswerKey()
        self.published = [self.key.jwk()]
        self.clock: Callable[[], float] = time.time
        self.token_lifetime_s = 900
        self.replies: list[Route] = []
        self.seen: list[httpx2.Request] = []
        self.nonces: set[str] = set()
        self.tokens = (f"token-{number}" for number in itertools.count(1))
        # The token that is good for each product.
        self.good: dict[str, str] = {}
        self.before: Callable[[httpx2.Request], None] = lambda _request: None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        self.before(request)
        reply = self._route(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def sent(self, path: str) -> list[httpx2.Request]:
        return [request for request in self.seen if request.url.path == path]

    def envelope(
        self,
        request: httpx2.Request,
        code: str,
        data: object,
        *,
        http_status: int = 200,
        headers: dict[str, str] | None = None,
        **signing: Any,
    ) -> httpx2.Response:
        families = {"P0000": "OK", "P0001": "PENDING"}
        body = {
            "status": families.get(code, "ERROR"),
            "code": code,
            "message": "as the test wants it",
            "data": data,
            "trace": "partner_1.20260430T082114123Z.7K3Q9XW2",
        }
        return self.signed(request, http_status, json.dumps(body).encode(), headers, **signing)

    def signed(
        self,
        request: httpx2.Request,
        http_status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        key: AnswerKey | None = None,
        age_s: float = 0,
        expires_after_s: float | None = None,
        components: tuple[str, ...] | None = None,
        tag: str = "quittance",
    ) -> httpx2.Response:
        key = key or self.key
        if components is None:
            has_key = "idempotency-key" in request.headers
            components = (*COMPONENTS, '"idempotency-key";req') if has_key else COMPONENTS
        response = httpx2.Response(
            http_status,
            headers={
                "content-type": "application/json",
                "quittance-trace": "partner_1.20260430T082114123Z.7K3Q9XW2",
                **(headers or {}),
            },
            content=body,
            request=request,
        )
        created_s = self.clock() - age_s
        resolver = MappingKeyResolver(private_keys={key.kid: key.private}, public_keys={})
        HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=resolver).sign(
            adapt_message(response),
            key_id=key.kid,
            label="quittance",
            tag=tag,
            created=datetime.fromtimestamp(created_s, UTC),
            expires=datetime.fromtimestamp(created_s + expires_after_s, UTC)
            if expires_after_s
            else None,
            covered_component_ids=[each for each in components if each != "content-digest"],
            body=body if "content-digest" in components else None,
        )
        return response

    def _route(self, request: httpx2.Request) -> Reply:
        path = request.url.path
        if path == "/.well-known/jwks.json":
            return self.signed(request, 200, json.dumps({"keys": self.published}).encode())
        if path == "/v1/auth/token":
            return self._issue(request)
        public = path in {"/health", "/v1/codes"}
        if not public and (refused := self._refused(request)) is not None:
            return self.envelope(request, *refused[:2], http_status=refused[2])
        if self.replies:
            return self.replies.pop(0)(request)
        return self.envelope(request, "P0000", (_HAPPY | CARDS | WEBHOOKS)[path])

    def _refused(self, request: httpx2.Request) -> tuple[str, object, int] | None:
        products = {
            "bill-collection": ("/v1/bill/", "/v1/txn/"),
            "payouts": ("/v1/payouts", "/v1/destinations", "/v1/funds"),
        }
        path = request.url.path
        wanted = next((each for each, of in products.items() if path.startswith(of)), "payments")
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        is_any = request.url.path.startswith(("/v1/webhook-endpoints", "/v1/events"))
        if sent == self.good.get(wanted) or (is_any and sent in self.good.values()):
            return None
        if sent in self.good.values():
            return "P4008", {"audience": wanted}, 403
        return "P4004", None, 401

    def _issue(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)
        text = "\n".join((asked["apiKey"], asked["timestamp"], asked["nonce"])).encode()
        expected = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
        if asked["apiKey"] != API_KEY or asked["signature"] != expected:
            return self.envelope(request, "P4001", None, http_status=401)
        now = self.clock()
        if abs(datetime.fromisoformat(asked["timestamp"]).timestamp() - now) > 60:
            server_time = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
            data = {"serverTime": server_time}
            return self.envelope(request, "P4002", data, http_status=401)
        if asked["nonce"] in self.nonces:
            return self.envelope(request, "P4003", None, http_status=401)
        self.nonces.add(asked["nonce"])
        token = self.good[asked.get("audience", "bill-collection")] = next(self.tokens)
        data = {
            "accessToken": token,
            "tokenType": "Bearer",
            "expiresIn": self.token_lifetime_s,
            "scope": asked.get("scope", "read:bill post:payment read:payment"),
        }
        return self.envelope(request, "P0000", data)


_HAPPY = {
    "/v1/bill/lookup": BILL,
    "/v1/bill/lock": LOCK,
    "/v1/bill/unlock": {
        "billerId": "DESCO",
        "billNumber": "1234567800",
        "billingPeriod": "2026-04",
        "state": "RELEASED",
    },
    "/v1/bill/pay": PAID,
    "/v1/txn/status": PAID,
    "/health": {"state": "ready"},
    "/v1/codes": {
        "codes": [
            {
                "code": "P1102",
                "httpStatus": 409,
                "status": "ERROR",
                "retryable": False,
                "actor": "partner",
                "reason": "lock_expired",
                "message": "The lock expired",
            }
        ]
    },
}
