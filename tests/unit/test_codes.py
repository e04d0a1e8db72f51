"""The code table: complete, unique, and its numbers mean what their first digit says."""

import re

import pytest

from payments.domain.codes import MEANINGS, Code, Status

FAMILIES = {"P0": {200, 202}, "P20": {402}, "P4": {401, 403}, "P9": {500, 503}}


def test_every_code_has_a_meaning_and_a_word_of_its_own() -> None:
    assert set(MEANINGS) == set(Code)
    assert len({meaning.reason for meaning in MEANINGS.values()}) == len(Code)


@pytest.mark.parametrize("code", list(Code))
def test_a_code_is_p_and_four_digits_and_keeps_to_its_family(code: Code) -> None:
    assert re.fullmatch(r"P[0-9]{4}", code)
    for family, allowed in FAMILIES.items():
        assert not code.startswith(family) or code.meaning.http_status in allowed


@pytest.mark.parametrize("code", list(Code))
def test_only_errors_can_be_retried_and_the_status_agrees_with_http(code: Code) -> None:
    meaning = code.meaning
    assert (meaning.status is Status.ERROR) == (meaning.http_status >= 400)
    assert meaning.status is Status.ERROR or not meaning.retryable
