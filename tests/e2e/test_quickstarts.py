"""The scripts that partners are given do what they say, with nothing but bash, curl and openssl."""

import os
import shutil
import subprocess

import pytest

from tests.running_gateway import REPOSITORY, RunningGateway

pytestmark = pytest.mark.skipif(
    not all(shutil.which(each) for each in ("bash", "curl", "openssl")),
    reason="the scripts need bash, curl and openssl",
)


@pytest.mark.parametrize(
    ("script", "ends"),
    [
        ("quickstart.sh", "PAID: TXN-"),
        ("quickstart-cards.sh", "captured: captured 15.00, given back 5.00, fee 0.51"),
        ("quickstart-bank.sh", "captured: captured 25.00, given back 5.00, fee 0.65"),
        ("quickstart-batch.sh", "finished: 2 paid, 2 refused"),
        ("quickstart-payouts.sh", "paid: 10.00 GBP, fee 0.25"),
        ("quickstart-code.sh", "captured: captured 25.00, given back 5.00, fee 0.65"),
    ],
)
def test_a_quickstart_runs_against_the_stack_of_make_run(
    gateway: RunningGateway, script: str, ends: str
) -> None:
    done = subprocess.run(
        ["bash", f"docs/{script}"],
        cwd=REPOSITORY,
        env={**os.environ, "QUITTANCE_HOME": str(gateway.home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(ends)
    assert "the repeat is the same answer: true" in done.stdout or "repeated: true" in done.stdout
