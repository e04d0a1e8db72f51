"""Payments by a code whose money is too late, doubled or of another amount."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from payments.domain.case import CasePolicy, CaseReason, CaseStatus
from payments.domain.payment import PaymentOrder, PaymentStatus
from tests.card_factories import TERMS
from tests.workflows.card_desk import CardDesk, PayHandle, make_code_order

S, C, P = PaymentStatus, CaseStatus, CasePolicy
PAST_EXPIRY = timedelta(minutes=15, seconds=1)


def ordered(policy: CasePolicy | None = P.REFUND, **changes: Any) -> PaymentOrder:
    policies = {} if policy is None else {reason.value: policy.value for reason in CaseReason}
    return make_code_order(terms=replace(TERMS, case_policies=policies), **changes)


async def paid(cards: CardDesk, order: PaymentOrder) -> PayHandle:
    handle, reference = await cards.shown(order)
    cards.north.pay(reference)
    await cards.told(handle)
    await handle.result()
    return handle


async def expired(cards: CardDesk, order: PaymentOrder) -> PayHandle:
    handle, _ = await cards.shown(order)
    await cards.skip(handle, PAST_EXPIRY)
    assert await handle.result() is S.EXPIRED
    return handle


def reasons(cards: CardDesk) -> list[CaseReason]:
    return [case.reason for case in cards.cases.rows.values()]


def kept_over_there(cards: CardDesk) -> int:
    """What came at the provider, less what went back."""
    sums = {"take": 1, "receive": 1, "refund": -1}
    moved = [effect.split() for effect in cards.north.effects]
    return sum(sums[verb] * int(rest[-1]) for verb, *rest in moved if verb in sums)
