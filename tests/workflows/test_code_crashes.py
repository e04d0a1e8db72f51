"""The worker dies at every step of a payment by a code and of a case, and another takes over."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.case import CasePolicy, CaseReason, CaseStatus
from payments.domain.payment import PaymentOrder, PaymentStatus
from tests.card_factories import TERMS, make_attempt
from tests.provider_script import How
from tests.workflows.card_desk import CardDesk, first, make_code_order
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
CAME_LATE = (*VOIDED, "receive E1-{p}-1 10000")
WENT_BACK = (*CAME_LATE, "refund {c}-1 10000")


def agreed_on(policy: CasePolicy) -> PaymentOrder:
    policies = {reason.value: policy.value for reason in CaseReason}
    return make_code_order(terms=replace(TERMS, case_policies=policies))


def refunding() -> PaymentOrder:
    return agreed_on(CasePolicy.REFUND)


def accepting() -> PaymentOrder:
    return agreed_on(CasePolicy.ACCEPT)


async def left(desk: CardDesk, order: PaymentOrder) -> None:
    handle, _ = await desk.charge(order)
    await handle.result()


async def paid_late(desk: CardDesk, order: PaymentOrder) -> None:
    await canceled(desk, order)
    receipt = f"E1-{first(order)}"
    await desk.told_of(make_attempt(order), receipt)
    await desk.case_ended(receipt)


def code(point: str, tell: Tell, effects: tuple[str, ...], *, relents: bool = False) -> Life:
    return Life(*(point, tell, effects, (How.CHALLENGE,)), relents=relents, make=make_code_order)


LIVES = {
    **{
        code(point, challenged, TAKEN, relents=True): S.CAPTURED
        for point in (
            *("after begin", "before authorize", "after authorize", "after move"),
            *("before inquire", "after inquire"),
        )
    },
    **{code(point, canceled, VOIDED): S.CANCELED for point in ("before void", "after void")},
    **{
        Life(
            *(point, left, VOIDED, (How.CHALLENGE,)),
            make=make_code_order,
            lasts=timedelta(seconds=1),
        ): S.EXPIRED
        for point in ("after move", "after inquire", "before void", "after void")
    },
    **{
        Life(point, sale, VOIDED, (How.WRONG_CODE,), make=make_code_order): S.FAILED
        for point in ("after authorize", "after move", "after void", "after inquire")
    },
}
CASES = {
    **{
        Life(
            *(point, paid_late, WENT_BACK, (How.CHALLENGE,)),
            make=refunding,
            is_paid_late=True,
        ): CaseStatus.REFUNDED
        for point in (
            *("after inquire", "before open", "after open"),
            *("before refund", "after refund", "before close", "after close"),
        )
    },
    **{
        Life(
            *(point, paid_late, CAME_LATE, (How.CHALLENGE,)),
            make=accepting,
            is_paid_late=True,
        ): CaseStatus.ACCEPTED
        for point in ("after open", "before close", "after close")
    },
}


@pytest.fixture(scope="module")
async def ends(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Life, CardDesk]:
    lives = [*LIVES, *CASES]
    return await live_all(live, lives, environment, tmp_path_factory.mktemp("code-worlds"))


@pytest.mark.parametrize("life", LIVES, ids=str)
async def test_a_worker_that_dies_leaves_each_effect_once_and_the_books_right(
    ends: Mapping[Life, CardDesk], life: Life
) -> None:
    end = ends[life]

    assert_each_effect_is_there_once_and_the_books_are_right(end, life)
    assert [row.status for row in end.payments.rows.values()] == [LIVES[life]]
    assert end.cases.rows == {}


@pytest.mark.parametrize("life", CASES, ids=lambda life: f"{CASES[life]} {life}")
async def test_a_case_whose_worker_dies_moves_the_money_once(
    ends: Mapping[Life, CardDesk], life: Life
) -> None:
    end = ends[life]
    [payment_id] = end.payments.rows
    [case] = end.cases.rows.values()

    effects = [each.format(p=payment_id, c=case.case_id) for each in life.effects]
    assert end.north.effects == effects
    assert (case.status, case.reason) == (CASES[life], CaseReason.LATE)
    assert end.cases.events == [("case.opened", case.case_id), ("case.closed", case.case_id)]
    if case.status is CaseStatus.REFUNDED:
        assert end.balance() == {}
    else:
        owed = {"provider_receivable": 10_000, "partner_payable": -9_830, "fee_income": -170}
        assert end.balance() == owed
    assert end.status(end.payments.sent[f"{payment_id}-1"].attempt.order) is S.CANCELED
