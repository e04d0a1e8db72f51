"""The page on payouts is held against the code: moves, fields, codes, holds, test accounts."""

import re
from pathlib import Path

from schwifty import IBAN

from api.payout_schemas import (
    CardBody,
    DestinationBody,
    DestinationsQuery,
    DestinationView,
    FundsView,
    IbanBody,
    LocalAccountBody,
    PayoutBody,
    PayoutLegView,
    PayoutsQuery,
    PayoutView,
)
from payments.domain.codes import Code
from payments.domain.destination import DestinationState
from payments.domain.events import EVENT_TYPES, ObjectType
from payments.domain.payout import PAYOUT_MOVES, HoldReason
from payments.domain.payout_legs import MOST_SOURCES
from workflows.payout import HOLD_LASTS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "payouts.md").read_text()
SHAPES = (DestinationBody, DestinationsQuery, DestinationView, IbanBody, LocalAccountBody, CardBody)
SHAPES_TOO = (PayoutBody, PayoutsQuery, PayoutView, PayoutLegView, FundsView)


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, number
    return found[0]


def test_the_diagram_shows_every_move_and_no_other() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", section(4), re.MULTILINE))

    assert drawn == {
        (status.value, to.value) for status, moves in PAYOUT_MOVES.items() for to in moves
    }
    ends = set(re.findall(r"^ +(\w+) --> \[\*\]$", section(4), re.MULTILINE))
    assert ends == {status.value for status, moves in PAYOUT_MOVES.items() if not moves}


def test_a_leg_moves_as_a_payout_does() -> None:
    drawn = re.findall(r"^ +(\w+) --> (\w+)(?::.*)?$", section(7), re.MULTILINE)

    moves = {(status.value, to.value) for status, moves in PAYOUT_MOVES.items() for to in moves}
    assert drawn
    assert set(drawn) <= moves


def test_every_field_and_state_is_named() -> None:
    told = set(re.findall(r"\w+", PAGE))

    for shape in (*SHAPES, *SHAPES_TOO):
        assert {str(field.alias) for field in shape.model_fields.values()} <= told, shape
    assert {*DestinationState, *HoldReason} <= told


def test_every_code_and_event_that_is_named_exists_and_none_is_missing() -> None:
    assert set(re.findall(r"P\d{4}", PAGE)) <= set(Code)
    named = set(re.findall(r"`(payout\.[a-z_]+)`", section(9)))
    assert named == {
        name for name, each in EVENT_TYPES.items() if each.object_type is ObjectType.PAYOUT
    }


def test_the_limits_are_those_of_the_code() -> None:
    assert f"gives back {MOST_SOURCES} payments at most" in section(7)
    assert HOLD_LASTS.days == 7
    assert "after seven days" in section(6)


def test_every_test_account_is_one() -> None:
    accounts = re.findall(r"^\| `(NL\w+)` \| `(\d\d)` \|", section(11), re.MULTILINE)

    assert [ending for _, ending in accounts] == [f"{at:02d}" for at in range(12)]
    for iban, ending in accounts:
        assert str(IBAN(iban)).endswith(ending)
