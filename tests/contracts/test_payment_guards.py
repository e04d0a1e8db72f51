"""The database refuses what the declared moves and amounts do not allow, whoever writes the SQL."""

import asyncpg
import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.db.session import Database
from payments.domain.card import DeclineKind
from payments.domain.charge import Answer, Operation
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import (
    FINAL,
    PAYMENT_MOVES,
    PaymentOrder,
    PaymentStatus,
)
from payments.domain.provider import ProviderKind
from payments.domain.refund import RefundOrder, RefundStatus
from payments.ports.inbox import InboundState
from tests.card_factories import make_refund
from tests.contracts.card_record import S, begun, fact_of, lead_to
from tests.contracts.direct import Direct

REFUSED = (
    asyncpg.RestrictViolationError,
    asyncpg.CheckViolationError,
    asyncpg.InsufficientPrivilegeError,
)
roles = pytest.mark.parametrize("role", ["app", "owner"])


@pytest.fixture
def payments(database: Database) -> PostgresPayments:
    return PostgresPayments(database, PostgresLedger(database))


@pytest.fixture
def refunds(database: Database) -> PostgresRefunds:
    return PostgresRefunds(database, PostgresLedger(database))


@pytest.fixture
async def captured(payments: PostgresPayments) -> PaymentOrder:
    order = await begun(payments)
    await payments.move(fact_of(order, S.CAPTURED))
    return order


async def test_the_trigger_knows_the_same_moves_as_the_domain(direct: Direct) -> None:
    allowed = await direct.rows(
        """SELECT before, after FROM unnest($1::text[]) AS before, unnest($1::text[]) AS after
        WHERE payment_may_move(before, after)""",
        list(PaymentStatus),
    )

    assert set(allowed) == {
        (before, after) for before, moves in PAYMENT_MOVES.items() for after in moves
    }


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("payment", "status", PaymentStatus),
        ("refund", "status", RefundStatus),
        ("payment_attempt", "outcome", OutcomeKind),
        ("payment_attempt", "decline_kind", DeclineKind),
        ("inbound_event", "state", InboundState),
        ("inbound_event", "operation", Operation),
        ("provider", "kind", ProviderKind),
    ],
)
async def test_the_database_knows_the_same_words_as_the_domain(
    table: str, column: str, values: type[PaymentStatus], direct: Direct
) -> None:
    [check] = await direct.rows(
        """SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = $1::text::regclass AND conname = $2""",
        table,
        f"{table}_{column}_check",
    )

    assert all(f"'{value}'" in check[0] for value in values)
    assert check[0].count("::text,") == len(values) - 1


@roles
@pytest.mark.parametrize("status", list(PaymentStatus))
async def test_direct_sql_makes_no_other_move(
    role: str, status: PaymentStatus, payments: PostgresPayments, direct: Direct
) -> None:
    order = await lead_to(status, payments)
    for to in sorted(set(PaymentStatus) - PAYMENT_MOVES[status] - {status}):
        with pytest.raises(asyncpg.RestrictViolationError, match="not to become"):
            await direct.run(
                f"""UPDATE payment SET status = '{to}', code = 'P2001', held_minor = 0,
                captured_minor = greatest(captured_minor, 1), next_action = '{{}}'
                WHERE id = '{order.payment_id}'""",
                role=role,
            )


@roles
@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize(
    "change",
    [
        "captured_minor = captured_minor + 1",
        "fee_minor = fee_minor + 1",
        "code = 'P2009'",
        "provider = 'SOUTH'",
        "attempt = 9",
        "raw_code = 'another'",
        "held_minor = 1",
        "suspended_attempt = 1",
        "updated_at = now()",
    ],
)
async def test_direct_sql_cannot_change_how_a_payment_ended(
    role: str, status: PaymentStatus, change: str, payments: PostgresPayments, direct: Direct
) -> None:
    order = await lead_to(status, payments)

    with pytest.raises(REFUSED):
        await direct.run(f"UPDATE payment SET {change} WHERE id = '{order.payment_id}'", role=role)


@roles
@pytest.mark.parametrize(
    "change",
    [
        "amount_minor = 1",
        "currency = 'JPY'",
        "partner_id = 'partner_2'",
        "reference = 'another'",
        "customer_id = 'cus_2'",
        "once_method = NULL",
        "ordered = '{}'",
        "assessment = '{}'",
        "decision = '{}'",
        "created_at = now()",
        "told = 0",
        "written = '{}'",
        "captured_minor = 9999",
        "captured_minor = 10001",
        "captured_minor = -1",
        "refunded_minor = 10001",
        "refund_reserved_minor = 10001",
        "refund_reserved_minor = -1",
        "refunded_minor = 6000, refund_reserved_minor = 4001",
        "refunded_minor = 0",
        "fee_minor = 10001",
        "code = 'ouch'",
    ],
)
async def test_direct_sql_cannot_change_what_was_agreed_or_counted(
    role: str,
    change: str,
    captured: PaymentOrder,
    refunds: PostgresRefunds,
    direct: Direct,
) -> None:
    refund = make_refund(captured, 100)
    await refunds.reserve(refund)
    taken = Answer(OutcomeKind.ACCEPTED)
    await refunds.settle(refund, RefundStatus.SUCCEEDED, taken, None)

    with pytest.raises(REFUSED):
        await direct.run(
            f"UPDATE payment SET {change} WHERE id = '{captured.payment_id}'", role=role
        )


@roles
@pytest.mark.parametrize(
    "change",
    [
        "amount_minor = 1",
        "payment_id = 'another'",
        "partner_id = 'partner_2'",
        "provider = 'SOUTH'",
        "status = 'succeeded'",
        "status = 'failed'",
        "status = 'failed', settled_at = now()",
        "suspended_at = NULL",
    ],
)
async def test_direct_sql_cannot_change_a_refund_or_half_settle_it(
    role: str, change: str, captured: PaymentOrder, refunds: PostgresRefunds, direct: Direct
) -> None:
    refund = await pending(refunds, captured)

    with pytest.raises(REFUSED):
        await direct.run(f"UPDATE refund SET {change} WHERE id = '{refund.refund_id}'", role=role)


@roles
@pytest.mark.parametrize("status", [RefundStatus.SUCCEEDED, RefundStatus.FAILED])
async def test_direct_sql_cannot_leave_a_refunds_end(
    role: str,
    status: RefundStatus,
    captured: PaymentOrder,
    refunds: PostgresRefunds,
    direct: Direct,
) -> None:
    refund = await pending(refunds, captured)
    await refunds.settle(refund, status, Answer(OutcomeKind.ACCEPTED), None)

    for change in ("status = 'pending', settled_at = NULL, code = NULL", "settled_at = now()"):
        with pytest.raises(asyncpg.RestrictViolationError, match="for ever"):
            await direct.run(
                f"UPDATE refund SET {change} WHERE id = '{refund.refund_id}'", role=role
            )


async def pending(refunds: PostgresRefunds, captured: PaymentOrder) -> RefundOrder:
    refund = make_refund(captured, 100)
    await refunds.reserve(refund)
    await refunds.suspend(refund)
    return refund


@roles
@pytest.mark.parametrize("table", ["payment", "payment_attempt", "refund"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_direct_sql_cannot_remove_the_record(
    role: str, table: str, statement: str, captured: PaymentOrder, direct: Direct
) -> None:
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(statement.format(table), role=role)


@roles
async def test_nothing_is_born_final(role: str, captured: PaymentOrder, direct: Direct) -> None:
    for status, minor in (("captured", 1), ("canceled", 0)):
        with pytest.raises(asyncpg.CheckViolationError, match="begins as processing"):
            await direct.run(
                f"""INSERT INTO payment (id, partner_id, reference, amount_minor, currency, ordered,
                    assessment, decision, created_at, updated_at, status, captured_minor)
                VALUES ('pay_{role}{status}', 'p', 'r', 1, 'USD', '{{}}', '{{}}', '{{}}', now(),
                    now(), '{status}', {minor})""",
                role=role,
            )
    with pytest.raises(asyncpg.CheckViolationError, match="begins as pending"):
        await direct.run(
            f"""INSERT INTO refund (id, payment_id, partner_id, reference, amount_minor, currency,
                provider, trace, created_at, status, settled_at)
            VALUES ('re_{role}', '{captured.payment_id}', 'p', 'r', 1, 'USD', 'NORTH', 't', now(),
                'succeeded', now())""",
            role=role,
        )
