"""What the relay always asks is read from small indexes, however much was delivered before."""

import pytest

from payments.adapters.postgres import outbox
from payments.db.session import Database
from tests.contracts.direct import Direct
from tests.contracts.webhook_stage import in_postgres

SETTLED, BACKLOG = 60_000, 3_000

_FILL = f"""
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, data)
    SELECT 'p' || n / 4 % 20, 'payment', 'pay_' || n / 4, n % 4 + 1, 'payment.captured', '{{}}'
    FROM generate_series(0, {SETTLED + BACKLOG - 1}) AS n;
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence, state, tries,
        settled_at)
    SELECT id, 'whe_' || partner_id, 1, object_id, sequence, 'delivered', 1, now()
    FROM event ORDER BY position LIMIT {SETTLED};
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
    SELECT id, 'whe_p1', 1, object_id, sequence FROM event ORDER BY position OFFSET {SETTLED};
    DELETE FROM event_unplanned;"""
ASKED = {
    "look": (outbox._WORK_IS_THERE, ""),
    "waiting": (outbox._WAITING, ""),
    "untried": (outbox._UNTRIED, "('whe_p1', 8)"),
    "not handed over": (outbox._NOT_HANDED_OVER, "(100)"),
    "take back": (outbox._TAKE_BACK, "(now(), 1000)"),
    "lag": (outbox._LAG, ""),
}


@pytest.fixture(scope="module")
async def filled(database: Database, direct: Direct) -> None:
    webhooks = in_postgres(database)
    for n in range(20):
        await webhooks.add_endpoint(endpoint_id=f"whe_p{n}", partner_id=f"p{n}")
    await direct.run(_FILL)
    await direct.analyze("event", "webhook_delivery")


@pytest.mark.parametrize("mode", ["custom", "generic"])
@pytest.mark.parametrize("asked", ASKED)
async def test_nothing_reads_a_whole_table(
    asked: str, mode: str, filled: None, direct: Direct
) -> None:
    statement, values = ASKED[asked]

    scans = await direct.plan(statement, values, mode=mode)

    assert "Seq Scan on event " not in scans, scans
    assert "Seq Scan on webhook_delivery" not in scans, scans
