"""Metadata and reasons: visible, bounded, on one line. Rows X1, X2 and X5 of the catalogue."""

import pytest
from pydantic import TypeAdapter, ValidationError

from api.free_text import Metadata

METADATA: TypeAdapter[dict[str, str]] = TypeAdapter(Metadata)

GOOD = [
    "'; DROP TABLE ledger;--",
    "$1 %s {{7*7}} ${jndi:ldap://x} {0.__class__}",
    "a" * 500,
    "\U0001f9d1\u200d\U0001f680" * 100,
    "\U0001d54f" * 500,
    "বিল পরিশোধ",
    "قيمة",
    "e\u0301",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_can_be_seen_is_kept_as_it_is(text: str) -> None:
    assert METADATA.validate_python({"note": text}) == {"note": text}


BAD = [
    "",
    " ",
    "\u200b",
    "\u200b\u200d\ufeff",
    "\u00a0",
    "a\nb",
    "a\r\nb",
    'a\n{"level":"info"}',
    "\x1b[31mred",
    "a\x00b",
    "a\x7fb",
    "a\u0085b",
    "a\u2028b",
    "a\u2029b",
    "evil\u202etxt.exe",
    "\u2066a",
    "a" * 501,
    "\ud800",
]


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_be_seen_or_breaks_a_line_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        METADATA.validate_python({"note": text})

    assert refused.value.errors()[0]["loc"] == ("note",)


@pytest.mark.parametrize("key", ["", "a" * 41, "a\nb", "\u200b"])
def test_a_key_is_text_like_any_other(key: str) -> None:
    with pytest.raises(ValidationError):
        METADATA.validate_python({key: "x"})


def test_there_are_fifty_keys_and_no_more() -> None:
    fifty = {f"key {n}": "x" for n in range(50)}

    assert METADATA.validate_python(fifty) == fifty
    with pytest.raises(ValidationError):
        METADATA.validate_python({**fifty, "one": "more"})


@pytest.mark.parametrize("metadata", [{"a": 1}, {"a": None}, {"a": ["b"]}, {"a": {"b": "c"}}, []])
def test_values_are_text(metadata: object) -> None:
    with pytest.raises(ValidationError):
        METADATA.validate_python(metadata)
