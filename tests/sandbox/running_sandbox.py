"""A sandbox as a child process on free ports, and the few words the tests speak to it."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parents[2]
PERIOD = "2026-04"
# Far above what a test waits for and far below what a hanging test would cost.
PATIENCE_S = 60

SECRETS = {"NORTH": "secret-of-north", "SOUTH": "secret-of-south"}
WEBHOOK_SECRETS = {
    name: "whsec_" + base64.b64encode(name.encode() * 8).decode() for name in SECRETS
}
ENVIRONMENT = {
    "SANDBOX_ACQUIRER_SECRETS": ",".join(f"{n}={s}" for n, s in SECRETS.items()),
    "SANDBOX_WEBHOOK_SECRETS": ",".join(f"{n}={s}" for n, s in WEBHOOK_SECRETS.items()),
}


class RunningSandbox:
    def __init__(
        self, journal: Path, *, ports: tuple[int, int, int, int] = (0, 0, 0, 0), **environment: str
    ) -> None:
        self.journal_path = journal
        flags = ["--port", str(ports[0]), "--biller-port", str(ports[1])]
        flags += ["--acquirer-port", str(ports[2]), "--receiver-port", str(ports[3])]
        flags += ["--journal", str(journal)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *flags],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        ready = json.loads(self.process.stdout.readline())
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()
        self.control, self.biller, self.acquirer, self.receiver = (
            # All of this is plain HTTP, and reading the trusted certificates takes 20 ms.
            httpx2.Client(base_url=ready[door], timeout=PATIENCE_S, verify=False)
            for door in ("control", "biller", "acquirer", "receiver")
        )

    @property
    def ports(self) -> tuple[int, int, int, int]:
        clients = (self.control, self.biller, self.acquirer, self.receiver)
        control, biller, acquirer, receiver = (client.base_url.port for client in clients)
        assert control is not None
        assert biller is not None
        assert acquirer is not None
        assert receiver is not None
        return control, biller, acquirer, receiver

    def tell(self, behaviour: str, *, biller: str = "DESCO", **more: Any) -> None:
        answer = self.control.post(
            f"/control/billers/{biller}", json={"behaviour": behaviour, **more}
        )
        assert answer.status_code == 200, answer.text

    def reset(self) -> None:
        for biller in ("DESCO", "TOKYOGAS", "BAHWATER"):
            self.control.delete(f"/control/billers/{biller}")
        for acquirer in SECRETS:
            self.control.delete(f"/control/acquirers/{acquirer}")

    def lookup(self, number: str, *, biller: str = "DESCO", **options: Any) -> httpx2.Response:
        path = f"/billers/{biller}/bills/{number}"
        return self.biller.get(path, params={"period": PERIOD}, **options)

    def order(self, number: str, *, biller: str = "DESCO", **changes: Any) -> dict[str, Any]:
        """A correct payment of this bill, except for the changes."""
        bill = self.lookup(number, biller=biller).json()
        return {
            "reference": f"ref-{number}",
            "billNumber": number,
            "period": PERIOD,
            "amount": bill["amountDue"],
            "currency": bill["currency"],
            "holdId": f"hold-{number}",
        } | changes

    def pay(
        self,
        order: dict[str, Any],
        *,
        key: str | None = None,
        biller: str = "DESCO",
        **options: Any,
    ) -> httpx2.Response:
        headers = {"Idempotency-Key": key or f"pay:{order['reference']}"}
        path = f"/billers/{biller}/payments"
        return self.biller.post(path, json=order, headers=headers, **options)

    def confirm(self, reference: str) -> httpx2.Response:
        return self.biller.get(f"/billers/DESCO/payments/{reference}")

    def hold(self, number: str, hold_id: str) -> httpx2.Response:
        path = f"/billers/DESCO/bills/{number}/holds/{hold_id}"
        return self.biller.put(path, json={"period": PERIOD})

    def release(self, number: str, hold_id: str) -> httpx2.Response:
        path = f"/billers/DESCO/bills/{number}/holds/{hold_id}"
        return self.biller.delete(path, params={"period": PERIOD})

    def effects(self, number: str) -> list[dict[str, Any]]:
        return self._journal(number)["effects"]

    def arrivals(self, number: str) -> list[dict[str, Any]]:
        return self._journal(number)["arrivals"]

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        self.process.send_signal(signal_number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end of the process and return its exit status."""
        status = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        self.control.close()
        self.biller.close()
        self.acquirer.close()
        self.receiver.close()
        return status

    def _journal(self, number: str) -> dict[str, list[dict[str, Any]]]:
        answer = self.control.get("/journal", params={"billNumber": number})
        content: dict[str, list[dict[str, Any]]] = answer.json()
        return content

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)
