"""The database refuses what the declared moves of disputes do not allow, whoever writes the SQL."""

import asyncio

import asyncpg
import pytest

from payments.adapters.postgres.disputes import PostgresDisputes
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.db.session import Database
from payments.domain.codes import Code
from payments.domain.dispute import (
    DISPUTE_MOVES,
    Dispute,
    DisputeReason,
    DisputeStatus,
    Response,
    ResponseState,
)
from payments.domain.money import Money
from payments.domain.payment import PaymentOrder
from payments.domain.refund import Reserved
from tests.card_factories import make_refund
from tests.contracts.card_record import S, begun, fact_of
from tests.contracts.direct import Direct
from tests.dispute_factories import make_sighting
from tests.patience import until

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
def disputes(database: Database) -> PostgresDisputes:
    return PostgresDisputes(database, PostgresLedger(database))


@pytest.fixture
async def captured(payments: PostgresPayments) -> PaymentOrder:
    order = await begun(payments)
    await payments.move(fact_of(order, S.CAPTURED))
    return order


@pytest.fixture
async def dispute(disputes: PostgresDisputes, captured: PaymentOrder) -> Dispute:
    seen = (await disputes.see(make_sighting(captured))).dispute
    assert seen is not None
    return seen


async def test_the_trigger_knows_the_same_moves_as_the_domain(direct: Direct) -> None:
    allowed = await direct.rows(
        """SELECT before, after FROM unnest($1::text[]) AS before, unnest($1::text[]) AS after
        WHERE dispute_may_move(before, after)""",
        list(DisputeStatus),
    )

    assert set(allowed) == {
        (before, after) for before, moves in DISPUTE_MOVES.items() for after in moves
    }


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("status", DisputeStatus),
        ("reason", DisputeReason),
        ("response", Response),
        ("response_state", ResponseState),
    ],
)
async def test_the_database_knows_the_same_words_as_the_domain(
    column: str, values: type[DisputeStatus], direct: Direct
) -> None:
    check = await direct.value(
        """SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = 'dispute'::regclass AND conname = $1""",
        f"dispute_{column}_check",
    )

    assert set(check.split("'")[1::2]) == set(values)


@roles
@pytest.mark.parametrize(
    "change",
    [
        "amount_minor = 1",
        "partner_id = 'partner_2'",
        "payment_id = 'another'",
        "provider_reference = 'another'",
        "taken_minor = 0",
        "fee_minor = 0",
        "fee_minor = -1, taken_minor = 9999",
        "status = 'warning_closed', taken_minor = 1500, closed_at = now()",
        "status = 'won', closed_at = now()",
        "status = 'won', taken_minor = 1500",
        "closed_at = now()",
        "returned_minor = 10001",
        "told = 0",
        "response = 'evidence'",
        "response = 'acceptance', response_state = 'taken', response_version = 1",
        "response_state = 'taken'",
    ],
)
async def test_direct_sql_cannot_change_what_a_dispute_is_about_or_half_move_it(
    role: str, change: str, dispute: Dispute, direct: Direct
) -> None:
    with pytest.raises(REFUSED):
        await direct.run(
            f"UPDATE dispute SET {change} WHERE id = '{dispute.dispute_id}'", role=role
        )


@roles
async def test_direct_sql_cannot_leave_an_end_or_take_an_answer_back(
    role: str, dispute: Dispute, direct: Direct
) -> None:
    where = f"WHERE id = '{dispute.dispute_id}'"
    await direct.run(
        f"UPDATE dispute SET response = 'acceptance', response_state = 'taken' {where}", role=role
    )
    with pytest.raises(asyncpg.RestrictViolationError, match="was answered"):
        await direct.run(f"UPDATE dispute SET response_state = 'refused' {where}", role=role)
    await direct.run(f"UPDATE dispute SET status = 'lost', closed_at = now() {where}", role=role)
    for change in (
        "status = 'won', taken_minor = 1500",
        "status = 'under_review', closed_at = NULL",
        "closed_at = now() + interval '1 day'",
    ):
        with pytest.raises(REFUSED):
            await direct.run(f"UPDATE dispute SET {change} {where}", role=role)


@roles
async def test_nothing_is_born_closed(role: str, captured: PaymentOrder, direct: Direct) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="begins unanswered"):
        await direct.run(
            f"""INSERT INTO dispute (id, payment_id, partner_id, provider, provider_reference,
                amount_minor, currency, reason, raw_reason, status, taken_minor, opened_at,
                updated_at, closed_at)
            VALUES ('dp_{role}', '{captured.payment_id}', 'p', 'NORTH', 'd', 1, 'USD', 'general',
                '', 'lost', 1, now(), now(), now())""",
            role=role,
        )


@roles
@pytest.mark.parametrize("table", ["dispute", "dispute_file", "dispute_evidence"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_direct_sql_cannot_remove_the_record(
    role: str, table: str, statement: str, dispute: Dispute, direct: Direct
) -> None:
    assert dispute
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(statement.format(table), role=role)


@roles
async def test_a_file_is_what_it_says_and_evidence_is_never_rewritten(
    role: str, dispute: Dispute, direct: Direct
) -> None:
    row = """INSERT INTO dispute_file (id, dispute_id, media_type, size_bytes, digest, content)
        VALUES ('file_{}', '{}', 'image/png', {}, sha256('{}'), 'abc')"""
    for size, digest in ((4, "abc"), (3, "abd")):
        with pytest.raises(asyncpg.CheckViolationError, match="is_what_it_says"):
            await direct.run(row.format(role, dispute.dispute_id, size, digest), role=role)
    await direct.run(row.format(role, dispute.dispute_id, 3, "abc"), role=role)
    await direct.run(
        f"""INSERT INTO dispute_evidence (dispute_id, version, texts, files, trace)
        VALUES ('{dispute.dispute_id}', 1, '{{}}', '{{}}', 't')""",
        role=role,
    )

    for change in ("dispute_file SET media_type = 'image/jpeg'", "dispute_evidence SET trace = ''"):
        with pytest.raises(REFUSED):
            await direct.run(f"UPDATE {change}", role=role)


async def test_a_refund_waits_for_a_dispute_that_is_being_opened(
    disputes: PostgresDisputes, refunds: PostgresRefunds, captured: PaymentOrder, direct: Direct
) -> None:
    """And a dispute for a refund: the payment's row is held by a third one, so that both meet."""
    async with direct.connection() as held, held.transaction():
        await held.execute("SELECT FROM payment WHERE id = $1 FOR UPDATE", captured.payment_id)
        part = make_sighting(captured, amount=Money(4_000, "USD"))
        opening = asyncio.create_task(disputes.see(part))
        await _waiting(direct, 1)
        asked = asyncio.create_task(refunds.reserve(make_refund(captured, 1)))
        await _waiting(direct, 2)

    assert (await opening).dispute is not None
    assert await asked is Code.PAYMENT_DISPUTED


async def test_a_dispute_waits_for_a_refund_that_is_being_reserved(
    disputes: PostgresDisputes, refunds: PostgresRefunds, captured: PaymentOrder, direct: Direct
) -> None:
    async with direct.connection() as held, held.transaction():
        await held.execute("SELECT FROM payment WHERE id = $1 FOR UPDATE", captured.payment_id)
        asked = asyncio.create_task(refunds.reserve(make_refund(captured, 2_500)))
        await _waiting(direct, 1)
        opening = asyncio.create_task(disputes.see(make_sighting(captured)))
        await _waiting(direct, 2)

    assert await asked is Reserved.NOW
    seen = (await opening).dispute
    assert seen is not None
    assert seen.returned_minor == 2_500


async def test_one_move_seen_twice_at_once_moves_the_money_once(
    disputes: PostgresDisputes,
    payments: PostgresPayments,
    captured: PaymentOrder,
    dispute: Dispute,
    direct: Direct,
) -> None:
    won = make_sighting(captured, dispute.order, status=DisputeStatus.WON, fee=Money(0, "USD"))
    async with direct.connection() as held, held.transaction():
        await held.execute("SELECT FROM payment WHERE id = $1 FOR UPDATE", captured.payment_id)
        seen = [asyncio.create_task(disputes.see(won)) for _ in range(2)]
        await _waiting(direct, 2)

    first, second = await asyncio.gather(*seen)
    assert first == second
    payment = await payments.find("partner_1", captured.payment_id)
    assert payment is not None
    assert (payment.disputed_minor, payment.open_disputes) == (0, 0)
    postings = await direct.rows(
        "SELECT key FROM ledger_transaction WHERE subject = $1 ORDER BY key", dispute.dispute_id
    )
    assert postings == [(f"dispute:{dispute.dispute_id}:{number}",) for number in (1, 2)]


async def _waiting(direct: Direct, how_many: int) -> None:
    """Until so many stand before a lock of this database."""

    async def there() -> bool:
        waiting: int = await direct.value(
            """SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND datname = current_database()"""
        )
        return waiting >= how_many

    await until(there, 10, "nobody waits")
