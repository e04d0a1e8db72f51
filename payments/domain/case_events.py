"""What partners are told of cases, by the names of the events."""

from typing import Final

CASE_OPENED: Final = "case.opened"
CASE_CLOSED: Final = "case.closed"
