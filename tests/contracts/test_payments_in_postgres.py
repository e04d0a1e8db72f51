"""What the record writes of card payments beside the read model: ledger legs, few statements."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.db.session import Database
from payments.domain.card import Decline
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.method import BankRedirect
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import PaymentOrder
from payments.domain.refund import RefundStatus
from tests.card_factories import NOW, PASSED, make_attempt, make_decision, make_order, make_refund
from tests.contracts.card_record import S, begun, fact_of, usd
from tests.contracts.direct import Direct

TAKEN = Answer(OutcomeKind.ACCEPTED, reference="acq_re_1")
AT_A_BANK = {"card": None, "bank": BankRedirect("GB", "SUNNY")}
CAPTURED = {
    "provider_receivable:NORTH:USD": 10_000,
    "partner_payable:partner_1:USD": -9_830,
    "fee_income:partner_1:USD": -170,
}


@pytest.fixture
def ledger(database: Database) -> PostgresLedger:
    return PostgresLedger(database)


@pytest.fixture
def payments(database: Database, ledger: PostgresLedger) -> PostgresPayments:
    return PostgresPayments(database, ledger)


@pytest.fixture
def refunds(database: Database, ledger: PostgresLedger) -> PostgresRefunds:
    return PostgresRefunds(database, ledger)


async def lines(ledger: PostgresLedger, *subjects: str) -> dict[str, int]:
    """Each account's sum over everything that was posted about these."""
    sums: dict[str, int] = {}
    for subject in subjects:
        for entry in await ledger.entries(subject):
            sums[entry.account] = sums.get(entry.account, 0) + entry.amount.minor
    return {account: minor for account, minor in sums.items() if minor}


@pytest.mark.parametrize("method", [{}, AT_A_BANK], ids=["card", "bank"])
@pytest.mark.parametrize("suspended", [False, True])
async def test_a_sale_is_owed_by_the_provider_to_the_partner_and_to_us(
    suspended: bool, method: dict[str, Any], payments: PostgresPayments, ledger: PostgresLedger
) -> None:
    order = await begun(payments, **method)
    if suspended:
        await asyncio.gather(*(payments.suspend(make_attempt(order)) for _ in range(5)))
        assert await lines(ledger, order.payment_id) == {
            "provider_receivable:NORTH:USD": 10_000,
            "suspense:NORTH:USD": -10_000,
        }

    await payments.move(fact_of(order, S.CAPTURED, fee=usd(170)))

    assert await lines(ledger, order.payment_id) == CAPTURED


async def test_an_authorisation_waits_in_the_memo_and_is_taken_in_parts(
    payments: PostgresPayments, ledger: PostgresLedger
) -> None:
    order = await begun(payments, capture=False)
    await payments.suspend(make_attempt(order))
    assert await lines(ledger, order.payment_id) == {}

    await payments.move(fact_of(order, S.AUTHORIZED))
    memo = {"authorized:NORTH:USD": 10_000, "authorized_memo:partner_1:USD": -10_000}
    assert await lines(ledger, order.payment_id) == memo

    for part in ("one", "two"):
        await payments.move(fact_of(order, S.PARTIALLY_CAPTURED, key=part))
    await payments.move(fact_of(order, S.CAPTURED, captured=None))
    assert await lines(ledger, order.payment_id) == {
        "provider_receivable:NORTH:USD": 2_000,
        "partner_payable:partner_1:USD": -2_000,
    }


@pytest.mark.parametrize("status", [S.FAILED, S.CANCELED, S.REQUIRES_ACTION])
async def test_what_turned_out_to_be_none_leaves_suspense(
    status: Any, payments: PostgresPayments, ledger: PostgresLedger
) -> None:
    order = await begun(payments)
    await payments.suspend(make_attempt(order))

    await payments.move(fact_of(order, status))

    assert await lines(ledger, order.payment_id) == {}


async def test_an_attempt_takes_its_suspense_back_and_the_next_one_pays(
    payments: PostgresPayments, ledger: PostgresLedger
) -> None:
    order = await begun(payments)
    first, second = make_attempt(order), make_attempt(order, 2)
    await payments.suspend(first)
    for _ in range(3):
        await payments.attempted(first, Answer(OutcomeKind.NOT_SENT), second)
    assert await lines(ledger, order.payment_id) == {}
    await payments.suspend(first)
    assert await lines(ledger, order.payment_id) == {}

    await payments.suspend(second)
    await payments.move(replace(fact_of(order, S.CAPTURED, fee=usd(170)), attempt=second))

    assert await lines(ledger, order.payment_id) == CAPTURED


async def test_late_money_waits_in_suspense_and_goes_back(
    payments: PostgresPayments, ledger: PostgresLedger
) -> None:
    order = await begun(payments)
    await payments.move(fact_of(order, S.FAILED))
    attempt = make_attempt(order)

    for _ in range(3):
        await payments.late(attempt, order.amount, captured=True)
    assert await lines(ledger, order.payment_id) == {
        "provider_receivable:NORTH:USD": 10_000,
        "suspense:NORTH:USD": -10_000,
    }
    for _ in range(3):
        await payments.reversed(attempt, order.amount, captured=True)

    assert await lines(ledger, order.payment_id) == {}


async def test_suspending_and_moving_at_once_balances_whoever_wins(
    payments: PostgresPayments, ledger: PostgresLedger
) -> None:
    orders = [await begun(payments) for _ in range(20)]

    await asyncio.gather(
        *(payments.suspend(make_attempt(each)) for each in orders),
        *(payments.move(fact_of(each, S.CAPTURED, fee=usd(170))) for each in orders),
    )

    for order in orders:
        assert await lines(ledger, order.payment_id) == CAPTURED


@pytest.mark.parametrize("suspended", [False, True])
async def test_refunds_go_the_way_back(
    suspended: bool, payments: PostgresPayments, refunds: PostgresRefunds, ledger: PostgresLedger
) -> None:
    order = await captured(payments)
    back, kept = make_refund(order, 4_000), make_refund(order, 500)
    for refund, status in ((back, RefundStatus.SUCCEEDED), (kept, RefundStatus.FAILED)):
        await refunds.reserve(refund)
        if suspended:
            await refunds.suspend(refund)
        await refunds.settle(refund, status, TAKEN, None)

    assert await lines(ledger, back.refund_id) == {
        "partner_payable:partner_1:USD": 4_000,
        "provider_receivable:NORTH:USD": -4_000,
    }
    assert await lines(ledger, kept.refund_id) == {}
    assert len(await ledger.entries(kept.refund_id)) == (4 if suspended else 0)


async def captured(payments: PostgresPayments) -> PaymentOrder:
    order = await begun(payments)
    await payments.move(fact_of(order, S.CAPTURED))
    return order


async def test_the_ordinary_ways_are_one_statement_for_each_write(
    payments: PostgresPayments, direct: Direct
) -> None:
    async def pay() -> None:
        sale = await begun(payments)
        await payments.move(fact_of(sale, S.CAPTURED))
        held = await begun(payments, capture=False)
        await payments.move(fact_of(held, S.AUTHORIZED, expires_at=NOW + timedelta(days=7)))
        await payments.move(fact_of(held, S.CAPTURED))
        await payments.find("partner_1", held.payment_id)

    await pay()
    direct.forget_calls()
    for _ in range(5):
        await pay()

    # Two beginnings, three moves, one question.
    assert sorted((await direct.calls()).values()) == [5, 10, 15]


async def test_words_of_a_provider_that_no_database_takes_do_not_stop_a_payment(
    payments: PostgresPayments,
) -> None:
    odd = "half \ud83d and nothing \0"
    order = await begun(payments)
    decline = Decline(Code.DO_NOT_HONOR, odd, odd, odd)

    moved = await payments.move(fact_of(order, S.FAILED, decline=decline, provider_reference=odd))

    assert moved.raw_code == "half ? and nothing \ufffd"


async def test_what_was_asked_for_comes_back_as_it_was(payments: PostgresPayments) -> None:
    order = make_order(metadata={"ключ": "値 \\u0000"}, save_method=True)
    await payments.begin(order, PASSED, make_decision())

    attempt = await payments.attempt(f"{order.payment_id}-1")

    assert attempt is not None
    assert attempt.order == order
