"""One more API process over the same gateway, with settings of its own."""

import os
import signal
import subprocess
import sys
import time

import httpx2

from payments.stack.ports import free_port
from tests.running_gateway import ANSWER_WITHIN_S, REPOSITORY, RunningGateway

START_TIMEOUT_S = 300


class SideDoor:
    """Started beside the supervisor, so nobody starts it anew."""

    def __init__(self, gateway: RunningGateway, **settings: str) -> None:
        port = free_port()
        self.api = f"http://127.0.0.1:{port}"
        self._log = gateway.home / "logs" / f"api-{port}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "cli.py", "api"],
                cwd=REPOSITORY,
                env={**gateway.environment, "QUITTANCE_API_PORT": str(port), **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_ready()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_ready():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            answer = httpx2.get(f"{self.api}/health", timeout=ANSWER_WITHIN_S, verify=False)
        except httpx2.TransportError:
            return False
        return answer.status_code == 200

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(ANSWER_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise
