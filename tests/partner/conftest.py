"""What a partner has who follows docs/webhooks.md: three programs, and one delivery of ours."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests import node

REPOSITORY: Final = Path(__file__).parents[2]
DOCS: Final = REPOSITORY / "docs"
PROGRAMS: Final = ("python", "typescript", "openssl")


@dataclass(frozen=True, slots=True)
class Said:
    """What a program said of a webhook."""

    status: int
    output: str
    complaint: str


Verify = Callable[[Mapping[str, str], bytes, str], Said]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("typescript")
    node.install(folder)
    return node.compile_strictly(DOCS / "verify-webhook.ts", folder)


@pytest.fixture(params=PROGRAMS)
def verify(request: pytest.FixtureRequest) -> Verify:
    """Run one of the three, as the document says, with headers, body and secrets."""
    if request.param == "python":
        command = [sys.executable, str(DOCS / "verify-webhook.py")]
    elif request.param == "openssl":
        command = [str(DOCS / "verify-webhook.sh")]
    else:
        command = [node.node(), str(request.getfixturevalue("compiled"))]

    def run(headers: Mapping[str, str], body: bytes, secrets: str) -> Said:
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "sdks" / "python" / "src"),
            "WEBHOOK_ID": headers["webhook-id"],
            "WEBHOOK_TIMESTAMP": headers["webhook-timestamp"],
            "WEBHOOK_SIGNATURE": headers["webhook-signature"],
            "WEBHOOK_SECRETS": secrets,
        }
        done = subprocess.run(
            command, input=body, env=environment, capture_output=True, check=False, timeout=60
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
