"""The lines of a batch, judged before anything moves: each must be what its kind says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from api.answers import Refusal, field_refused
from api.formats import Formatted, formats_of
from api.row_files import CardNumberSeen, Flaw, Line, RowFormat, Unreadable, count_rows, read
from api.schemas import Asked
from api.strict import checked
from payments.domain.batch import MOST_ROWS
from payments.domain.batch_row import BatchRow
from payments.domain.card_numbers import find
from payments.domain.codes import Code
from payments.domain.money import LARGEST_MINOR

Key = TypeVar("Key")


class TooManyRows(Exception):
    """More than MOST_ROWS."""


class Rows(Protocol):
    """One kind of row, for one file of one partner. `reference` is the column of its name."""

    @property
    def shape(self) -> type[Asked]: ...

    @property
    def reference(self) -> str: ...

    def row(self, number: int, told: Any) -> BatchRow:
        """What this line asks for, in its shape. Raises Refusal that names the field."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Every row of a file. What is begun has no flaws at all."""

    rows: tuple[BatchRow, ...]
    flaws: tuple[Flaw, ...]


@dataclass
class Once(Generic[Key]):
    """What must not come twice in a file."""

    column: str
    words: str
    _lines: dict[Key, int] = field(default_factory=dict)

    def take(self, key: Key, line: int) -> None:
        """Raises Refusal that tells where it came first."""
        first = self._lines.setdefault(key, line)
        if first != line:
            raise field_refused(Code.FIELD_REFUSED, self.column, f"{self.words} of line {first}")


def columns_of(shape: type[Asked]) -> tuple[str, ...]:
    """As they stand in the header, in this order."""
    return tuple(each.alias or name for name, each in shape.model_fields.items())


class RowJudge:
    """Reads the rows of one file, and remembers what must not come twice."""

    def __init__(self, kind: Rows) -> None:
        self._kind = kind
        self._columns: Final = columns_of(kind.shape)
        self._formats: Final[Mapping[str, Formatted]] = formats_of(kind.shape)
        self._names: Once[str] = Once(kind.reference, "the name")
        self._currency: tuple[str, int] | None = None

    def judge(self, body: bytes, format_: RowFormat) -> Judged:
        """Raises Unreadable, TooManyRows and CardNumberSeen."""
        if count_rows(body, format_) > MOST_ROWS:
            raise TooManyRows
        rows: list[BatchRow] = []
        flaws: list[Flaw] = []
        for each in self._judged(body, format_):
            if isinstance(each, Flaw):
                flaws.append(each)
            else:
                rows.append(each)
        if sum(row.amount.minor for row in rows) > LARGEST_MINOR:
            raise Unreadable("all rows together are more than any amount we move")
        return Judged(tuple(rows), tuple(flaws))

    def _judged(self, body: bytes, format_: RowFormat) -> Iterator[BatchRow | Flaw]:
        for line in read(body, format_, self._columns):
            if isinstance(line, Flaw):
                yield line
                continue
            self._refuse_card_number(line)
            try:
                yield self._row(line)
            except Refusal as refused:
                data: Mapping[str, str] = refused.data or {}
                yield Flaw(line.number, refused.code, data["reason"], data["field"])

    def _row(self, line: Line) -> BatchRow:
        """Raises Refusal."""
        row = self._kind.row(line.number, checked(self._kind.shape, line.fields))
        currency, first = self._currency = self._currency or (row.amount.currency, line.number)
        if row.amount.currency != currency:
            reason = f"line {first} has {currency}; a batch has one currency"
            raise field_refused(Code.FIELD_REFUSED, "currency", reason)
        self._names.take(row.reference, line.number)
        return row

    def _refuse_card_number(self, line: Line) -> None:
        """Raises CardNumberSeen. A bill's number may look like a card's: its column tells them
        apart.
        """
        for name, value in line.fields.items():
            text = value if isinstance(value, str) else repr(value)
            if find(name) or (find(text) and not self._is_told_apart(name, text)):
                raise CardNumberSeen(line.number)

    def _is_told_apart(self, name: str, text: str) -> bool:
        own = self._formats.get(name)
        return own is not None and own.fits(text)
