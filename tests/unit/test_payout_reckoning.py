"""What the proof finds when a rail's books and ours differ about payouts, book by book."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.card_findings import Kind
from tests.proofs.payouts import misfits

Row = Mapping[str, Any]
ONE = {"id": "po_1", "status": "paid", "amount_minor": 3_000, "transfer_minor": 3_000} | {
    "transfer_id": "po_1",
    "transfer_status": "paid",
    "refunded_minor": 0,
}
REFUNDED = (
    ONE | {"id": "po_2", "transfer_minor": 0, "transfer_id": "po_2"} | {"refunded_minor": 3_000}
)
BY_LEGS = (
    REFUNDED
    | {"id": "po_3", "transfer_id": "po_4"}
    | {
        "transfer_minor": 1_000,
        "refunded_minor": 2_000,
    }
)
RETURNED = BY_LEGS | {"status": "partly_paid", "transfer_status": "returned"}


def entry(reference: str, amount: str, effect: str = "out") -> Row:
    return {"effect": effect, "reference": reference, "amount": amount, "currency": "USD"}


BOOKED = (entry("po_1", "30.00"), entry("po_4", "10.00"))
BACK = (*BOOKED, entry("po_4", "10.00", "back"))


@pytest.mark.parametrize(
    ("rows", "entries"), [((ONE, REFUNDED, BY_LEGS), BOOKED), ((ONE, RETURNED), BACK)]
)
def test_books_that_agree_have_no_finding(rows: tuple[Row, ...], entries: tuple[Row, ...]) -> None:
    assert list(misfits(rows, entries)) == []


@pytest.mark.parametrize(
    ("row", "entries", "kind", "text"),
    [
        (ONE, (), Kind.BOOKS, "paid, and at the rail (0, 0) times out and back"),
        (ONE, BOOKED * 2, Kind.DOUBLED, "paid, and at the rail (2, 0) times out and back"),
        (ONE, (entry("po_1", "3.00"),), Kind.BOOKS, "at the rail over {300}"),
        (ONE | {"transfer_status": "sent"}, BOOKED, Kind.UNKNOWN, "still sent"),
        (BY_LEGS, BACK, Kind.BOOKS, "paid, and at the rail (1, 1) times out and back"),
        (REFUNDED, (entry("po_2", "30.00"),), Kind.DOUBLED, "refunded, and at the rail as well"),
        (
            REFUNDED | {"status": "partly_paid"},
            *((), Kind.BOOKS, "partly_paid, and 3000 of 3000 have arrived"),
        ),
        (
            RETURNED | {"status": "paid"},
            *(BACK, Kind.BOOKS, "paid, and 2000 of 3000 have arrived"),
        ),
        (
            BY_LEGS | {"refunded_minor": 0, "status": "partly_paid"},
            *(BOOKED, Kind.BOOKS, "partly_paid, and 0 of 2000 are back"),
        ),
    ],
)
def test_books_that_were_doctored_are_found(
    row: Row, entries: tuple[Row, ...], kind: Kind, text: str
) -> None:
    assert [(found.kind, found.text) for found in misfits([row], entries)] == [(kind, text)]
