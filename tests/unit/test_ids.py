"""Derived ids: two tries of one request meet at one id, two requests never do."""

from datetime import UTC, datetime

import pytest

from payments.domain import ids
from payments.domain.bill import BillRef

BILL = BillRef("DESCO", "1234567800", "2026-04")
APRIL = datetime(2026, 4, 30, 23, 59, tzinfo=UTC)
MAY = datetime(2026, 5, 1, 0, 1, tzinfo=UTC)


def test_the_id_of_a_lock_leads_back_to_its_bill() -> None:
    assert ids.bill_lock(BILL) == "bill-lock:DESCO:1234567800:2026-04"
    assert ids.bill_of_lock(ids.bill_lock(BILL)) == BILL


def test_the_id_of_something_else_is_no_lock() -> None:
    with pytest.raises(ValueError):
        ids.bill_of_lock("payment:a:b:c")


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
