"""`make run` on a machine where nothing runs: bill and card are paid, and the state outlives it."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from quittance import Quittance

from tests.e2e.foreground import Foreground, processes_of

FIELDS = (
    *("api", "operator", "temporalUi", "temporalAddress"),
    *("sandbox", "biller", "acquirer", "receiver", "databaseUrl", "partners", "pid"),
)


@pytest.fixture
def home() -> Iterator[Path]:
    # Not tmp_path: PostgreSQL runs as another user, and pytest closes its directories to others.
    with tempfile.TemporaryDirectory(prefix="qt-") as directory:
        yield Path(directory) / "home"


def test_a_bill_is_paid_ctrl_c_leaves_nothing_and_the_next_start_finds_the_state(
    home: Path,
) -> None:
    first = Foreground(home, 1)
    try:
        first.wait_ready()
        assert_it_says_what_it_is(first)
        receipt, told = first.receipt(), first.told
        assert len(processes_of(home)) >= 8

        assert first.press_ctrl_c() == 0
    finally:
        first.end()

    assert processes_of(home) == []
    assert not (home / "stack.json").exists()

    second = Foreground(home, 2, "--no-demo")
    try:
        second.wait_ready()
        assert second.told["partners"] == told["partners"]
        assert_the_old_payment_is_known(second, receipt)

        assert second.press_ctrl_c() == 0
    finally:
        second.end()

    assert processes_of(home) == []


def assert_it_says_what_it_is(stack: Foreground) -> None:
    said, told = stack.said, stack.told
    assert said.index("Receipt") < said.index("quittance is ready")
    assert stack.receipt()["transaction"].startswith("TXN-")
    assert stack.receipt()["biller's receipt"].startswith("DESCO-")
    payment = re.search(r"captured as (pay_\w+)", said)
    assert payment, said
    assert "rule fallback of version 1: NORTH → SOUTH; NORTH accepted" in said
    assert f"{told['temporalUi']}/namespaces/default/workflows/payment:{payment[1]}" in said
    assert f"Ledger: {payment[1]}" in said
    assert "4242424242424242" not in said
    for place in ("api", "operator", "temporalUi", "sandbox", "acquirer"):
        assert told[place] in said
    assert (stack.home / "stack.json").stat().st_mode & 0o777 == 0o600
    assert tuple(told) == FIELDS
    assert told["pid"] == stack.process.pid
    assert [partner["id"] for partner in told["partners"]] == ["partner_1", "partner_2"]
    for partner in told["partners"]:
        assert set(partner) == {"id", "apiKey", "secret"}
        assert partner["apiKey"].startswith("qk_")
        assert partner["secret"].startswith("qs_")
        # The terminal and the logs are read by more people than the file.
        logs = "".join(log.read_text() for log in stack.home.rglob("*.log"))
        assert partner["secret"] not in said + logs


def assert_the_old_payment_is_known(stack: Foreground, receipt: dict[str, str]) -> None:
    partner = stack.told["partners"][0]
    with Quittance(stack.told["api"], partner["apiKey"], partner["secret"]) as quittance:
        for name in (receipt["transaction"], receipt["yours"]):
            found = quittance.transactions.status(name)
            assert found.state == "PAID"
            assert found.transaction_id == receipt["transaction"]
            assert found.biller_reference == receipt["biller's receipt"]
