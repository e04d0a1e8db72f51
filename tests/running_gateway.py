"""The whole gateway as `make run` starts it, and partners who talk to it over HTTP.

Every answer that a partner of the tests gets is verified: envelope, trace and signature.
"""

import itertools
import json
import os
import secrets
import signal
import string
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

import httpx2
from http_message_signatures import algorithms
from http_message_signatures.httpx2 import SignatureHooks, SignatureHooksMode

from payments.domain.trace import Trace
from tests.command_line import typed
from tests.partner_key import PartnerKey
from tests.published_keys import PublishedKeys

REPOSITORY = Path(__file__).parents[1]
READY = "quittance is ready"
START_TIMEOUT_S = 300
# How long anybody here waits for an answer: as long as a machine with too much to do may need.
ANSWER_WITHIN_S: Final = 60
# A payment's first answer says how it ended, unless that takes longer than the gateway is told to
# wait: for partners four seconds, which a busy machine may need for an ordinary one. Here only what
# really takes its time is answered 202. What shows that, asks a gateway with less patience.
PATIENT: Final = {"QUITTANCE_PAY_WAIT_S": "15"}
# The supervisor gives up at six within a minute.
MOST_DEATHS: Final = 4
DEATHS_WITHIN_S: Final = 60.0
# Of the fifteen minutes that a token is good for.
_TOKEN_LASTS_S = 600


class RunningGateway:
    """One `cli.py dev` in a home of its own, on free ports, without the demo.

    We hold its standard input, so that it ends even when we are killed.
    """

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.home = home
        self._arguments = arguments
        self._output = home.with_name(home.name + ".log")
        self._deaths: defaultdict[str, list[float]] = defaultdict(list)
        self._reviewers: dict[str, str] = {}
        self._reviewing = Lock()
        self._environment = os.environ | PATIENT | {"QUITTANCE_HOME": str(home)} | environment
        self.process = self._start()
        try:
            self._wait_ready()
        except BaseException:
            # Nobody has got it yet, so nobody else can stop it.
            self.stop()
            raise

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._output.open("wb") as output:
            return subprocess.Popen(
                [
                    *(sys.executable, "cli.py", "dev", "--no-demo", "--ports", "auto"),
                    "--until-eof",
                    *self._arguments,
                ],
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while READY not in self._output.read_text():
            assert self.process.poll() is None, self._output.read_text()
            assert time.monotonic() < deadline, self._output.read_text()
            time.sleep(0.05)

    @property
    def told(self) -> dict[str, Any]:
        """What stack.json says."""
        return dict(json.loads((self.home / "stack.json").read_text()))

    @property
    def api(self) -> str:
        return str(self.told["api"])

    @property
    def database_url(self) -> str:
        return str(self.told["databaseUrl"])

    @property
    def environment(self) -> dict[str, str]:
        """The environment of one of its own processes, for a command beside it."""
        pid = self.pid("api")
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return dict(entry.decode().split("=", 1) for entry in entries if b"=" in entry)

    def partner(self, number: int = 0) -> PartnerKey:
        told = self.told["partners"][number]
        return PartnerKey(told["id"], told["apiKey"], told["secret"])

    def has(self, part: str) -> bool:
        return part in self._children()

    def pid(self, part: str) -> int:
        return int(self._children()[part]["pid"])

    def _children(self) -> dict[str, Any]:
        return dict(json.loads((self.home / "children.json").read_text())["children"])

    def kill(self, part: str) -> None:
        """As the kernel does when memory is short. The supervisor starts it anew."""
        self._deaths[part].append(time.monotonic())
        os.kill(self.pid(part), signal.SIGKILL)

    def can_be_killed(self, part: str) -> bool:
        """Unless the supervisor would take it for a part that cannot be kept running."""
        since = time.monotonic() - DEATHS_WITHIN_S
        return sum(at > since for at in self._deaths[part]) < MOST_DEATHS

    def log(self, part: str) -> str:
        return (self.home / "logs" / f"{part}.log").read_text()

    def cli(self, *arguments: str, **environment: str) -> str:
        done = typed({**self.environment, **environment}, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def reviewer(self, name: str) -> str:
        """Their token. A second one would end the first."""
        with self._reviewing:
            if name not in self._reviewers:
                self._reviewers[name] = self.cli("reviewer", "token", name).strip()
            return self._reviewers[name]

    def sandbox(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the pretend world: its controls and its journal."""
        url = self.told["sandbox"] + path
        answer = httpx2.request(method, url, json=body, timeout=ANSWER_WITHIN_S, verify=False)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def effects(self, bill_number: str) -> list[dict[str, Any]]:
        """What the biller really booked for a bill, from its own journal."""
        return list(self.sandbox("GET", f"/journal?billNumber={bill_number}")["effects"])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=ANSWER_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


@contextmanager
def running_gateway(*arguments: str, **environment: str) -> Iterator[RunningGateway]:
    """One with a home that goes with it; not tmp_path, which pytest closes to PostgreSQL's user."""
    with tempfile.TemporaryDirectory(prefix="qt-") as directory:
        gateway = RunningGateway(Path(directory) / "home", *arguments, **environment)
        try:
            yield gateway
        finally:
            gateway.stop()


@dataclass(frozen=True, slots=True)
class Answer:
    """One verified answer."""

    http_status: int
    headers: httpx2.Headers
    content: bytes
    status: str = ""
    code: str = ""
    message: str = ""
    data: Any = None
    trace: str = ""

    @classmethod
    def read(cls, response: httpx2.Response) -> Self:
        if response.status_code == 304 or response.request.method == "HEAD":
            assert response.content == b""
            return cls(response.status_code, response.headers, response.content)
        told = response.json()
        assert list(told) == ["status", "code", "message", "data", "trace"], told
        Trace.parse(told["trace"])
        assert response.headers["quittance-trace"] == told["trace"]
        assert response.headers["content-type"] == "application/json"
        assert (told["status"] == "ERROR") == (response.status_code >= 400)
        return cls(response.status_code, response.headers, response.content, **told)


class PartnerClient:
    """A partner written for tests: it sends whatever it is told to and verifies what comes back."""

    def __init__(self, api: str, key: PartnerKey, *, address: str | None = None) -> None:
        """`address` is the one to call from; loopback has sixteen million of them."""
        self.key = key
        # The product to ask for; without one it is the key's first.
        self.audience: str | None = None
        self._keys = PublishedKeys(api)
        hooks = SignatureHooks(
            SignatureHooksMode.VERIFY_RESPONSE,
            verify_options={
                "origin": api,
                "signature_algorithm": algorithms.ED25519,
                "key_resolver": self._keys,
                "expect_tag": "quittance",
                "require_components": ("@status", '"@method";req', '"@target-uri";req'),
            },
        )
        self._http = httpx2.AsyncClient(
            base_url=api,
            timeout=ANSWER_WITHIN_S,
            event_hooks=hooks.async_event_hooks,
            transport=httpx2.AsyncHTTPTransport(
                # All of this is plain HTTP, and reading the trusted certificates takes 20 ms.
                verify=False,
                local_address=address,
                limits=httpx2.Limits(max_connections=400),
            ),
        )
        self._token = ""
        self._renew_at = 0.0

    async def ask(self, method: str, path: str, **request: Any) -> Answer:
        """Send as it is; nothing is added but what httpx must."""
        return Answer.read(await self.fetch(method, path, **request))

    async def fetch(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """The same for what has no envelope; its signature is verified too."""
        return await self._http.request(method, path, **request)

    async def token(self, scope: str | None = None) -> str:
        body = self.key.token_request()
        if scope is not None:
            body["scope"] = scope
        if self.audience is not None:
            body["audience"] = self.audience
        answer = await self.ask("POST", "/auth/token", json=body)
        if answer.code == "P9004":
            # As if nobody had been there: who asks persistently asks again.
            raise httpx2.TransportError(f"no token now: {answer}")
        assert answer.code == "P0000", answer
        return str(answer.data["accessToken"])

    async def authorised(self) -> dict[str, str]:
        if time.monotonic() >= self._renew_at:
            self._token = await self.token()
            self._renew_at = time.monotonic() + _TOKEN_LASTS_S
        return {"Authorization": f"Bearer {self._token}"}

    async def get(
        self, path: str, headers: Mapping[str, str] | None = None, /, **query: str
    ) -> Answer:
        known = {**await self.authorised(), **(headers or {})}
        return await self.ask("GET", path, params=query, headers=known)

    async def post(self, path: str, body: Any, *, key: str | None = None, **more: Any) -> Answer:
        headers = {**await self.authorised(), **more.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.ask("POST", path, json=body, headers=headers, **more)

    async def lock(self, bill: "TestBill", key: str | None = None) -> Answer:
        return await self.post("/bill/lock", bill.told, key=key)

    async def locked(self, bill: "TestBill") -> str:
        answer = await self.lock(bill)
        assert answer.code == "P0000", answer
        return str(answer.data["lockToken"])

    async def pay(
        self, token: str, transaction_id: str, *, key: str | None = None, **more: Any
    ) -> Answer:
        body = {"lockToken": token, "transactionId": transaction_id, **more}
        return await self.post("/bill/pay", body, key=key)

    async def unlock(self, token: str, *, key: str | None = None) -> Answer:
        return await self.post("/bill/unlock", {"lockToken": token}, key=key)

    async def status(self, transaction_id: str) -> Answer:
        return await self.get("/txn/status", transactionId=transaction_id)

    async def close(self) -> None:
        await self._http.aclose()


# One after the other: of five thousand drawn by lot two were the same in one file of twelve.
_stems = itertools.count(secrets.randbelow(10**8))


@dataclass(frozen=True, slots=True)
class TestBill:
    """A bill nobody has touched. `ending` chooses the sandbox's behaviour, 00 to 99."""

    __test__ = False

    ending: int = 0
    biller_id: str = "DESCO"
    billing_period: str = "2026-04"
    stem: str = field(default_factory=lambda: f"{next(_stems) % 10**8:08d}")

    @property
    def number(self) -> str:
        return f"{self.stem}{self.ending:02d}"

    @property
    def told(self) -> dict[str, str]:
        return {
            "billerId": self.biller_id,
            "billNumber": self.number,
            "billingPeriod": self.billing_period,
        }


def new_id(prefix: str = "ORDER") -> str:
    """Of letters alone: of 15,000 names with sixteen hexadecimal digits one is a card number."""
    return f"{prefix}-" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))
