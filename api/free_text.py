"""Text of a partner's own that we only keep and give back: visible, bounded, and on one line."""

import unicodedata
from typing import Annotated, Final

from pydantic import Field, JsonValue
from pydantic.functional_validators import AfterValidator
from pydantic_core import PydanticCustomError

# Controls and separators of lines break a log or a terminal; the others turn text around.
_REFUSED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
_UNSEEN: Final = frozenset({"Cf", "Zs", "Mn", "Cn"})


# The same as ECMA 262 writes it, for the OpenAPI document.
_PLAIN: Final = r"^[^\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]*$"


def _plain(text: str) -> str:
    refuse_controls(text)
    return text


def _visible(text: str) -> str:
    refuse_controls(text)
    refuse_unseen(text)
    return text


def refuse_controls(text: str, but: str = "") -> None:
    """Raises PydanticCustomError."""
    for letter in text:
        is_one = unicodedata.category(letter) in _REFUSED or letter in _TURNING
        if is_one and letter not in but:
            allowed = "of these only tabs and line breaks" if but else "no line breaks"
            raise PydanticCustomError("free_text", "no control characters or turns, " + allowed)


def refuse_unseen(text: str) -> None:
    """Raises PydanticCustomError."""
    if all(letter.isspace() or unicodedata.category(letter) in _UNSEEN for letter in text):
        raise PydanticCustomError("free_text", "at least one visible character")


Visible: Final = AfterValidator(_visible)
# What the document can say of it; that one letter must be visible is more than a pattern can.
_TOLD: Final[dict[str, JsonValue]] = {"pattern": _PLAIN, "minLength": 1}
_LONGEST_KEY: Final = 40
# What may be empty, to take it back.
Note = Annotated[
    str, Field(max_length=200, json_schema_extra={"pattern": _PLAIN}), AfterValidator(_plain)
]
Reason = Annotated[str, Field(max_length=200, json_schema_extra=_TOLD), Visible]
MetadataKey = Annotated[str, Field(max_length=_LONGEST_KEY), Visible]
MetadataValue = Annotated[str, Field(max_length=500, json_schema_extra=_TOLD), Visible]
Metadata = Annotated[
    dict[MetadataKey, MetadataValue],
    Field(
        max_length=50,
        json_schema_extra={"propertyNames": {"maxLength": _LONGEST_KEY, **_TOLD}},
    ),
]
