"""What lists are asked with: how many, and since or until when."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import Field
from pydantic.functional_validators import BeforeValidator
from pydantic_core import PydanticCustomError

LARGEST_PAGE: Final = 100
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def _page_size(text: object) -> object:
    """A number in a query is text; only its plain form is taken."""
    if isinstance(text, str) and text.isascii() and text.isdigit():
        return int(text[:9])
    return text


def _moment(text: object) -> object:
    if isinstance(text, str) and _RFC3339.fullmatch(text):
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(text).astimezone(UTC)
    raise PydanticCustomError("moment", "a time is RFC 3339, such as 2026-04-30T08:21:14Z")


Moment = Annotated[datetime, BeforeValidator(_moment)]
PageSize = Annotated[int, Field(ge=1, le=LARGEST_PAGE), BeforeValidator(_page_size)]
