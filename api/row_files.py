"""Files of rows, CSV or JSON Lines, read strictly: each bad line is told by its number.

CSV is RFC 4180 in UTF-8 without a byte-order mark, with exactly the header that is asked for. No
value has a line break in it, so a line is a row. A value that a spreadsheet would take for a
formula is refused: whoever opens the file of results would run it.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.answers import Refusal
from api.strict import strict_json
from payments.domain.card_numbers import find
from payments.domain.codes import Code

LONGEST_LINE: Final = 1_000
_BOM: Final = b"\xef\xbb\xbf"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class RowFormat(StrEnum):
    """How rows are written. The value is the media type."""

    CSV = "text/csv"
    JSONL = "application/jsonl"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one line. `line` counts from 1, the header included."""

    line: int
    code: Code
    reason: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it stands in the file."""

    number: int
    fields: dict[str, object]


class Unreadable(Exception):
    """The file as a whole is not one of rows. The text says why, for people."""


class CardNumberSeen(Exception):
    """A line holds what looks like a card number where none can be. `place` names the line."""

    def __init__(self, line: int) -> None:
        self.place = f"line {line}"
        super().__init__(self.place)


def count_rows(body: bytes, format_: RowFormat) -> int:
    """How many there are at the most; quickly, before any is read."""
    lines = body.count(b"\n") + (not body.endswith(b"\n"))
    return lines - 1 if format_ is RowFormat.CSV else lines


def read(body: bytes, format_: RowFormat, columns: Sequence[str]) -> Iterator[Line | Flaw]:
    """Every row. Raises Unreadable for what is wrong with the file itself, and CardNumberSeen."""
    if not body.strip():
        raise Unreadable("the file is empty")
    if body.startswith(_BOM):
        raise Unreadable("the file begins with a byte-order mark")
    lines = body.split(b"\n")
    if not lines[-1]:
        lines.pop()
    ending = b"\r" if lines[0].endswith(b"\r") else b""
    first = 1
    if format_ is RowFormat.CSV:
        header = lines.pop(0).removesuffix(ending)
        _refuse_header(header, columns)
        first = 2
        if not lines:
            raise Unreadable("the file has no rows")
    last = first + len(lines) - 1
    for number, line in enumerate(lines, first):
        # A file may end without a line break, and half of one is none.
        expected = ending if number != last or body.endswith(b"\n") else b""
        row: Line | Flaw
        if line.endswith(b"\r") != bool(expected):
            row = Flaw(number, Code.FIELD_MALFORMED, "ends in another way than the first line")
        else:
            row = _row(number, line.removesuffix(b"\r"), format_, columns)
        # Of a line that cannot be told apart into fields, all is looked at; a comma ends one, or a
        # bill's number and its period would look like one in 25 times.
        if isinstance(row, Flaw) and any(map(find, line.decode(errors="replace").split(","))):
            raise CardNumberSeen(number)
        yield row


def _refuse_header(header: bytes, columns: Sequence[str]) -> None:
    expected = ",".join(columns)
    if find(header.decode(errors="replace")):
        raise CardNumberSeen(1)
    if header != expected.encode():
        raise Unreadable(f"the first line must be {expected}")


def _row(number: int, line: bytes, format_: RowFormat, columns: Sequence[str]) -> Line | Flaw:
    try:
        fields = _fields(line, format_, columns)
    except Refusal as refused:
        told = refused.data or {}
        reason = told.get("reason", "not one JSON object")
        return Flaw(number, Code.FIELD_MALFORMED, reason, told.get("field"))
    except UnicodeDecodeError:
        return Flaw(number, Code.FIELD_MALFORMED, "not UTF-8")
    except ValueError as error:
        return Flaw(number, Code.FIELD_MALFORMED, str(error))
    for name, value in fields.items():
        if isinstance(value, str) and value.startswith(FORMULA):
            return Flaw(number, Code.FIELD_REFUSED, "begins as a formula does", name)
    return Line(number, fields)


def _fields(line: bytes, format_: RowFormat, columns: Sequence[str]) -> dict[str, object]:
    """Raises Refusal, and ValueError with what is wrong."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"longer than {LONGEST_LINE} bytes")
    if not line.strip():
        raise ValueError("the line is empty")
    if b"\r" in line:
        raise ValueError("a carriage return stands in it")
    if format_ is RowFormat.JSONL:
        return strict_json(line)
    text = line.decode()
    try:
        [values] = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        raise ValueError("quotes are not as RFC 4180 has them") from None
    if len(values) != len(columns):
        raise ValueError(f"{len(values)} fields where there are {len(columns)} columns")
    return dict(zip(columns, values, strict=True))
