"""A batch while worker, API and Temporal are killed in turn, in small: every row is done once.

`python -m tests.proofs.batches --rows 5000` is the same with thousands.
"""

import pytest

from tests.proofs.batches import PARTS, prove
from tests.running_gateway import RunningGateway


@pytest.mark.parametrize(("kind", "rows"), [("bill_payments", 120), ("payouts", 40)])
async def test_every_row_is_done_once_whatever_is_killed(
    kind: str, rows: int, gateway: RunningGateway
) -> None:
    findings, killed = await prove(gateway, rows, kind=kind)

    assert findings == []
    assert killed.keys() == set(PARTS), "it was no fire"
