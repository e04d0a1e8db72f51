"""The name of one row of a batch: apart, because a bill's lock bears it too."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowRef:
    """One row, from outside its batch. `line` is its place in the file."""

    batch_id: str
    line: int
