"""What partners are told of card payments and refunds: once, in order, with the API's names."""

import asyncio
from typing import Any

import orjson
import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.db.session import Database
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.method import BankRedirect
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.refund import RefundStatus
from tests.card_factories import make_attempt, make_refund
from tests.contracts.card_record import ACTION, DECLINED, S, begun, fact_of, usd
from tests.contracts.direct import Direct

TAKEN = Answer(OutcomeKind.ACCEPTED, reference="acq_re_1")


@pytest.fixture
def ledger(database: Database) -> PostgresLedger:
    return PostgresLedger(database)


@pytest.fixture
def payments(database: Database, ledger: PostgresLedger) -> PostgresPayments:
    return PostgresPayments(database, ledger)


@pytest.fixture
def refunds(database: Database, ledger: PostgresLedger) -> PostgresRefunds:
    return PostgresRefunds(database, ledger)


async def events_of(direct: Direct, object_id: str) -> list[tuple[Any, ...]]:
    return await direct.rows(
        """SELECT type, sequence, previous_status, partner_id, object_type FROM event
        WHERE object_id = $1 ORDER BY sequence""",
        object_id,
    )


async def test_every_move_is_told_once_and_in_its_order(
    payments: PostgresPayments, direct: Direct
) -> None:
    order = await begun(payments, capture=False)
    facts = [
        fact_of(order, S.REQUIRES_ACTION),
        fact_of(order, S.PROCESSING),
        fact_of(order, S.AUTHORIZED),
        fact_of(order, S.PARTIALLY_CAPTURED, key="part"),
        fact_of(order, S.CAPTURED, captured=None),
    ]
    for fact in facts:
        for _ in range(2):
            await payments.move(fact)

    assert await events_of(direct, order.payment_id) == [
        ("payment.requires_action", 1, "processing", "partner_1", "payment"),
        ("payment.authorized", 2, "processing", "partner_1", "payment"),
        ("payment.captured", 3, "authorized", "partner_1", "payment"),
        ("payment.captured", 4, "partially_captured", "partner_1", "payment"),
    ]


async def test_writers_that_tell_at_once_number_their_events_without_a_gap(
    payments: PostgresPayments, direct: Direct
) -> None:
    order = await begun(payments, capture=False)
    await payments.move(fact_of(order, S.AUTHORIZED))
    moves = [fact_of(order, S.PARTIALLY_CAPTURED, key=f"{n}", captured=usd(10)) for n in range(4)]

    await asyncio.gather(
        *(payments.move(each) for each in moves),
        *(payments.late(make_attempt(order, n), usd(1), captured=True) for n in range(2, 8)),
    )

    assert [event[1] for event in await events_of(direct, order.payment_id)] == [*range(1, 12)]


async def test_late_money_is_told_and_that_it_went_back(
    payments: PostgresPayments, direct: Direct
) -> None:
    order = await begun(payments)
    await payments.move(fact_of(order, S.FAILED))
    attempt = make_attempt(order)
    await payments.late(attempt, usd(9_000), captured=True)
    await payments.reversed(attempt, usd(9_000), captured=True)

    assert [event[:3] for event in await events_of(direct, order.payment_id)] == [
        ("payment.failed", 1, "processing"),
        ("payment.late_success", 2, "failed"),
        ("payment.reversed", 3, "failed"),
    ]
    data = await data_of(direct, order.payment_id, 2)
    assert (data["status"], data["attempt"], data["lateAmount"]) == (
        "failed",
        attempt.reference,
        "90.00",
    )


async def data_of(direct: Direct, object_id: str, sequence: int) -> Any:
    text = await direct.value(
        "SELECT data FROM event WHERE object_id = $1 AND sequence = $2", object_id, sequence
    )
    return orjson.loads(text)


async def test_an_event_says_what_the_partner_api_says(
    payments: PostgresPayments, direct: Direct
) -> None:
    yen = Money(10_000, "JPY")
    order = await begun(payments, amount=yen, metadata={"cart": "7"}, customer_id="cus_1")
    await payments.move(fact_of(order, S.REQUIRES_ACTION, expires_at=ACTION.expires_at))
    await payments.move(fact_of(order, S.CAPTURED, fee=Money(170, "JPY")))

    common = {
        "id": order.payment_id,
        "reference": order.reference,
        "amount": "10000",
        "currency": "JPY",
        "capture": True,
        "paymentMethod": {"type": "card", "brand": "visa", "last4": "4242"},
        "metadata": {"cart": "7"},
        "customerId": "cus_1",
        "createdAt": "2026-04-30T08:21:14.123Z",
        "updatedAt": "2026-04-30T08:21:14.123Z",
        "amountRefunded": "0",
        "amountCapturable": "0",
    }
    expires_at = "2026-04-30T08:31:14.123Z"
    assert await data_of(direct, order.payment_id, 1) == {
        **common,
        "status": "requires_action",
        "amountCaptured": "0",
        "fee": "0",
        "expiresAt": expires_at,
        "nextAction": {"type": "redirect", "url": ACTION.url, "expiresAt": expires_at},
    }
    assert await data_of(direct, order.payment_id, 2) == {
        **common,
        "status": "captured",
        "amountCaptured": "10000",
        "fee": "170",
    }


@pytest.mark.parametrize("bank", ["SUNNY", None])
async def test_an_event_says_at_which_bank_it_is_paid(
    payments: PostgresPayments, direct: Direct, bank: str | None
) -> None:
    order = await begun(payments, card=None, bank=BankRedirect("GB", bank))
    await payments.move(fact_of(order, S.REQUIRES_ACTION))
    await payments.move(fact_of(order, S.CAPTURED))

    for sequence, status in ((1, "requires_action"), (2, "captured")):
        data = await data_of(direct, order.payment_id, sequence)
        assert data["status"] == status
        assert data["paymentMethod"] == {"type": "bank_redirect", "country": "GB", "bank": bank}


async def test_figures_in_events_have_the_currencys_digits(
    payments: PostgresPayments, direct: Direct
) -> None:
    order = await begun(payments, amount=Money(10_000, "BHD"), capture=False)
    await payments.move(fact_of(order, S.AUTHORIZED))
    await payments.move(fact_of(order, S.PARTIALLY_CAPTURED, key="part"))

    data = await data_of(direct, order.payment_id, 2)
    assert (data["amount"], data["amountCaptured"], data["amountCapturable"], data["fee"]) == (
        "10.000",
        "1.000",
        "9.000",
        "0.000",
    )


async def test_what_failed_tells_why(
    payments: PostgresPayments, refunds: PostgresRefunds, direct: Direct
) -> None:
    order = await begun(payments)
    await payments.move(fact_of(order, S.FAILED))
    captured = await begun(payments)
    await payments.move(fact_of(captured, S.CAPTURED))
    refund = make_refund(captured, 100, reason="too small")
    await refunds.reserve(refund)
    await refunds.settle(refund, RefundStatus.FAILED, TAKEN, None)

    failed = await data_of(direct, order.payment_id, 1)
    assert (failed["declineCode"], failed["reason"]) == ("P2001", "insufficient_funds")
    assert failed["providerCode"] == DECLINED.raw
    told = await data_of(direct, refund.refund_id, 1)
    assert (told["status"], told["declineCode"]) == ("failed", Code.REFUND_FAILED)
    assert await events_of(direct, refund.refund_id) == [
        ("refund.failed", 1, "pending", "partner_1", "refund")
    ]
