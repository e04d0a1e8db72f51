"""Text and JSON as PostgreSQL takes them, whatever others have sent us."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, overload

import orjson

# Neither holds a NUL character. U+FFFD is what Unicode has for one that could not be kept.
_NO_NUL: Final = str.maketrans({"\0": "\ufffd"})
# An even number of backslashes before it makes it the plain text "u0000", which may stay.
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def json_text(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """Serialise for a jsonb column. What is no JSON at all is kept as Python writes it."""
    try:
        text = orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        # For example a lone surrogate, or an integer of more than 64 bits.
        text = orjson.dumps({"python": ascii(value)})
    return _NUL.sub(rb"\1\\ufffd", text).decode()


@overload
def theirs(text: str) -> str: ...
@overload
def theirs(text: str | None) -> str | None: ...
def theirs(text: str | None) -> str | None:
    """Others' own words: a NUL or half a surrogate pair in them must not keep money from moving."""
    return None if text is None else text.encode(errors="replace").decode().translate(_NO_NUL)
