"""The names that operators sign with."""

import asyncio

import pytest

from payments.cli import doors
from payments.domain.operators import is_operator, people
from payments.domain.payment import Review
from payments.domain.payout import PayoutReview


@pytest.mark.parametrize("name", ["ann", "Ann.B@office", "!", "a" * 64])
def test_a_name_is_one(name: str) -> None:
    assert is_operator(name)


NONE = ["", "ann b", "ann\n", "ann\0", "é", "\udcff", "a" * 65]


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_name_is_said_to_nobody(name: str) -> None:
    assert not is_operator(name)
    for said in (
        doors.reviewed_payout("po_1", PayoutReview(True, name)),
        doors.reviewed_payment("pay_1", Review(True, name)),
    ):
        with pytest.raises(ValueError, match="a name"):
            asyncio.run(said)


def test_one_who_writes_a_name_in_another_way_is_nobody_else() -> None:
    assert people(["ann", "ANN", "Ann", "bob"]) == 2
