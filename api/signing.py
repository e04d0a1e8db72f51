"""Sign every answer: RFC 9421 over status, trace, digest and the question it answers.

The signature binds the request's method, target and Idempotency-Key, so an answer cannot be moved
to another question. The digest of the body is RFC 9530.
"""

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    algorithms,
)

from payments.keys import KeyRing

LABEL: Final = "quittance"
TAG: Final = "quittance"
TRACE_HEADER: Final = "quittance-trace"
_QUESTION: Final = ('"@method";req', '"@target-uri";req')
_KEY: Final = '"idempotency-key";req'


@dataclass(frozen=True, slots=True)
class Question:
    """The request as the client sent it; the parts a signature can cover."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Answer:
    status_code: int
    headers: dict[str, str]
    request: Question | None


class AnswerSigner:
    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)

    def sign(
        self, question: Question | None, status: int, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        """The headers to add: Content-Digest, Signature-Input, Signature.

        A question that was no HTTP (None), or that the RFC cannot write down (a broken percent
        escape), is left out; everything of the answer is covered all the same.
        """
        # A 304 has no content type; there the validator is what the answer says.
        told = ("@status", "content-type" if "content-type" in headers else "etag", TRACE_HEADER)
        if question is not None:
            key = (_KEY,) if "idempotency-key" in question.headers else ()
            with suppress(HTTPMessageSignaturesException):
                return self._sign(question, status, headers, body, (*told, *_QUESTION, *key))
        return self._sign(None, status, headers, body, told)

    def _sign(
        self,
        question: Question | None,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        components: tuple[str, ...],
    ) -> dict[str, str]:
        answer = _Answer(status, dict(headers), question)
        # prepare() and not sign(): the latter builds everything a second time, in case the message
        # changed while a remote signer worked, which doubles the cost and cannot happen here.
        prepared = self._signer.prepare(
            answer,
            key_id=self._keys.current_id,
            label=LABEL,
            tag=TAG,
            covered_component_ids=components,
            body=body,
        )
        signature = b64encode(self._keys.current.sign(prepared.signature_base)).decode()
        return {
            "content-digest": answer.headers["Content-Digest"],
            "signature-input": f"{LABEL}={prepared.signature_params}",
            "signature": f"{LABEL}=:{signature}:",
        }
