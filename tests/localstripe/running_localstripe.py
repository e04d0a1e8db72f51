"""localstripe as a child process in an environment of its own: somebody else's Stripe.

It is GPL-3.0: it is run over there and never imported here.
"""

import fcntl
import hashlib
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any, Final

import httpx2

from payments.stack.ports import free_port

HERE: Final = Path(__file__).parent
CACHE: Final = HERE.parents[1] / ".cache"
FILES: Final = (HERE / "build.txt", HERE / "requirements.txt")
KEY: Final = "sk_test_localstripe"
# Far above what a start takes and far below what a hanging test would cost.
PATIENCE_S: Final = 60


class Uninstallable(Exception):
    """The tests against a Stripe that is not ours cannot run, and must not be skipped silently."""


def environment() -> Path:
    """The Python of the environment, made when the requirements are new."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in FILES)).hexdigest()[:12]
    home = CACHE / f"localstripe-{sys.version_info[0]}.{sys.version_info[1]}-{digest}"
    python, done = home / "bin" / "python", home / ".installed"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "localstripe.lock").open("w") as lock:
        # Several test processes may want it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            # Our own pip serves it: installing another takes longer than what it would install.
            venv.create(home, with_pip=False, clear=True, symlinks=True)
            for path in FILES:
                _install(python, path)
            done.touch()
    return python


def _install(python: Path, requirements: Path) -> None:
    arguments = ["--no-build-isolation", "--require-hashes", "--requirement", str(requirements)]
    pip = [
        *(sys.executable, "-m", "pip", "--python", str(python)),
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--quiet",
    ]
    done = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Uninstallable(f"{requirements.name}:\n{(done.stdout + done.stderr)[-2000:]}")


class RunningLocalstripe:
    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [environment(), "-m", "localstripe", "--from-scratch", "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        headers = {"Authorization": f"Bearer {KEY}"}
        self.api = httpx2.Client(
            base_url=self.url, headers=headers, timeout=PATIENCE_S, verify=False
        )
        self._wait()

    def payment_method(self, number: str) -> str:
        card = {"number": number, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
        form = {f"card[{name}]": value for name, value in card.items()}
        return str(self._post("/v1/payment_methods", type="card", **form)["id"])

    def answer_challenge(self, intent_id: str, *, success: bool) -> None:
        intent = self.api.get(f"/v1/payment_intents/{intent_id}").json()
        form = {"client_secret": intent["client_secret"], "success": str(success).lower()}
        # A payment that is declined behind its challenge is told with 402.
        path = f"/v1/payment_intents/{intent_id}/_authenticate"
        assert self.api.post(path, data=form).status_code in (200, 402)

    def send_webhooks_to(self, url: str, secret: str) -> None:
        answer = self.api.post("/_config/webhooks/tests", json={"url": url, "secret": secret})
        assert answer.is_success, answer.text

    def named(self, kind: str, name: str) -> list[dict[str, Any]]:
        """All payment_intents or refunds that bear our name."""
        rows = self.api.get(f"/v1/{kind}", params={"limit": 10_000}).json()["data"]
        return [row for row in rows if row["metadata"].get("quittance_reference") == name]

    def stop(self) -> None:
        self.api.close()
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def _post(self, path: str, **form: str) -> dict[str, Any]:
        answer = self.api.post(path, data=form)
        assert answer.is_success, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.api.get("/v1/refunds")
            except httpx2.ConnectError:
                assert self.process.poll() is None, "localstripe ended at once"
                assert time.monotonic() < deadline, "localstripe does not listen"
                time.sleep(0.02)
            else:
                return
