"""The door around the whole app: nothing comes in or goes out past it.

It reads the question, lets the app answer, turns crashes into the envelope, signs, keeps the answer
for a repeat, writes the request-log row, and only then sends. A framework refusal passes the same
way.
"""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api import metrics, versions
from api.addresses import Addresses, header_values
from api.answers import Refusal, envelope, refusal
from api.bodies import BodyLimits
from api.card_guard import CardGuard
from api.exchange import Exchange
from api.row_files import CardNumberSeen
from api.signing import TRACE_HEADER, AnswerSigner, Question
from api.table import RouteTable
from payments.domain.codes import Code, Status
from payments.ports.answers import AnswerStore, StoredAnswer
from payments.ports.journal import RequestLog, RequestRow
from payments.ports.record import RecordUnavailable

log = structlog.get_logger("api")

MAX_HEADER_BYTES: Final = 16_384
MAX_TARGET_BYTES: Final = 4_096
# Of a body that is too large, how much more is read and thrown away before it is refused.
LONGEST_READ_AWAY: Final = 8_388_608
READ_AWAY_TIMEOUT_S: Final = 1.0
_HOST: Final = re.compile(r"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
SERVER_ERROR: Final = 500
# In the scope's state: the request's target, byte for byte.
SENT_TARGET: Final = "quittance.sent_target"
_BODY_HEADERS: Final = {b"content-length", b"transfer-encoding"}


@dataclass(frozen=True, slots=True)
class _Finished:
    """An answer ready to leave, headers in order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Door:
    def __init__(
        self,
        routes: RouteTable,
        *,
        signer: AnswerSigner,
        answers: AnswerStore,
        request_log: RequestLog,
        guard: CardGuard,
        addresses: Addresses,
        bodies: BodyLimits,
    ) -> None:
        self._routes = routes
        self._signer = signer
        self._answers = answers
        self._request_log = request_log
        self._guard = guard
        self._addresses = addresses
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "the partner API has no other kind of connection"
        target = _target(scope)
        exchange = Exchange(scope["method"], target)
        exchange.place(scope)
        question = self._question(scope, target)
        if question is None:
            malformed = Refusal(Code.REQUEST_MALFORMED, headers={"Connection": "close"})
            response = refusal(exchange, malformed)
        else:
            response = await self._answer(exchange, scope, receive)
        finished = await self._finish(exchange, question, response)
        await _send(finished, send)

    async def refuse_unparsed(self) -> bytes:
        """The whole answer, as bytes, to something that was not even HTTP."""
        exchange = Exchange("UNPARSED", "*")
        response = refusal(exchange, Refusal(Code.REQUEST_MALFORMED))
        finished = await self._finish(exchange, None, response)
        lines = [f"HTTP/1.1 {finished.status} Bad Request", "connection: close"]
        lines += [f"{name}: {value}" for name, value in finished.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + finished.body

    def _question(self, scope: Scope, target: str) -> Question | None:
        """The request as its sender can see it again: nothing a proxy of ours has added.

        None when it does not name one host, as HTTP demands. A "host" with a path and a `#` in it
        would have us sign the answer to this URL as the answer to another.
        """
        hosts = header_values(scope, b"host")
        if not hosts and scope["http_version"] == "1.0":
            hosts = ["{}:{}".format(*scope["server"])]
        if len(hosts) != 1 or _HOST.fullmatch(hosts[0]) is None:
            return None
        url = f"{self._addresses.scheme(scope)}://{hosts[0]}{target}"
        keys = header_values(scope, b"idempotency-key")
        covered = {"idempotency-key": ", ".join(key.strip() for key in keys)} if keys else {}
        return Question(scope["method"], url, covered)

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive) -> Response:
        """Whatever happens in there, an envelope comes out."""
        try:
            exchange.body = await self._read(scope, receive)
            await self._guard.look(exchange, scope)
            return await self._routes.answer(scope)
        except Refusal as refused:
            return refusal(exchange, refused)
        except CardNumberSeen as seen:
            return refusal(exchange, await self._guard.refused(exchange, scope, seen.place))
        except RecordUnavailable:
            return refusal(exchange, Refusal(Code.RECORD_UNAVAILABLE, retry_after_s=1))
        except Exception:
            log.exception("request.crashed", trace=exchange.trace, endpoint=exchange.endpoint)
            return envelope(exchange, Code.INTERNAL, None)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
            raise Refusal(Code.TARGET_TOO_LONG, {"limitBytes": MAX_TARGET_BYTES})
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            raise Refusal(Code.HEADERS_TOO_LARGE, {"limitBytes": MAX_HEADER_BYTES})
        if not _BODY_HEADERS & {name for name, _ in scope["headers"]}:
            return b""
        body, limit = bytearray(), self._bodies.of(scope)
        try:
            async with asyncio.timeout(limit.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        # Half a body must never be taken for a whole one.
                        raise Refusal(Code.REQUEST_MALFORMED)
                    body += message.get("body", b"")
                    if len(body) > limit.bytes:
                        await _read_away(receive, message)
                        raise Refusal(
                            Code.BODY_TOO_LARGE,
                            {"limitBytes": limit.bytes},
                            headers={"Connection": "close"},
                        )
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise Refusal(Code.REQUEST_TOO_SLOW, headers={"Connection": "close"}) from None

    async def _finish(
        self, exchange: Exchange, question: Question | None, response: Response
    ) -> _Finished:
        """Sign, keep and log; a partner is told no success whose record cannot be written."""
        finished = self._signed(exchange, question, response)
        try:
            kept = await self._kept(exchange, finished)
            await self._record(exchange, kept)
        except RecordUnavailable:
            if exchange.caller is None or exchange.code.meaning.status is Status.ERROR:
                # A refusal changed nothing, and what anybody may read is nobody's proof: the key
                # set above all, which every verifier of this very outage's refusals needs.
                kept = finished
            else:
                unavailable = Refusal(Code.RECORD_UNAVAILABLE, retry_after_s=1)
                kept = self._signed(exchange, question, refusal(exchange, unavailable))
        self._tell(exchange, kept)
        return kept

    def _signed(
        self, exchange: Exchange, question: Question | None, response: Response
    ) -> _Finished:
        if exchange.replay is not None:
            return _replayed(exchange.replay)
        # The digest is of what is sent, and no content is sent in answer to HEAD (RFC 9530, B.2).
        body = b"" if exchange.method == "HEAD" else bytes(response.body)
        headers = {
            "date": _http_date(int(time.time())),
            TRACE_HEADER: exchange.trace,
            versions.HEADER.lower(): exchange.version.isoformat(),
            "cache-control": "no-store",
            **{name.lower(): value for name, value in response.headers.items()},
        }
        headers |= self._signer.sign(question, response.status_code, headers, body)
        return _Finished(response.status_code, tuple(headers.items()), body)

    async def _kept(self, exchange: Exchange, finished: _Finished) -> _Finished:
        """Keep what a repeat must get again: successes and business refusals, nothing else."""
        if exchange.claim is None:
            return finished
        code = exchange.code
        business = code.startswith(("P1", "P2", "P3")) and finished.status < SERVER_ERROR
        if code.meaning.status is Status.ERROR and not business:
            await self._answers.drop(exchange.claim)
            return finished
        answer = StoredAnswer(
            finished.status, finished.headers, finished.body, exchange.trace, code
        )
        first = await self._answers.keep(exchange.claim, answer)
        if first is not answer:
            # Our lease ran out and another request with this key answered before us.
            exchange.replay = first
            return _replayed(first)
        return finished

    async def _record(self, exchange: Exchange, finished: _Finished) -> None:
        replay = exchange.replay
        await self._request_log.record(
            RequestRow(
                trace=exchange.trace,
                partner_id=exchange.partner_id,
                endpoint=exchange.endpoint,
                request_hash=exchange.fingerprint.hex(),
                http_status=finished.status,
                code=replay.code if replay else exchange.code,
                latency_us=exchange.latency_us,
                received_at=exchange.received_at,
                downstream=exchange.downstream,
                replay_of=replay.trace if replay else None,
            )
        )

    def _tell(self, exchange: Exchange, finished: _Finished) -> None:
        """The canonical log line: one per request, everything a person on call asks for."""
        latency_us = exchange.latency_us
        code = exchange.replay.code if exchange.replay else exchange.code
        metrics.observe(exchange.endpoint, exchange.partner_id, code, latency_us)
        log.info(
            "request.answered",
            trace=exchange.trace,
            partner=exchange.partner_id,
            endpoint=exchange.endpoint,
            request_hash=exchange.fingerprint.hex(),
            http_status=finished.status,
            code=code,
            latency_us=latency_us,
            downstream=exchange.downstream,
            replay_of=exchange.replay.trace if exchange.replay else None,
        )


@lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


async def _read_away(receive: Receive, message: Message) -> None:
    """Who is still sending when we hang up loses our answer, so let it finish, within reason."""
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(READ_AWAY_TIMEOUT_S):
            while message.get("more_body", False) and read < LONGEST_READ_AWAY:
                message = await receive()
                read += len(message.get("body", b""))


def _replayed(stored: StoredAnswer) -> _Finished:
    """The first answer, byte for byte. The header that says so is the only addition, unsigned."""
    headers = (*stored.headers, ("idempotent-replayed", "true"))
    return _Finished(stored.http_status, headers, stored.body)


def _target(scope: Scope) -> str:
    """Path and query as they were sent, not as the framework decodes them."""
    path: bytes = scope["raw_path"] or b"/"
    query: bytes = scope["query_string"]
    asks = query or scope["state"][SENT_TARGET].endswith(path + b"?")
    return (path + b"?" + query if asks else path).decode("latin-1")


async def _send(finished: _Finished, send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in finished.headers
    ]
    await send({"type": "http.response.start", "status": finished.status, "headers": headers})
    await send({"type": "http.response.body", "body": finished.body})
