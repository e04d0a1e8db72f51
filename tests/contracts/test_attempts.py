"""What the record keeps of attempts, for the networks' rules and for what providers tell."""

import asyncio
from dataclasses import replace
from uuid import uuid4

from payments.domain.card import Decline
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Assessment, Attempt, PaymentOrder, Verdict
from payments.domain.provider import kinds_for
from payments.domain.routing import Retries, Routed
from payments.ports.payments import Filter, Payments
from tests.card_factories import (
    NOW,
    PASSED,
    make_attempt,
    make_card,
    make_decision,
    make_fact,
    make_order,
)
from tests.contracts.card_record import DECLINED, S, begun, fact_of, usd

STOLEN = Decline(Code.STOLEN_CARD, "stolen_card", "43")


async def test_the_first_attempt_is_known_from_the_beginning(payments: Payments) -> None:
    order = await begun(payments, metadata={"cart": "7"})
    first = make_attempt(order)

    assert await payments.attempt(first.reference) == first
    assert await payments.latest_attempt(order.payment_id) == first


async def test_risk_steps_up_the_first_attempt_and_holds_back_others(payments: Payments) -> None:
    challenges = {}
    for verdict in Verdict:
        order = make_order()
        await payments.begin(order, Assessment(verdict, "rule"), make_decision())
        attempt = await payments.attempt(f"{order.payment_id}-1")
        challenges[verdict] = attempt and attempt.challenge

    assert challenges == {
        Verdict.PASS: False,
        Verdict.STEP_UP: True,
        Verdict.HOLD: None,
        Verdict.BLOCK: None,
    }


async def test_the_next_attempt_is_known_with_the_end_of_the_one_before(
    payments: Payments,
) -> None:
    order = await begun(payments)
    first, second = make_attempt(order), make_attempt(order, 2, "SOUTH")

    for _ in range(2):
        await payments.attempted(first, Answer(OutcomeKind.DECLINED, decline=DECLINED), second)

    assert await payments.attempt(second.reference) == second
    assert await payments.latest_attempt(order.payment_id) == second
    moved = await payments.move(make_fact(second, S.CAPTURED, captured=order.amount))
    assert moved.provider == "SOUTH"


async def test_what_a_provider_names_leads_to_the_payment(payments: Payments) -> None:
    order = await begun(payments)
    first, second = make_attempt(order), make_attempt(order, 2, "SOUTH")
    await payments.attempted(first, Answer(OutcomeKind.DECLINED, decline=DECLINED), second)
    standing = await payments.find(order.partner_id, order.payment_id)

    for attempt, is_latest in ((first, False), (second, True)):
        named = await payments.named(attempt.reference)
        assert named is not None
        assert (named.payment, named.attempt, named.is_latest) == (standing, attempt, is_latest)
    unsent = await payments.named(f"{order.payment_id}-3")
    assert unsent is not None
    assert (unsent.payment, unsent.attempt, unsent.is_latest) == (standing, None, True)


async def test_what_names_nothing_of_ours_leads_nowhere(payments: Payments) -> None:
    order = await begun(payments)

    for reference in (
        "",
        "re_1",
        order.payment_id,
        f"{order.payment_id}-x",
        f"{order.payment_id}-²",
        "pay_unknown-1",
    ):
        assert await payments.named(reference) is None
        assert await payments.attempt(reference) is None
    assert await payments.attempt(f"{order.payment_id}-99999999999999999999") is None


async def declined(payments: Payments, decline: Decline, like: PaymentOrder) -> None:
    card = replace(make_card(), fingerprint=like.method.fingerprint)
    order = await begun(payments, partner_id=like.partner_id, amount=like.amount, card=card)
    answer = Answer(OutcomeKind.DECLINED, decline=decline)
    await payments.attempted(make_attempt(order), answer, make_attempt(order, 2, "SOUTH"))
    await payments.move(make_fact(make_attempt(order, 2, "SOUTH"), S.FAILED, decline=decline))


async def test_declines_are_counted_by_card_partner_and_amount(payments: Payments) -> None:
    asked = make_order()
    fingerprint = asked.method.fingerprint
    for other in (
        make_order(),
        replace(asked, amount=usd(10_001)),
        replace(asked, partner_id="partner_2"),
    ):
        await declined(payments, STOLEN, other)
    assert await payments.retries("partner_1", fingerprint, asked.amount) == Retries()

    await declined(payments, DECLINED, asked)
    await declined(payments, DECLINED, asked)

    counted = await payments.retries("partner_1", fingerprint, asked.amount)
    assert counted == Retries(last_24h=4, last_30d=4)


async def test_only_declines_are_counted(payments: Payments) -> None:
    order = await begun(payments)
    await payments.attempted(make_attempt(order), Answer(OutcomeKind.NOT_SENT))
    await payments.move(fact_of(order, S.CAPTURED))

    counted = await payments.retries("partner_1", order.method.fingerprint, order.amount)
    assert counted == Retries()


async def test_never_again_is_remembered(payments: Payments) -> None:
    asked = make_order()
    await declined(payments, STOLEN, asked)
    await declined(payments, DECLINED, asked)

    counted = await payments.retries("partner_1", asked.method.fingerprint, asked.amount)
    assert counted.never


async def test_the_decision_is_kept(payments: Payments) -> None:
    order, decision = make_order(), make_decision(rule="big in Japan")
    await payments.begin(order, PASSED, decision)
    await payments.move(fact_of(order, S.CAPTURED))

    assert await payments.decision(order.payment_id) == decision
    assert await payments.decision("pay_unknown") is None


async def test_the_newest_routed_payments_are_there_for_a_dry_run(payments: Payments) -> None:
    orders = [make_order(created_at=NOW.replace(year=2500, day=m)) for m in (1, 2, 3)]
    for order in orders:
        facts = {} if order is not orders[1] else {"facts": None}
        await payments.begin(order, PASSED, make_decision(**facts))

    assert await payments.routed(2) == [
        Routed(order.payment_id, make_decision(), kinds_for(order.method))
        for order in (orders[2], orders[0])
    ]


async def test_pages_go_on_where_the_one_before_ended(payments: Payments) -> None:
    partner_id = f"p{uuid4().hex[:12]}"
    orders = [
        await begun(payments, partner_id=partner_id, created_at=NOW.replace(hour=n // 2))
        for n in range(7)
    ]
    expected = sorted(orders, key=lambda each: (each.created_at, each.payment_id), reverse=True)

    found: list[str] = []
    while page := await payments.list(
        partner_id, Filter(after=found[-1] if found else None, limit=3)
    ):
        found += [each.payment_id for each in page]

    assert found == [each.payment_id for each in expected]
    assert await payments.list("partner_2", Filter(after=found[0])) == []


async def test_a_page_has_what_is_wanted(payments: Payments) -> None:
    partner_id = f"p{uuid4().hex[:12]}"
    early = await begun(payments, partner_id=partner_id, customer_id="cus_1")
    late = await begun(payments, partner_id=partner_id, created_at=NOW.replace(year=2027))
    await payments.move(fact_of(late, S.CAPTURED))

    for wanted, expected in (
        (Filter(status=S.CAPTURED), [late]),
        (Filter(reference=early.reference), [early]),
        (Filter(customer_id="cus_1"), [early]),
        (Filter(created_from=late.created_at), [late]),
        (Filter(created_before=late.created_at), [early]),
        (Filter(status=S.CAPTURED, customer_id="cus_1"), []),
        (Filter(), [late, early]),
    ):
        found = await payments.list(partner_id, wanted)
        assert [each.payment_id for each in found] == [each.payment_id for each in expected]


async def test_suspending_an_ended_payment_changes_nothing(payments: Payments) -> None:
    order = await begun(payments)
    standing = await payments.move(fact_of(order, S.CAPTURED))

    await asyncio.gather(*(payments.suspend(make_attempt(order)) for _ in range(3)))

    assert await payments.find(order.partner_id, order.payment_id) == standing


async def test_a_payment_moves_on_from_suspense_and_through_late_money(payments: Payments) -> None:
    order = await begun(payments)
    attempt: Attempt = make_attempt(order)
    await payments.suspend(attempt)
    standing = await payments.move(fact_of(order, S.FAILED))

    for _ in range(2):
        await payments.late(attempt, order.amount, captured=True)
        await payments.reversed(attempt, order.amount, captured=True)

    assert await payments.find(order.partner_id, order.payment_id) == standing
