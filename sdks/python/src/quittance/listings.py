"""A list of the API as a value: which rows it has, and how to ask for its pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from quittance.operations import Operation, Wanted
from quittance.reading import Envelope, Fields

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, newest first. `next` is what to ask for the page after; None: there is no more."""

    rows: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """`of` makes a row from its fields and the answer's trace. What is None is not asked for."""

    path: str
    rows: str
    of: Callable[[Fields, str], T]
    audience: Wanted
    query: Mapping[str, str | None]
    page_size: int

    def page(self, after: str | None) -> Operation[Page[T]]:
        asked = {**self.query, "after": after, "limit": str(self.page_size)}
        query = {name: value for name, value in asked.items() if value is not None}
        return Operation("GET", self.path, self._read, self.audience, query=query)

    def _read(self, envelope: Envelope) -> Page[T]:
        fields = envelope.fields
        rows = tuple(self.of(row, envelope.trace) for row in fields.rows(self.rows))
        return Page(rows, fields.optional_text("next"))
