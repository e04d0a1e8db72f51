"""What the proof finds when an acquirer's books and ours differ about disputes, book by book."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.card_findings import Finding, Kind
from tests.proofs.disputes import misfits

Row = Mapping[str, Any]
LOST = {"id": "dp_1", "provider": "NORTH", "provider_reference": "dis_1"} | {
    "status": "lost",
    "taken_minor": 1_150,
}
WON = LOST | {"id": "dp_2", "provider_reference": "dis_2", "status": "won", "taken_minor": 150}


def effect(kind: str, amount: str, reference: str = "dis_1") -> Row:
    return {"effect": kind, "amount": amount, "currency": "EUR", "reference": reference}


TAKEN = (
    effect("capture", "99.00"),
    effect("dispute", "11.50"),
    effect("dispute", "11.50", "dis_2"),
    effect("dispute_returned", "10.00", "dis_2"),
)


def test_books_that_agree_have_no_finding() -> None:
    assert list(misfits([LOST, WON], {"NORTH": TAKEN, "SOUTH": ()})) == []


@pytest.mark.parametrize(
    ("row", "effects", "kind", "text"),
    [
        (LOST | {"taken_minor": 1_000}, TAKEN, Kind.BOOKS, "took 1000, they say 1150"),
        (LOST, (), Kind.BOOKS, "took 1150, they say 0"),
        (LOST, (*TAKEN, effect("dispute", "11.50")), Kind.BOOKS, "took 1150, they say 2300"),
        (
            *(LOST, (*TAKEN, effect("dispute_returned", "11.50"))),
            *(Kind.BOOKS, "took 1150, they say 0"),
        ),
        (LOST | {"provider": "SOUTH"}, TAKEN, Kind.BOOKS, "took 1150, they say 0"),
        (LOST | {"status": "under_review"}, TAKEN, Kind.UNKNOWN, "still under_review"),
    ],
)
def test_books_that_were_doctored_are_found(
    row: Row, effects: tuple[Row, ...], kind: Kind, text: str
) -> None:
    assert list(misfits([row], {"NORTH": effects})) == [Finding(kind, "dp_1", text)]
