"""One exchange: a partner's question, what happened on the way, and the answer's bookkeeping."""

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import Scope as AsgiScope

from api import versions
from payments.domain.codes import Code
from payments.domain.partner import Partner, Product
from payments.domain.partner import Scope as TokenScope
from payments.domain.trace import ANONYMOUS, Trace
from payments.ports.answers import Scope, StoredAnswer

_PLACE: Final = "quittance.exchange"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, proved by an access token."""

    partner: Partner
    scopes: frozenset[TokenScope]
    # What the token is for; None before there is one.
    product: Product | None = None


@dataclass
class Exchange:
    """Opened by the door before anything else looks at the request.

    `claim` is the idempotency claim this request holds, `replay` the stored answer to send instead
    of a new one. `downstream` collects what was asked of others, for the request log.
    """

    method: str
    target: str
    body: bytes = b""
    endpoint: str = "unknown"
    caller: Caller | None = None
    code: Code = Code.OK
    version: date = versions.NEWEST
    claim: Scope | None = None
    replay: StoredAnswer | None = None
    downstream: dict[str, dict[str, Any]] = field(default_factory=dict)
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_ns: int = field(default_factory=time.perf_counter_ns)
    entropy: bytes = field(default_factory=lambda: secrets.token_bytes(5))
    _named: tuple[str, str] = ("", "")

    @property
    def partner_id(self) -> str | None:
        return self.caller.partner.id if self.caller else None

    @property
    def trace(self) -> str:
        """Names the partner as soon as it is known; time and random part never change."""
        partner = self.partner_id or ANONYMOUS
        if partner != self._named[0]:
            self._named = partner, str(Trace.make(partner, self.received_at, self.entropy))
        return self._named[1]

    @cached_property
    def fingerprint(self) -> bytes:
        """What makes two requests the same: method, target as sent, and body bytes."""
        question = hashlib.sha256(f"{self.method} {self.target}\n".encode("latin-1"))
        question.update(self.body)
        return question.digest()

    def withhold(self) -> None:
        """Let nothing of what was asked be kept, not even its digest."""
        self.target, self.body = "*", b""

    @property
    def latency_us(self) -> int:
        return (time.perf_counter_ns() - self.started_ns) // 1000

    @contextmanager
    def measured(self, call: str, source: str = "origin") -> Iterator[None]:
        """Time one downstream call for the request log."""
        started_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            elapsed_ms = (time.perf_counter_ns() - started_ns) / 1e6
            self.downstream[call] = {"ms": round(elapsed_ms, 2), "source": source}

    def place(self, scope: AsgiScope) -> None:
        scope[_PLACE] = self

    @staticmethod
    def of(connection: HTTPConnection) -> "Exchange":
        exchange = connection.scope[_PLACE]
        assert isinstance(exchange, Exchange), "a request came in past the door"
        return exchange
