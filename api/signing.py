"""Sign every answer: RFC 9421 over status, trace, digest and the question it answers.

The signature binds the request's method, target and Idempotency-Key, so an answer cannot be moved
to another question. The digest of the body is RFC 9530.
"""

import hashlib
import re
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
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
_KEY_HEADER: Final = "idempotency-key"
_KEY: Final = f'"{_KEY_HEADER}";req'
_PLAIN_URL: Final = re.compile(
    r"https?://[a-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9._~/-]*(\?[A-Za-z0-9._~=&:-]+)?", re.ASCII
)
_PLAIN_METHOD: Final = re.compile(r"GET|POST", re.ASCII)
_PLAIN_KEY: Final = re.compile(r"[!-~]+", re.ASCII)


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


@dataclass(frozen=True, slots=True)
class _Form:
    """A signature base without its values, as the library writes it for one set of components.

    `names` are the lines' names in order, `before` and `after` the parameters around `created`.
    """

    names: tuple[str, ...]
    before: str
    after: str


class AnswerSigner:
    """The library writes every form; a plain question's values are then filled in here.

    Writing the form anew for each answer costs four times the signature itself. Whatever is not
    plain (escapes, an odd host, an odd method) goes through the library as a whole; a test holds
    the two ways together.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)
        self._forms: dict[tuple[str, ...], _Form] = {}

    def sign(
        self, question: Question | None, status: int, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        """The headers to add: Content-Digest, Signature-Input, Signature.

        A question that was no HTTP (None), or that the RFC cannot write down (a broken percent
        escape), is left out; everything of the answer is covered all the same.
        """
        # A 304 has no content type; there the validator is what the answer says.
        told = ("@status", "content-type" if "content-type" in headers else "etag", TRACE_HEADER)
        digest = f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"
        answer = _Answer(status, {**headers, "content-digest": digest}, question)
        if question is None:
            return self._signed(answer, *self._written(answer, told))
        key = (_KEY,) if _KEY_HEADER in question.headers else ()
        if _is_plain(question):
            return self._signed(answer, *self._filled_in(answer, (*told, *_QUESTION, *key)))
        with suppress(HTTPMessageSignaturesException):
            return self._signed(answer, *self._written(answer, (*told, *_QUESTION, *key)))
        return self._signed(answer, *self._written(replace(answer, request=None), told))

    def _signed(self, answer: _Answer, base: bytes, params: str) -> dict[str, str]:
        signature = b64encode(self._keys.current.sign(base)).decode()
        return {
            "content-digest": answer.headers["content-digest"],
            "signature-input": f"{LABEL}={params}",
            "signature": f"{LABEL}=:{signature}:",
        }

    def _written(
        self, answer: _Answer, components: tuple[str, ...], created: datetime | None = None
    ) -> tuple[bytes, str]:
        """Signature base and parameters, by the library alone."""
        prepared = self._signer.prepare(
            answer,
            key_id=self._keys.current_id,
            label=LABEL,
            tag=TAG,
            created=created,
            covered_component_ids=(*components, "content-digest"),
            use_existing_digest=True,
        )
        return prepared.signature_base, prepared.signature_params

    def _filled_in(self, answer: _Answer, components: tuple[str, ...]) -> tuple[bytes, str]:
        """The same, from the form."""
        form = self._forms.get(components)
        if form is None:
            form = self._forms[components] = self._form(answer, components)
        question = answer.request
        assert question is not None
        values = {
            '"@status"': str(answer.status_code),
            '"@method";req': question.method,
            '"@target-uri";req': question.url,
            _KEY: question.headers.get(_KEY_HEADER, ""),
        }
        params = f"{form.before}{int(time.time())}{form.after}"
        lines = [f"{name}: {values.get(name) or answer.headers[name[1:-1]]}" for name in form.names]
        return "\n".join([*lines, f'"@signature-params": {params}']).encode(), params

    def _form(self, answer: _Answer, components: tuple[str, ...]) -> _Form:
        base, params = self._written(answer, components, created=datetime.fromtimestamp(0, UTC))
        before, _, after = params.partition("created=0")
        names = [line.partition(": ")[0] for line in base.decode().split("\n")[:-1]]
        return _Form(tuple(names), f"{before}created=", after)


def _is_plain(question: Question) -> bool:
    """Nothing in it that the RFC would write in another way than it came."""
    key = question.headers.get(_KEY_HEADER, "x")
    url, method = _PLAIN_URL.fullmatch(question.url), _PLAIN_METHOD.fullmatch(question.method)
    return bool(url and method and _PLAIN_KEY.fullmatch(key))
