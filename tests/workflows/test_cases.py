"""Money that came for a code and pays for nothing is found, whoever tells of it."""

import asyncio

from payments.domain.case import CaseReason
from tests.card_factories import make_attempt
from tests.provider_script import How
from tests.workflows.card_desk import CardDesk, first
from tests.workflows.code_cases import (
    PAST_EXPIRY,
    C,
    S,
    expired,
    kept_over_there,
    ordered,
    paid,
    reasons,
)


async def test_what_comes_twice_goes_back(cards: CardDesk) -> None:
    order = ordered()
    await paid(cards, order)

    again = cards.north.pay(first(order))
    assert await cards.told_of(make_attempt(order), again.id)

    assert await cards.case_ended(again.id) is C.REFUNDED
    assert reasons(cards) == [CaseReason.DOUBLE]
    assert cards.status(order) is S.CAPTURED
    assert cards.balance().get("suspense", 0) == 0
    assert cards.balance()["provider_receivable"] == kept_over_there(cards) == 10_000
    assert [kind for kind, _ in cards.cases.events] == ["case.opened", "case.closed"]


async def test_what_comes_late_goes_back_and_the_payment_stays_expired(cards: CardDesk) -> None:
    order = ordered()
    await expired(cards, order)

    late = cards.north.pay(first(order))
    assert await cards.told_of(make_attempt(order), late.id)

    assert await cards.case_ended(late.id) is C.REFUNDED
    assert reasons(cards) == [CaseReason.LATE]
    assert cards.status(order) is S.EXPIRED
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


async def test_another_amount_is_a_case_at_once_and_the_right_one_still_pays(
    cards: CardDesk,
) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)

    wrong = cards.north.pay(reference, 9_999)
    assert await cards.told_of(make_attempt(order), wrong.id)
    assert await cards.case_ended(wrong.id) is C.REFUNDED
    assert cards.status(order) is S.REQUIRES_ACTION
    cards.north.pay(reference)

    assert (await cards.told(handle)).status is S.CAPTURED
    assert await handle.result() is S.CAPTURED
    assert reasons(cards) == [CaseReason.AMOUNT]
    assert cards.balance()["provider_receivable"] == kept_over_there(cards) == 10_000


async def test_what_pays_is_no_case_whoever_speaks_of_it(cards: CardDesk) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)
    paying = cards.north.pay(reference)

    early = await cards.told_of(make_attempt(order), paying.id)
    await cards.told(handle)
    await handle.result()
    late = await cards.told_of(make_attempt(order), paying.id)

    assert (early, late) == (False, False)
    assert cards.cases.rows == {}
    assert cards.kinds == ["captured"]


async def test_what_never_came_is_no_case(cards: CardDesk) -> None:
    order = ordered()
    await expired(cards, order)

    assert not await cards.told_of(make_attempt(order), "E9-of-nobody")

    assert (cards.cases.rows, cards.balance()) == ({}, {})


async def test_without_a_webhook_the_payment_finds_them_at_its_end(cards: CardDesk) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)
    came = [cards.north.pay(reference, minor) for minor in (5_000, 5_000)]

    await cards.skip(handle, PAST_EXPIRY)

    assert await handle.result() is S.EXPIRED
    for each in came:
        assert await cards.case_ended(each.id) is C.REFUNDED
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


async def test_what_came_beside_the_right_amount_is_found_with_it(cards: CardDesk) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)
    wrong = cards.north.pay(reference, 1)
    cards.north.pay(reference)
    double = cards.north.pay(reference)

    assert (await cards.told(handle)).status is S.CAPTURED

    assert [await cards.case_ended(each.id) for each in (wrong, double)] == [C.REFUNDED] * 2
    # They are two workflows, and each opens its own.
    assert set(reasons(cards)) == {CaseReason.AMOUNT, CaseReason.DOUBLE}
    assert cards.balance()["provider_receivable"] == kept_over_there(cards) == 10_000


async def test_who_pays_while_it_is_canceled_is_a_late_case(cards: CardDesk) -> None:
    order = ordered()
    handle, reference = await cards.shown(order)
    came = cards.north.pay(reference)

    answer = await cards.cancel(handle)

    assert answer.payment is not None
    assert answer.payment.status is S.CANCELED
    assert await cards.case_ended(came.id) is C.REFUNDED
    assert reasons(cards) == [CaseReason.LATE]
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


async def test_money_for_a_code_that_was_never_shown_is_a_late_case(cards: CardDesk) -> None:
    order = ordered()
    cards.north.takes(How.WRONG_CODE)
    handle, payment = await cards.charge(order)
    assert payment.status is S.FAILED
    await handle.result()

    came = cards.north.pay(first(order))
    assert await cards.told_of(make_attempt(order), came.id)

    assert await cards.case_ended(came.id) is C.REFUNDED
    assert (cards.balance(), kept_over_there(cards)) == ({}, 0)


async def test_a_hundred_webhooks_are_one_case_and_one_refund(cards: CardDesk) -> None:
    order = ordered()
    await expired(cards, order)
    late = cards.north.pay(first(order))

    found = await asyncio.gather(*(cards.told_of(make_attempt(order), late.id) for _ in range(20)))
    await cards.case_ended(late.id)
    again = await cards.told_of(make_attempt(order), late.id)

    assert all(found)
    assert again
    assert len(cards.cases.rows) == 1
    assert [effect.split()[0] for effect in cards.north.effects].count("refund") == 1
