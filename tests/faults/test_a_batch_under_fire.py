"""A batch while worker, API and Temporal are killed in turn, in small: every row is done once.

`python -m tests.proofs.batches --rows 5000` is the same with thousands.
"""

import pytest

from tests.proofs.batches import PARTS, prove
from tests.running_gateway import RunningGateway


@pytest.mark.parametrize(("kind", "rows"), [("bill_payments", 60), ("payouts", 24)])
async def test_every_row_is_done_once_whatever_is_killed(
    kind: str, rows: int, gateway: RunningGateway
) -> None:
    # However few rows there are: the last part dies before the last of them has ended.
    gateway.sandbox("POST", "/control/billers/DESCO", {"behaviour": "slow", "delayMs": 700})

    findings, killed = await prove(gateway, rows, kind=kind)

    assert findings == []
    assert killed.keys() == set(PARTS), "it was no fire"
