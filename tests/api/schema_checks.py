"""What Schemathesis loads for its run: our own check, that every answer is signed for its question.

The address and the access token come from the environment, so that neither stands in a command.
"""

import json
import os
import secrets
from typing import Any, Final

import httpx2
import schemathesis
from http_message_signatures import HTTPMessageVerifier, algorithms
from schemathesis import Case, CheckContext, HookContext, Response

from api.versions import NEWEST
from tests.api.raw_http import BOUND, Message, Question, keys_of

API: Final = os.environ["SCHEMA_API"]
TOKENS: Final[dict[str, str]] = json.loads(os.environ["SCHEMA_TOKENS"])
AUDIENCE: Final = "x-audience"
VERSION_HEADER: Final = "Quittance-Version"
KEY_HEADER: Final = "Idempotency-Key"
GOOD: Final = {
    "url": "https://hooks.example.com/",
    "from": "2026-04-30T08:00:00Z",
    "to": "2026-04-30T09:00:00Z",
}


@schemathesis.auth()
class AccessToken:
    """The one for the product that the operation declares."""

    def get(self, case: Case[Any], context: schemathesis.AuthContext) -> str:
        return TOKENS[context.operation.definition.raw.get(AUDIENCE, "bill-collection")]

    def set(self, case: Case[Any], data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, object]) -> None:
    """Promises that JSON Schema cannot make, kept for it where the data is meant to be good.

    A version is a day since the first one, and a key belongs to one request alone. A webhook leads
    somewhere, what is from a moment is to a later one, and a whole number has no point.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if KEY_HEADER in case.headers:
        case.headers[KEY_HEADER] = secrets.token_hex(16)
    if VERSION_HEADER in case.headers:
        case.headers[VERSION_HEADER] = NEWEST.isoformat()

    if isinstance(case.body, dict):
        case.body |= {name: GOOD[name] for name in GOOD.keys() & case.body.keys()}
        overlap = case.body.get("overlapSeconds")
        if isinstance(overlap, float):
            case.body["overlapSeconds"] = int(overlap)


@schemathesis.check
def every_answer_is_signed(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    headers = httpx2.Headers(
        [(name, value) for name, values in response.headers.items() for value in values]
    )
    request = response.request
    told = {name.lower(): str(value) for name, value in request.headers.items()}
    question = Question(str(request.method), str(request.url), told)
    is_bound = '"@target-uri";req' in headers["signature-input"]
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519, key_resolver=keys_of(API)
    )
    verifier.verify(
        Message(response.status_code, headers, question if is_bound else None),
        expect_tag="quittance",
        require_components=("@status", "quittance-trace", *(BOUND if is_bound else ())),
        body=response.content,
    )
