"""Ask one question until it is answered, and believe no answer that is not verified."""

from collections.abc import Callable

import httpx2

from quittance.clock import Clock
from quittance.errors import QuittanceError, TransportError
from quittance.reading import Envelope
from quittance.retries import Retries
from quittance.steps import Pause, Program, send
from quittance.trust import FRESH_FOR_S, REPLAYED_FOR_S, Trust


class Exchange:
    """Send, verify, read; after a passing fault pause and ask the very same thing again."""

    def __init__(self, trust: Trust, clock: Clock, retries: Retries) -> None:
        self._trust = trust
        self._clock = clock
        self._retries = retries

    def ask(
        self,
        make: Callable[[], httpx2.Request],
        *,
        nonce: bool = False,
        once: bool = False,
        is_file: bool = False,
    ) -> Program[Envelope]:
        """`nonce`: each request carries a key made for it alone, which proves its answer fresh."""
        attempt = 1
        while True:
            try:
                return (yield from self._ask_once(make(), nonce=nonce, is_file=is_file))
            except QuittanceError as error:
                pause_s = None if once else self._retries.pause_s(error, attempt)
                if pause_s is None:
                    raise
            yield Pause(pause_s)
            attempt += 1

    def _ask_once(
        self, request: httpx2.Request, *, nonce: bool, is_file: bool
    ) -> Program[Envelope]:
        try:
            response = yield from send(request)
        except httpx2.RequestError as error:
            asked = f"{request.method} {request.url.path}"
            raise TransportError(f"{asked}: no answer ({type(error).__name__})") from error
        signed = yield from self._trust.check(response)
        if not nonce:
            signed.refuse_stale(self._clock.now(), _fresh_for_s(response))
        # The status is signed: what is no refusal is the file that was asked for.
        if is_file and response.is_success:
            return Envelope.of_file(response)
        envelope = Envelope.read(response, self._clock.now())
        if (refusal := envelope.refusal()) is not None:
            raise refusal
        return envelope


def _fresh_for_s(response: httpx2.Response) -> int:
    # The header is not signed, so it counts only where the signature covers our own key: there an
    # old answer can only be the first answer to this very call.
    replayed = response.headers.get("idempotent-replayed") == "true"
    has_key = "idempotency-key" in response.request.headers
    return REPLAYED_FOR_S if replayed and has_key else FRESH_FOR_S
