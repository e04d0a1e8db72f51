"""A second API process on the same record and engine, as during a deployment: new keys, old keys.

Its locks are short, it waits for billers only a moment and remembers for long what they said, so
that all of it can be seen in a test, and no webhook leads to this machine. Its wires to PostgreSQL
and to Temporal can be cut.
"""

import asyncio
import secrets
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from payments.stack.ports import free_port
from tests.api.wire import Wire
from tests.patience import until
from tests.running_gateway import ANSWER_WITHIN_S, REPOSITORY, RunningGateway

LOCK_TTL_S: Final = 1.5
PAY_WAIT_S: Final = 1.0
LOOKUP_CACHE_S: Final = 120
ROTATED: Final = ("QUITTANCE_SECRET_KEYS", "QUITTANCE_TOKEN_KEYS", "QUITTANCE_ANSWER_KEYS")


class ApiBeside:
    def __init__(self, database: Wire, engine: Wire, environment: dict[str, str], log: Path):
        self.database = database
        self.engine = engine
        self.url = f"http://127.0.0.1:{environment['QUITTANCE_API_PORT']}"
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.api.api_beside"],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @classmethod
    async def start(cls, gateway: RunningGateway) -> "ApiBeside":
        known = gateway.environment
        record = urlsplit(known["QUITTANCE_DATABASE_URL"])
        assert record.port is not None
        database = Wire("127.0.0.1", record.port)
        host, port = known["TEMPORAL_ADDRESS"].split(":")
        engine = Wire(host, int(port))
        user = record.netloc.rpartition("@")[0]
        environment = known | {
            "QUITTANCE_API_PORT": str(free_port()),
            "QUITTANCE_DATABASE_URL": record._replace(
                netloc=f"{user}@127.0.0.1:{database.port}"
            ).geturl(),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{engine.port}",
            "QUITTANCE_LOCK_TTL_S": str(LOCK_TTL_S),
            "QUITTANCE_PAY_WAIT_S": str(PAY_WAIT_S),
            "QUITTANCE_LOOKUP_CACHE_S": str(LOOKUP_CACHE_S),
            "QUITTANCE_WEBHOOK_HTTP": "false",
            "QUITTANCE_WEBHOOK_NETWORKS": "",
            **{name: f"{_new_key()},{known[name]}" for name in ROTATED},
        }
        environment.pop("QUITTANCE_METRICS_PORT", None)
        beside = cls(database, engine, environment, gateway.home.with_name("beside.log"))
        await beside.wait_ready()
        return beside

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def wait_ready(self) -> None:
        async with httpx2.AsyncClient(base_url=self.url, timeout=5, verify=False) as http:

            async def ready() -> bool:
                assert self._process.poll() is None, self.log
                return (await http.get("/health")).is_success

            await until(ready, 30, "the API beside is not ready")

    async def stop(self) -> None:
        self._process.terminate()
        await asyncio.to_thread(self._process.wait, ANSWER_WITHIN_S)
        for wire in (self.database, self.engine):
            wire.take_away()


def _new_key() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()
