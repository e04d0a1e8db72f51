"""Derived ids: two tries of one request meet at one id, two requests never do."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain import ids
from payments.domain.bill import BillRef

BILL = BillRef("DESCO", "1234567800", "2026-04")
APRIL = datetime(2026, 4, 30, 23, 59, tzinfo=UTC)
MAY = datetime(2026, 5, 1, 0, 1, tzinfo=UTC)


def test_the_id_of_a_lock_names_its_bill() -> None:
    assert ids.bill_lock(BILL) == "bill-lock:DESCO:1234567800:2026-04"


def test_a_transaction_id_shows_the_month_and_depends_on_the_partners_own_id() -> None:
    first = ids.transaction_id("partner_1", "ORDER-1", APRIL)
    assert first.startswith("TXN-2026-04-")
    assert len(first) == 28
    assert first == ids.transaction_id("partner_1", "ORDER-1", APRIL)
    assert first != ids.transaction_id("partner_2", "ORDER-1", APRIL)
    assert first != ids.transaction_id("partner_1", "ORDER-2", APRIL)


def test_a_retry_after_midnight_of_the_last_day_meets_the_first_try() -> None:
    first = ids.transaction_id("partner_1", "ORDER-1", APRIL)
    retry = ids.transaction_id("partner_1", "ORDER-1", MAY)
    assert ids.pay_update(first) == ids.pay_update(retry)


@given(st.uuids())
def test_an_events_name_says_which_event_it_is(event_id: UUID) -> None:
    name = ids.event_name(event_id)

    assert re.fullmatch(r"evt_[0-9a-hj-km-np-tv-z]{26}", name)
    assert ids.event_of_name(name) == event_id


@pytest.mark.parametrize(
    "name", ["", "evt_", "evt_0", f"evt_{'z' * 26}", f"EVT_{'0' * 26}", "evt_!"]
)
def test_nothing_else_is_the_name_of_an_event(name: str) -> None:
    with pytest.raises(ValueError, match=r"name of an event|not found"):
        ids.event_of_name(name)


def test_a_delivery_has_one_id_for_each_round() -> None:
    event_id = UUID(int=1)

    first, again = (ids.delivery(event_id, "whe_a", number) for number in (1, 2))

    assert first == f"webhook:evt_{'0' * 25}1:whe_a"
    assert again == f"{first}:2"
