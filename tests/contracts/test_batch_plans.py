"""What a batch asks all the time is read from small indexes, however many rows have ended."""

import pytest

from payments.adapters.postgres import batches
from tests.contracts.direct import Direct

ENDED, WAITING = 20_000, 30_000

_FILL = f"""
    INSERT INTO batch (id, partner_id, kind, reference, digest, trace, created_at, rows,
        amount_minor, currency, status)
    VALUES ('ba_1', 'partner_1', 'bill_payments', 'april', 'april', 'trace', now(),
        {ENDED + WAITING}, 1, 'BDT', 'running');
    INSERT INTO batch_row (batch_id, line, object_id, reference, amount_minor, asked, state,
        dispatched_at, ended_at)
    SELECT 'ba_1', n, 'txn_' || n, 'order-' || n, 1, '{{"biller_id": "DESCO"}}',
        CASE WHEN n <= {ENDED} THEN 'paid' WHEN n <= {ENDED} + 3 THEN 'dispatched'
            ELSE 'waiting' END,
        CASE WHEN n <= {ENDED} + 3 THEN now() END, CASE WHEN n <= {ENDED} THEN now() END
    FROM generate_series(1, {ENDED + WAITING}) AS n"""
ASKED = {
    "progress": (batches._PROGRESS, "('ba_1', 30)"),
    "take": (batches._TAKE, f"('ba_1', {ENDED}, 4, 15)"),
    "dispatched": (batches._DISPATCHED, "('ba_1', 15)"),
    "reap": (batches._REAP, f"('ba_1', '{{{ENDED + 1}, {ENDED + 2}}}')"),
    "refuse": (batches._REFUSE, f"('ba_1', {ENDED + 1}, 'P1001', NULL, 86400)"),
}


@pytest.fixture(scope="module")
async def filled(direct: Direct) -> None:
    await direct.run(_FILL)
    await direct.analyze("batch", "batch_row")


@pytest.mark.parametrize("mode", ["custom", "generic"])
@pytest.mark.parametrize("asked", ASKED)
async def test_no_row_that_has_ended_is_read(
    asked: str, mode: str, filled: None, direct: Direct
) -> None:
    statement, values = ASKED[asked]

    scans = await direct.plan(statement, values, mode=mode)

    assert "Seq Scan on batch_row" not in scans, scans
