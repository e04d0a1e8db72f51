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
from schemathesis import Case, CheckContext, HookContext, Response, SerializationContext

from api.versions import NEWEST
from payments.domain.evidence import MediaType
from tests.api.raw_http import BOUND, Message, Question, keys_of
from tests.batch_files import HEADER, csv_of, rows_of
from tests.evidence_files import file_of

API: Final = os.environ["SCHEMA_API"]
TOKENS: Final[dict[str, str]] = json.loads(os.environ["SCHEMA_TOKENS"])
# What stands in the paths: name of the parameter → one that the tokens' partners have.
THERE: Final[dict[str, str]] = json.loads(os.environ["SCHEMA_THERE"])
AUDIENCE: Final = "x-audience"
VERSION_HEADER: Final = "Quittance-Version"
KEY_HEADER: Final = "Idempotency-Key"
GOOD: Final = {
    "amount": "12.50",
    "currency": "BDT",
    "returnUrl": "http://127.0.0.1/back",
    "url": "https://hooks.example.com/",
    "from": "2026-04-30T08:00:00Z",
    "to": "2026-04-30T09:00:00Z",
}
AN_ACCOUNT: Final = {"type": "iban", "iban": "NL82ABNA0417160000", "holder": "Somebody"}
AT_A_BANK: Final = {"type": "bank_redirect", "country": "BD", "bank": "SUNNY_BD"}


# Nothing is remembered: what is remembered of one operation would be sent to all.
@schemathesis.auth(refresh_interval=None)
class AccessToken:
    """The one for the product that the operation declares."""

    def get(self, case: Case[Any], context: schemathesis.AuthContext) -> str:
        told = context.operation.definition.raw.get(AUDIENCE, "bill-collection")
        # A route of several products takes a token for any of them.
        return TOKENS[told if isinstance(told, str) else told[0]]

    def set(self, case: Case[Any], data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, object]) -> None:
    """Promises that JSON Schema cannot make, kept for it where the data is meant to be good.

    A version is a day since the first one, and a key belongs to one request alone. A webhook leads
    somewhere, what is from a moment is to a later one, and only so many secrets sign. An amount
    fits its currency; that one and the host of a returnUrl are the partner's own. A bank is there
    and takes the currency, and so is an account. A text shows something, and what is asked about is
    there. A file is of the kind that its token is for.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if KEY_HEADER in case.headers:
        case.headers[KEY_HEADER] = secrets.token_hex(16)
    if VERSION_HEADER in case.headers:
        case.headers[VERSION_HEADER] = NEWEST.isoformat()
    if case.method != "DELETE":
        case.path_parameters |= {n: THERE[n] for n in THERE.keys() & case.path_parameters.keys()}
    if "currency" in (case.query or {}):
        case.query["currency"] = GOOD["currency"]
    if "kind" in (case.query or {}):
        case.query["kind"] = "bill_payments"
    if isinstance(case.body, dict):
        make_good(case.body)
        if case.path.endswith("/rotate-secret"):
            case.body["overlapSeconds"] = 0
        if case.path.endswith("/evidence"):
            make_said(case.body)


def make_said(body: dict[str, Any]) -> None:
    """Something has to be said, and a file has to be there."""
    texts = {about: visible(text, 500) for about, text in body.get("texts", {}).items()}
    body |= {"texts": texts or {"explanation": "x"}, "files": {}}


def make_good(body: dict[str, Any]) -> None:
    body |= {name: GOOD[name] for name in GOOD.keys() & body.keys()}
    if body.get("method"):
        body["method"] = AT_A_BANK
    if body.get("account"):
        body["account"] = AN_ACCOUNT
    if body.get("destinationToken"):
        body["destinationToken"] = THERE["destination_token"]
    if body.get("reason"):
        body["reason"] = visible(body["reason"], 200)
    # There is one version, or none that is meant.
    body.pop("version", None)
    if body.get("metadata"):
        kept = body["metadata"].items()
        body["metadata"] = {visible(name, 40): visible(text, 500) for name, text in kept}


def visible(text: str, longest: int) -> str:
    return f"x{text}"[:longest]


@schemathesis.serializer("text/csv", "application/jsonl")
def file_of_rows(ctx: SerializationContext, value: Any) -> bytes:
    """What is a text is meant to be good: no schema says how a file of rows is written."""
    if not isinstance(value, str):
        return repr(value).encode()
    [row] = rows_of(1)
    if ctx.case.media_type == "text/csv":
        return csv_of([row])
    return json.dumps(dict(zip(HEADER.split(","), row.line.split(","), strict=True))).encode()


@schemathesis.serializer(*MediaType)
def file_of_evidence(ctx: SerializationContext, value: Any) -> bytes:
    """What is a text is meant to be good: a whole file of its type."""
    if not isinstance(value, str | bytes):
        return repr(value).encode()
    return file_of(ctx.case.media_type or "")


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
