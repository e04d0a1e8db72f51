"""What the page on disputes says is held against the code: moves, words, limits, codes."""

import re
from pathlib import Path

from api.dispute_schemas import DisputeView, EvidenceFiles, EvidenceTexts
from api.schemas import Asked
from payments.domain.codes import Code
from payments.domain.dispute import DISPUTE_MOVES, DisputeReason, DisputeStatus
from payments.domain.dispute_steps import REMINDERS
from payments.domain.evidence import (
    LARGEST_FILE_BYTES,
    LONGEST_TEXT,
    MOST_FILES,
    MOST_TEXT,
    MOST_VERSIONS,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "disputes.md").read_text()


def test_the_diagram_has_every_move_and_no_other() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", PAGE, re.MULTILINE))

    assert drawn == {(before, after) for before, moves in DISPUTE_MOVES.items() for after in moves}
    ends = set(re.findall(r"^    (\w+) --> \[\*\]$", PAGE, re.MULTILINE))
    assert ends == {status for status, moves in DISPUTE_MOVES.items() if not moves}


def test_every_status_and_reason_has_a_word() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", PAGE, re.MULTILINE)
    assert rows == list(DisputeStatus)
    [reasons] = re.findall(r"`reason` is one of (.+);", PAGE)
    assert re.findall(r"`(\w+)`", reasons) == list(DisputeReason)


def test_what_can_be_said_is_all_there() -> None:
    [row] = re.findall(r"^\| (`explanation`.+) \| (`receipt`.+) \|$", PAGE, re.MULTILINE)

    shapes: tuple[type[Asked], ...] = (EvidenceTexts, EvidenceFiles)
    for cell, shape in zip(row, shapes, strict=True):
        fields = [field.alias for field in shape.model_fields.values()]
        assert re.findall(r"`(\w+)`", cell) == fields
    [members] = re.findall(r"^`\{(id, paymentId.+)\}`", PAGE, re.MULTILINE)
    told = re.findall(r"(\w+)", re.sub(r": \{[^}]+\}", "", members))
    assert told == [field.alias for field in DisputeView.model_fields.values()]


def test_the_limits_are_those_of_the_code() -> None:
    assert f"at most {LARGEST_FILE_BYTES // 2**20} MiB and twenty files" in PAGE
    assert MOST_FILES == MOST_VERSIONS == 20
    assert "there are twenty at most" in PAGE
    assert f"up to {LONGEST_TEXT:,} characters each and {MOST_TEXT:,} in all" in PAGE
    assert [before.days for before in REMINDERS] == [3, 1]
    assert "three days and one day before `dueAt`" in PAGE


def test_the_codes_are_there_and_no_others() -> None:
    named = set(re.findall(r"P22\d\d", PAGE))

    assert named == {code for code in Code if code.startswith("P22")}
