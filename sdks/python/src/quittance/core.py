"""What the client does, without doing any of it: programs that the two drivers perform."""

from collections.abc import Iterable
from typing import Final, TypeVar

import httpx2

from quittance.access import Access, Credentials, Token
from quittance.clock import Clock
from quittance.codes import Code
from quittance.errors import AuthenticationError, QuittanceError
from quittance.exchange import Exchange
from quittance.operations import Operation, Wanted
from quittance.reading import Envelope
from quittance.retries import Retries
from quittance.steps import Pause, Program, T
from quittance.target import Target
from quittance.trust import Trust
from quittance.waiting import Followed, StillProcessing

FIRST_POLL_S: Final = 0.25
POLL_GROWTH: Final = 1.6
LONGEST_POLL_S: Final = 5.0

F = TypeVar("F", bound=Followed)


class Core:
    def __init__(
        self,
        *,
        base_url: str,
        credentials: Credentials,
        answer_keys: Iterable[str] | None,
        retries: Retries,
        clock: Clock,
    ) -> None:
        self._target = Target.parse(base_url)
        self._clock = clock
        self._exchange = Exchange(Trust(self._target, clock, answer_keys), clock, retries)
        self._access = Access(credentials, self._target, self._exchange, clock)

    def call(self, operation: Operation[T]) -> Program[T]:
        """One call, from the token to the typed result."""
        try:
            if operation.audience is None:
                envelope = yield from self._ask(operation, None)
            else:
                envelope = yield from self._ask_with_token(operation, operation.audience)
            return operation.read(envelope)
        except QuittanceError as error:
            error.idempotency_key = operation.key
            raise

    def wait(self, question: Operation[F], timeout_s: float) -> Program[F]:
        """Ask, ever less often, until it is not pending any more or the time is over."""
        deadline = self._clock.monotonic() + timeout_s
        poll_s = FIRST_POLL_S
        while True:
            unfinished: QuittanceError
            try:
                last = yield from self.call(question)
                if not last.is_pending:
                    return last
                unfinished = StillProcessing(last)
            except QuittanceError as error:
                # A question that fails says nothing about the payment: keep asking while there
                # is time, unless asking again cannot help.
                if not error.retryable:
                    raise
                unfinished = error
            left_s = deadline - self._clock.monotonic()
            if left_s <= 0:
                raise unfinished
            yield Pause(min(poll_s, left_s))
            poll_s = min(poll_s * POLL_GROWTH, LONGEST_POLL_S)

    def _ask_with_token(self, operation: Operation[T], audience: Wanted) -> Program[Envelope]:
        token = yield from self._access.token(audience)
        try:
            return (yield from self._ask(operation, token))
        except AuthenticationError as error:
            if error.code != Code.P4004:
                raise
        # Revoked, or the gateway's token keys rotated. One new token, one more try, the same key.
        token = yield from self._access.token(audience, refused=token)
        return (yield from self._ask(operation, token))

    def _ask(self, operation: Operation[T], token: Token | None) -> Program[Envelope]:
        def make() -> httpx2.Request:
            return self._target.request(
                operation.method,
                operation.path,
                query=operation.query,
                body=operation.body,
                token=token.value if token else None,
                key=operation.key,
                content=operation.content,
                media_type=operation.media_type,
                is_file=operation.is_file,
            )

        asked = self._exchange.ask(make, once=operation.once, is_file=operation.is_file)
        return (yield from asked)
