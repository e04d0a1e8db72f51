"""Answers that show a secret are kept sealed, and a repeat gets the first one's very bytes."""

import pytest

from api.sealed_answers import SealedAnswers
from payments.crypto import Unsealable, Vault
from payments.ports.answers import ClaimState, Scope, StoredAnswer
from tests.fakes.answers import FakeAnswers

ROUTE = "POST /webhook-endpoints"
SCOPE = Scope("partner_1", ROUTE, "key-1")
BODY = b'{"data":{"secret":"whsec_x"}}'
ANSWER = StoredAnswer(200, (("signature", "s"),), BODY, "trace", "P0000")
OLD, NEW = b"a" * 32, b"b" * 32


def sealed(store: FakeAnswers, *masters: bytes) -> SealedAnswers:
    return SealedAnswers(store, Vault(masters or [OLD]), {ROUTE})


def kept(store: FakeAnswers, scope: Scope = SCOPE) -> bytes:
    answer = store.claims[scope].answer
    assert answer is not None
    return answer.body


async def test_what_is_kept_does_not_show_the_secret_and_comes_back_byte_for_byte() -> None:
    store = FakeAnswers()
    answers = sealed(store)

    assert await answers.claim(SCOPE, b"f") is ClaimState.CLAIMED
    assert await answers.keep(SCOPE, ANSWER) is ANSWER

    assert b"whsec" not in kept(store)
    assert await answers.claim(SCOPE, b"f") == ANSWER


async def test_an_answer_without_a_secret_is_kept_as_it_is() -> None:
    store, scope = FakeAnswers(), Scope("partner_1", "POST /payments", "key-1")
    answers = sealed(store)

    await answers.claim(scope, b"f")
    assert await answers.keep(scope, ANSWER) is ANSWER

    assert kept(store, scope) == BODY
    assert await answers.claim(scope, b"f") == ANSWER


async def test_the_second_owner_of_a_claim_sends_the_first_ones_answer() -> None:
    store = FakeAnswers()
    answers = sealed(store)
    await answers.claim(SCOPE, b"f")
    await answers.keep(SCOPE, ANSWER)

    late = await answers.keep(SCOPE, StoredAnswer(200, (), b"{}", "later", "P0000"))

    assert late == ANSWER


async def test_a_rotated_master_secret_still_opens_what_it_sealed() -> None:
    store = FakeAnswers()
    await sealed(store).claim(SCOPE, b"f")
    await sealed(store).keep(SCOPE, ANSWER)

    assert await sealed(store, NEW, OLD).claim(SCOPE, b"f") == ANSWER


async def test_an_answer_that_was_moved_to_another_key_does_not_open() -> None:
    store, other = FakeAnswers(), Scope("partner_1", ROUTE, "key-2")
    answers = sealed(store)
    await answers.claim(SCOPE, b"f")
    await answers.keep(SCOPE, ANSWER)

    store.claims[other] = store.claims[SCOPE]

    with pytest.raises(Unsealable):
        await answers.claim(other, b"f")
