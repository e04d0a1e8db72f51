"""The signer signs every answer, whatever was asked; and what it signs, the library verifies."""

import pytest
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, algorithms
from http_message_signatures.resolvers import MappingKeyResolver
from hypothesis import given
from hypothesis import strategies as st

from api.signing import TAG, AnswerSigner, Question
from payments.keys import KeyRing, Purpose

KEYS = KeyRing(Purpose.ANSWER, [bytes(range(32))])
SIGNER = AnswerSigner(KEYS)
HEADERS = {
    "content-type": "application/json",
    "quittance-trace": "anon.20260430T082114123Z.00000000",
}
QUESTION = Question("POST", "http://127.0.0.1:8080/bill/pay?x=1", {"idempotency-key": "k-1"})
BODY = b'{"status":"OK"}'


class Message:
    def __init__(self, request: Question | None, status: int = 200) -> None:
        self.status_code = status
        self.headers = dict(HEADERS)
        self.request = request


def signed(question: Question) -> Message:
    message = Message(question)
    message.headers |= SIGNER.sign(question, 200, HEADERS, BODY)
    return message


def verify(message: Message, body: bytes = BODY) -> set[str]:
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(
            private_keys={}, public_keys={KEYS.current_id: KEYS.current.public_key()}
        ),
    )
    (result,) = verifier.verify(message, expect_tag=TAG, body=body)
    return set(result.covered_components)


def test_an_answer_covers_itself_and_the_question() -> None:
    covered = verify(signed(QUESTION))
    assert covered == {
        '"@status"',
        '"content-type"',
        '"quittance-trace"',
        '"@method";req',
        '"@target-uri";req',
        '"idempotency-key";req',
        '"content-digest"',
        '"@signature-params"',
    }


@pytest.mark.parametrize(
    "other",
    [
        Question("GET", QUESTION.url, QUESTION.headers),
        Question("POST", "http://127.0.0.1:8080/bill/pay?x=2", QUESTION.headers),
        Question("POST", "http://elsewhere/bill/pay?x=1", QUESTION.headers),
        Question("POST", QUESTION.url, {"idempotency-key": "k-2"}),
    ],
)
def test_an_answer_cannot_be_moved_to_another_question(other: Question) -> None:
    message = signed(QUESTION)
    message.request = other
    with pytest.raises(InvalidSignature):
        verify(message)


def test_a_changed_status_trace_or_body_does_not_verify() -> None:
    for change in ("status", "trace", "body"):
        message = signed(QUESTION)
        message.status_code = 500 if change == "status" else 200
        if change == "trace":
            message.headers["quittance-trace"] = "anon.20260430T082114123Z.00000001"
        with pytest.raises(InvalidSignature):
            verify(message, BODY + b" " if change == "body" else BODY)


@given(
    st.text(st.characters(max_codepoint=255), max_size=30),
    st.text(st.characters(max_codepoint=255), max_size=10),
    st.sampled_from(["GET", "get", "M-SEARCH", "G\x00T", "UNPARSED"]),
)
def test_no_question_is_too_strange_for_a_signed_answer(path: str, host: str, method: str) -> None:
    question = Question(method, f"http://{host}/{path}", {})
    message = signed(question)
    if '"@target-uri";req' not in message.headers["signature-input"]:
        message.request = None
    assert '"@status"' in verify(message)


@given(
    st.sampled_from(["GET", "POST"]),
    st.from_regex(r"[a-z0-9.-]{1,20}(:[0-9]{1,5})?", fullmatch=True),
    st.from_regex(r"/[A-Za-z0-9._~/-]{0,20}(\?[A-Za-z0-9._~=&:-]{1,20})?", fullmatch=True),
    st.none() | st.from_regex(r"[!-~]{1,40}", fullmatch=True),
    st.sampled_from([200, 202, 404, 503]),
)
def test_a_form_filled_in_is_what_the_library_writes(
    method: str, host: str, target: str, key: str | None, status: int
) -> None:
    headers = {} if key is None else {"idempotency-key": key}
    message = Message(Question(method, f"http://{host}{target}", headers), status)
    message.headers |= SIGNER.sign(message.request, status, HEADERS, BODY)
    verify(message)
