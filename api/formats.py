"""Fields with a format of their own, which the card-number guard leaves alone; others are free."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Formatted:
    """Marks a field, in its Annotated type. A value without this format is guarded all the same."""

    pattern: str

    def fits(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value, re.ASCII) is not None


def formats_of(shape: type[BaseModel]) -> Mapping[str, Formatted]:
    """By the name that partners write; a field of a field is `outer.inner`."""
    found: dict[str, Formatted] = {}
    for name, field in shape.model_fields.items():
        written = field.alias or name
        for part in (*field.metadata, *_parts(field.annotation)):
            if isinstance(part, Formatted):
                found[written] = part
            elif isinstance(part, type) and issubclass(part, BaseModel):
                inner = formats_of(part)
                found |= {f"{written}.{path}": mark for path, mark in inner.items()}
    return found


def _parts(annotation: Any) -> Iterator[Any]:
    """What an annotation is made of: `list[Line] | None` is of Line too."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)
