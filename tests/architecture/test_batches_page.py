"""The page on batches is held against the code: columns, states, moves, codes, fields, events."""

import re
from pathlib import Path

import pytest

from api.batch_kinds import KINDS
from api.batch_rows import columns_of
from api.batch_schemas import BatchView, CountsView
from api.bill_rows import BillRowBody
from api.payout_batch_rows import PayoutRowBody
from api.row_files import LONGEST_LINE
from api.schemas import Asked
from payments.domain.batch import BATCH_MOVES, MOST_ROWS, BatchStatus
from payments.domain.batch_row import PAUSES, ROW_MOVES, TRIED_FOR, BatchKind, RowState
from payments.domain.codes import Code
from payments.domain.events import EVENT_TYPES, ObjectType

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "batches.md").read_text()
SHAPES: dict[BatchKind, type[Asked]] = {
    BatchKind.BILL_PAYMENTS: BillRowBody,
    BatchKind.PAYOUTS: PayoutRowBody,
}


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, number
    return found[0]


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{MOST_ROWS:,} rows" in section(1)
    assert f"{LONGEST_LINE:,}\nbytes a line" in section(1)
    assert (TRIED_FOR.days, [pause.seconds for pause in PAUSES]) == (
        1,
        [30, *(60 * minutes for minutes in (1, 2, 4, 8, 15))],
    )
    assert "30 seconds, then 1, 2, 4, 8 and 15 minutes" in section(4)


@pytest.mark.parametrize("kind", BatchKind)
def test_the_columns_of_every_kind_are_those_of_the_code(kind: BatchKind) -> None:
    columns = columns_of(SHAPES[kind])
    header = ",".join(columns)
    [table] = [each for each in section(1).split("| column |") if f"`{columns[0]}`" in each]

    assert f"```csv\n{header}\n" in section(1)
    assert set(columns) == set(re.findall(r"`(\w+)`", "".join(_first_cells(table))))
    assert set(KINDS[kind].results.columns) <= set(re.findall(r"\w+", section(6)))


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


def test_the_diagram_shows_every_move_of_a_row_and_no_other() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+):", section(4), re.MULTILINE))

    assert drawn == {(state.value, to.value) for state, moves in ROW_MOVES.items() for to in moves}


def test_every_state_of_a_row_is_explained() -> None:
    told = {each.strip().strip("`") for each in _first_cells(section(4))}

    assert told >= {*RowState, "under_way"} - {RowState.WAITING, RowState.DISPATCHED}


def test_every_field_is_named() -> None:
    told = set(re.findall(r"\w+", PAGE))

    for shape in (BatchView, CountsView):
        assert {str(field.alias) for field in shape.model_fields.values()} <= told, shape


def test_every_code_and_event_that_is_named_exists() -> None:
    assert set(re.findall(r"P\d{4}", PAGE)) <= set(Code)
    named = set(re.findall(r"`(batch\.[a-z]+)`", PAGE))
    assert named == {
        name for name, each in EVENT_TYPES.items() if each.object_type is ObjectType.BATCH
    }
