"""The worker dies at every step of a payment at a bank and another takes over: one effect each."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.payment import PaymentOrder, PaymentStatus
from tests.provider_script import SOFT, How
from tests.workflows.card_desk import CardDesk
from tests.workflows.lives import live_all
from tests.workflows.test_card_crashes import (
    TAKEN,
    Life,
    Tell,
    assert_each_effect_is_there_once_and_the_books_are_right,
    canceled,
    challenged,
    live,
    sale,
)

S = PaymentStatus
VOIDED = ("void {p}-1",)


async def left(desk: CardDesk, order: PaymentOrder) -> None:
    handle, _ = await desk.charge(order)
    await handle.result()


def at_the_bank(point: str, tell: Tell, effects: tuple[str, ...], *, relents: bool = False) -> Life:
    script = (How.CHALLENGE,)
    return Life(point, tell, effects, script, relents=relents, at_a_bank=True)


LIVES = {
    **{
        at_the_bank(point, challenged, TAKEN, relents=True): S.CAPTURED
        for point in ("after begin", "before authorize", "after authorize", "after move")
    },
    at_the_bank("before inquire", challenged, TAKEN, relents=True): S.CAPTURED,
    at_the_bank("after inquire", challenged, TAKEN, relents=True): S.CAPTURED,
    **{
        Life(point, sale, TAKEN, (How.LOSE_ANSWER,), at_a_bank=True): S.CAPTURED
        for point in ("after suspend", "after inquire")
    },
    Life("after attempted", sale, ("take {p}-2 10000",), (SOFT,), at_a_bank=True): S.CAPTURED,
    **{at_the_bank(point, canceled, VOIDED): S.CANCELED for point in ("before void", "after void")},
    **{
        Life(
            *(point, left, VOIDED, (How.CHALLENGE,)),
            at_a_bank=True,
            lasts=timedelta(seconds=1),
        ): S.EXPIRED
        for point in ("after move", "after inquire", "before void", "after void")
    },
}


@pytest.fixture(scope="module")
async def ends(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Life, CardDesk]:
    return await live_all(live, list(LIVES), environment, tmp_path_factory.mktemp("bank-worlds"))


@pytest.mark.parametrize("life", LIVES, ids=str)
async def test_a_worker_that_dies_leaves_each_effect_once_and_the_books_right(
    ends: Mapping[Life, CardDesk], life: Life
) -> None:
    end = ends[life]

    assert_each_effect_is_there_once_and_the_books_are_right(end, life)
    assert [row.status for row in end.payments.rows.values()] == [LIVES[life]]


def test_the_bank_is_sent_the_payment_once_whoever_dies(ends: Mapping[Life, CardDesk]) -> None:
    for life, end in ends.items():
        if life.failpoint != "before authorize":
            calls = [call for call in end.north.calls if call.startswith("authorize ")]
            assert len(calls) == 1, life
