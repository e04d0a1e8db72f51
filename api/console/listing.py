"""A list of the console, the newest first: one page of it, and the links to the others."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from api.console.asked import Asked
from api.routes.owned import is_id

T = TypeVar("T")
PAGE: Final = 50
_BEFORE: Final = "before"


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """`first` and `older` are queries of links; None: there is no older one."""

    shown: Sequence[T]
    first: str
    older: str | None
    is_first: bool


async def listed(
    query: Asked,
    find: Callable[[str | None, int], Awaitable[Sequence[T]]],
    name: Callable[[T], str],
) -> Listed[T]:
    """`find` takes the name that the page begins after, and how many. Raises HTTPException."""
    before = query.get(_BEFORE)
    if before is not None and not is_id(before):
        raise HTTPException(400, "There is no such page; begin with the first one.")
    found = await find(before, PAGE + 1)
    shown = found[:PAGE]
    asked = {field: value for field, value in query.items() if field != _BEFORE}
    older = link(**asked, before=name(shown[-1])) if len(found) > PAGE else None
    return Listed(shown, link(**asked), older, is_first=before is None)


def link(**query: str | None) -> str:
    return "?" + urlencode({name: value for name, value in query.items() if value is not None})
