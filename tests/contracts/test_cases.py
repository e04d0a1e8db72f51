"""The promises of ports.cases.Cases, for PostgreSQL and for the fake."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from payments.domain import ids
from payments.domain.case import (
    Case,
    CaseEnd,
    CaseFound,
    CasePolicy,
    CaseReason,
    CaseStatus,
    Opened,
)
from payments.domain.charge import Receipt
from payments.domain.money import Money
from payments.domain.payment import PaymentOrder
from payments.ports.cases import CaseFilter, Cases
from payments.ports.payments import MoveRefused, Payments
from tests.card_factories import (
    NOW,
    PASSED,
    TERMS,
    make_attempt,
    make_code_order,
    make_decision,
)
from tests.contracts.card_record import S, fact_of


def brl(minor: int) -> Money:
    return Money(minor, "BRL")


async def shown(payments: Payments, **changes: Any) -> PaymentOrder:
    order = make_code_order(**changes)
    assert (await payments.begin(order, PASSED, make_decision())).refused is None
    return order


def make_found(order: PaymentOrder, **changes: Any) -> CaseFound:
    receipt = Receipt(changes.pop("receipt_id", f"E{uuid4().hex}"), brl(10_000), NOW)
    found = CaseFound(make_attempt(order), receipt, CaseReason.LATE, pays=False, at=NOW)
    return replace(found, **changes)


def make_end(case: Case, status: CaseStatus = CaseStatus.REFUNDED, fee: int = 0) -> CaseEnd:
    return CaseEnd(case, status, "ann", brl(fee), NOW + timedelta(hours=1))


async def opened(cases: Cases, found: CaseFound) -> Case:
    case = (await cases.open(found)).case
    assert case is not None
    return case


async def test_a_case_says_what_came_and_what_is_to_become_of_it(
    payments: Payments, cases: Cases
) -> None:
    order = await shown(payments, terms=replace(TERMS, case_policies={"amount": "accept"}))
    found = make_found(order, reason=CaseReason.AMOUNT)
    found = replace(found, receipt=replace(found.receipt, amount=brl(1)))

    answer = await cases.open(found)

    case = answer.case
    assert case is not None
    assert answer.is_new
    assert case.case_id == ids.case_id("NORTH", found.receipt.id)
    assert (case.payment_id, case.partner_id) == (order.payment_id, order.partner_id)
    assert (case.reference, case.attempt) == (order.reference, f"{order.payment_id}-1")
    assert (case.amount, case.reason) == (brl(1), CaseReason.AMOUNT)
    assert (case.policy, case.status) == (CasePolicy.ACCEPT, CaseStatus.OPEN)
    assert await cases.find(order.partner_id, case.case_id) == case
    assert await cases.named(case.case_id) == case
    assert await cases.find("partner_2", case.case_id) is None
    assert await cases.named("case_nobodys") is None


async def test_a_receipt_is_one_case_for_ever_whoever_comes(
    payments: Payments, cases: Cases
) -> None:
    found = make_found(await shown(payments))

    answers = await asyncio.gather(*(cases.open(found) for _ in range(10)))
    later = await cases.open(replace(found, reason=CaseReason.DOUBLE))

    assert sum(answer.is_new for answer in answers) == 1
    assert len({answer.case for answer in [*answers, later] if answer.case}) == 1


async def test_what_pays_is_no_case_while_the_payment_can_still_take_it(
    payments: Payments, cases: Cases
) -> None:
    order = await shown(payments)
    found = make_found(order, pays=True)

    before = await cases.open(found)
    await payments.move(fact_of(order, S.CAPTURED, provider_reference=found.receipt.id))
    after = [await cases.open(found), await cases.open(replace(found, pays=False))]

    assert [before, *after] == [Opened(None)] * 3


@pytest.mark.parametrize("end", [S.CANCELED, S.EXPIRED, S.FAILED])
async def test_what_would_have_paid_is_a_case_once_the_payment_ended_without_it(
    payments: Payments, cases: Cases, end: S
) -> None:
    order = await shown(payments)
    if end is S.EXPIRED:
        await payments.move(fact_of(order, S.REQUIRES_ACTION))
    await payments.move(fact_of(order, end))

    assert (await cases.open(make_found(order, pays=True))).is_new


async def test_a_case_of_no_payment_is_none(cases: Cases) -> None:
    assert await cases.open(make_found(make_code_order())) == Opened(None)


async def test_the_record_names_the_receipts_that_are_cases(
    payments: Payments, cases: Cases
) -> None:
    order = await shown(payments)
    receipts = {(await opened(cases, make_found(order))).receipt_id for _ in range(2)}

    named = await payments.named(f"{order.payment_id}-1")

    assert named is not None
    assert named.cases == receipts


@pytest.mark.parametrize("status", [CaseStatus.REFUNDED, CaseStatus.ACCEPTED])
async def test_a_case_is_closed_once_and_never_as_the_opposite(
    payments: Payments, cases: Cases, status: CaseStatus
) -> None:
    case = await opened(cases, make_found(await shown(payments)))
    fee = 170 if status is CaseStatus.ACCEPTED else 0
    end = make_end(case, status, fee)

    closed = await asyncio.gather(*(cases.close(end) for _ in range(5)))

    assert len(set(closed)) == 1
    assert (closed[0].status, closed[0].fee_minor, closed[0].resolved_by) == (status, fee, "ann")
    assert closed[0].closed_at == end.at
    [other] = {CaseStatus.REFUNDED, CaseStatus.ACCEPTED} - {status}
    with pytest.raises(MoveRefused):
        await cases.close(make_end(case, other))
    assert (await cases.open(make_found(make_code_order(), receipt_id="x"))).case is None


async def test_what_was_never_opened_is_not_closed(payments: Payments, cases: Cases) -> None:
    case = await opened(cases, make_found(await shown(payments)))

    with pytest.raises(LookupError):
        await cases.close(make_end(replace(case, case_id="case_nobodys")))


async def test_a_list_is_the_partners_own_newest_first_and_by_what_is_wanted(
    payments: Payments, cases: Cases
) -> None:
    partner = f"partner_{uuid4().hex}"
    order = await shown(payments, partner_id=partner)
    found = [
        await opened(cases, make_found(order, at=NOW + timedelta(minutes=number), reason=reason))
        for number, reason in enumerate((CaseReason.LATE, CaseReason.DOUBLE, CaseReason.LATE))
    ]
    closed = await cases.close(make_end(found[0]))
    await opened(cases, make_found(await shown(payments)))

    async def listed(**wanted: Any) -> list[str]:
        return [each.case_id for each in await cases.list(partner, CaseFilter(**wanted))]

    names = [each.case_id for each in reversed(found)]
    assert await listed() == names
    assert await listed(limit=2) == names[:2]
    assert await listed(after=names[1]) == names[2:]
    assert await listed(status=CaseStatus.REFUNDED) == [closed.case_id]
    assert await listed(reason=CaseReason.DOUBLE) == [found[1].case_id]
    assert await listed(payment_id=order.payment_id) == names
    assert await listed(payment_id="pay_nobodys") == []
    everybodys = await cases.list(None, CaseFilter(limit=100))
    assert set(names) < {each.case_id for each in everybodys}
