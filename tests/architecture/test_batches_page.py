"""The page on batches is held against the code: columns, states, moves, codes, fields, events."""

import re
from pathlib import Path

from api.batch_results import COLUMNS as RESULTS
from api.batch_rows import COLUMNS
from api.batch_schemas import BatchView, CountsView
from api.row_files import LONGEST_LINE
from payments.domain.batch import BATCH_MOVES, MOST_ROWS, BatchStatus
from payments.domain.codes import Code
from payments.domain.events import EVENT_TYPES, ObjectType

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "batches.md").read_text()
ROW_STATES = {"waiting", "under_way", "paid", "declined", "refused", "canceled"}


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, number
    return found[0]


def test_the_columns_and_the_limits_are_those_of_the_code() -> None:
    assert section(1).split("```csv\n")[1].splitlines()[0] == ",".join(COLUMNS)
    assert f"{MOST_ROWS:,} rows" in section(1)
    assert f"{LONGEST_LINE:,}\nbytes a line" in section(1)
    assert set(COLUMNS) == set(re.findall(r"`(\w+)`", "".join(_first_cells(section(1)))))


def _first_cells(text: str) -> list[str]:
    return re.findall(r"^\|([^|]*)\|", text, re.MULTILINE)


def test_the_diagram_shows_every_move_of_a_batch_and_no_other() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", section(3), re.MULTILINE))

    assert drawn == {
        (status.value, to.value) for status, moves in BATCH_MOVES.items() for to in moves
    }
    ends = set(re.findall(r"^ +(\w+) --> \[\*\]$", section(3), re.MULTILINE))
    assert ends == {status.value for status, moves in BATCH_MOVES.items() if not moves}
    assert {f"`{status}`" for status in BatchStatus} <= {
        each.strip() for each in _first_cells(section(3))
    }


def test_every_state_of_a_row_is_explained() -> None:
    told = {each.strip().strip("`") for each in _first_cells(section(4))}

    assert told >= ROW_STATES - {"waiting"}


def test_every_field_is_named() -> None:
    told = set(re.findall(r"\w+", PAGE))

    for shape in (BatchView, CountsView):
        assert {str(field.alias) for field in shape.model_fields.values()} <= told, shape
    assert set(RESULTS) <= set(re.findall(r"\w+", section(6)))


def test_every_code_and_event_that_is_named_exists() -> None:
    assert set(re.findall(r"P\d{4}", PAGE)) <= set(Code)
    named = set(re.findall(r"`(batch\.[a-z]+)`", PAGE))
    assert named == {
        name for name, each in EVENT_TYPES.items() if each.object_type is ObjectType.BATCH
    }
