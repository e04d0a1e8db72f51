"""Stripe's API as calls, through Stripe's own SDK on our own wire."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

import httpx2
import stripe

from payments.adapters.providers.stripe.errors import Refusal, refusal
from payments.domain.provider import ProviderProfile
from payments.outside import wire
from payments.outside.wire import NoAnswer, Timeouts

# Where our names stand in their objects.
REFERENCE: Final = "quittance_reference"
PAYEE: Final = "quittance_payee"
CAPTURE: Final = "quittance_capture"
# A page of a hundred payments is some hundred kilobytes.
_LARGEST_ANSWER_BYTES: Final = 2_000_000
_PAGE: Final = 100
_MOST_PAGES: Final = 20

Object = Mapping[str, Any]

# Their SDK would tell them of our previous calls' durations with each call.
stripe.enable_telemetry = False


class Refused(Exception):
    """Carries a refusal past the SDK."""

    def __init__(self, no: Refusal) -> None:
        super().__init__(str(no))
        self.no = no


class Wire(stripe.HTTPClient):
    """Our own wire under their SDK, for two reasons: its clients turn every fault into one and the
    same exception, so that a connection never made looks like an answer never come; and it trips
    over error bodies that are not Stripe's, which is what a proxy in between sends.
    """

    name = "quittance"

    def __init__(self, http: httpx2.AsyncClient, timeout_s: float) -> None:
        super().__init__()
        self._http = http
        self._timeout_s = timeout_s

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[Any, int, Any]:
        reply = await wire.ask_raw(
            self._http,
            method.upper(),
            url,
            self._timeout_s,
            largest_bytes=_LARGEST_ANSWER_BYTES,
            headers=dict(headers or {}),
            content=post_data,
        )
        if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            raise Refused(refusal(reply))
        return reply.text, reply.status, reply.headers


class Client:
    """Each call returns an object or a Refusal, or raises NeverLeft or NoAnswer."""

    def __init__(
        self, http: httpx2.AsyncClient, profile: ProviderProfile, timeouts: Timeouts
    ) -> None:
        base_url = profile.base_url.rstrip("/")
        sdk = stripe.StripeClient(
            profile.secret,
            base_addresses={"api": base_url, "files": base_url.replace("//api.", "//files.")},
            http_client=Wire(http, timeouts.money_s),
            # Whether to try again is not the SDK's to decide.
            max_network_retries=0,
        )
        self._intents = sdk.v1.payment_intents
        self._refunds = sdk.v1.refunds
        self._methods = sdk.v1.payment_methods
        self._disputes = sdk.v1.disputes
        self._files = sdk.v1.files

    async def create(self, params: Any, *, key: str) -> Object | Refusal:
        return await _answer(self._intents.create_async(params, {"idempotency_key": key}))

    async def intent(self, intent_id: str) -> Object | Refusal:
        return await _answer(self._intents.retrieve_async(intent_id))

    async def capture(self, intent_id: str, units: int, *, name: str, key: str) -> Object | Refusal:
        return await _answer(
            self._intents.capture_async(
                intent_id,
                {"amount_to_capture": units, "metadata": {CAPTURE: name}},
                {"idempotency_key": key},
            )
        )

    async def cancel(self, intent_id: str, *, key: str) -> Object | Refusal:
        return await _answer(self._intents.cancel_async(intent_id, {}, {"idempotency_key": key}))

    async def refund(self, intent_id: str, units: int, *, key: str) -> Object | Refusal:
        return await _answer(
            self._refunds.create_async(
                {"payment_intent": intent_id, "amount": units, "metadata": {REFERENCE: key}},
                {"idempotency_key": key},
            )
        )

    async def method(self, token: str) -> Object | Refusal:
        return await _answer(self._methods.retrieve_async(token))

    async def dispute(self, dispute_id: str) -> Object | Refusal:
        """With its payment, whose metadata hold our name."""
        expanded: Any = {"expand": ["payment_intent"]}
        return await _answer(self._disputes.retrieve_async(dispute_id, expanded))

    async def give_file(self, content: bytes, name: str, *, key: str) -> Object | Refusal:
        file = BytesIO(content)
        file.name = name
        params: Any = {"purpose": "dispute_evidence", "file": file}
        return await _answer(self._files.create_async(params, {"idempotency_key": key}))

    async def submit(
        self, dispute_id: str, evidence: Mapping[str, str], *, key: str
    ) -> Object | Refusal:
        params: Any = {"evidence": dict(evidence), "submit": True, "metadata": {REFERENCE: key}}
        return await _answer(
            self._disputes.update_async(dispute_id, params, {"idempotency_key": key})
        )

    async def accept(self, dispute_id: str, *, key: str) -> Object | Refusal:
        return await _answer(self._disputes.close_async(dispute_id, {}, {"idempotency_key": key}))

    async def search(self, reference: str) -> Sequence[Object] | Refusal:
        """Payments by our name, from their index: seconds late, and not there in every country."""
        query = f"metadata['{REFERENCE}']:'{reference}'"
        page = await _answer(self._intents.search_async({"query": query, "limit": _PAGE}))
        return page if isinstance(page, Refusal) else _rows(page)

    async def intents(
        self, reference: str, *, since: datetime, until: datetime
    ) -> list[Object] | Refusal:
        """Payments by our name, from their books: one after the other, and never late."""
        created = {"gte": int(since.timestamp()), "lte": int(until.timestamp())}
        params: dict[str, Any] = {"created": created}
        return await self._named(self._intents.list_async, params, reference)

    async def refunds(self, intent_id: str, key: str) -> list[Object] | Refusal:
        return await self._named(self._refunds.list_async, {"payment_intent": intent_id}, key)

    async def _named(self, pages: Any, params: dict[str, Any], name: str) -> list[Object] | Refusal:
        found: list[Object] = []
        params["limit"] = _PAGE
        for _ in range(_MOST_PAGES):
            page = await _answer(pages(params))
            if isinstance(page, Refusal):
                return page
            rows = _rows(page)
            found += [row for row in rows if (row.get("metadata") or {}).get(REFERENCE) == name]
            if not rows or not page.get("has_more"):
                return found
            params["starting_after"] = rows[-1]["id"]
        raise NoAnswer("too many to look through")


def _rows(page: Object) -> list[Object]:
    rows = page.get("data")
    if not isinstance(rows, list):
        raise NoAnswer("a page without rows")
    return [row for row in rows if isinstance(row, dict)]


async def _answer(call: Awaitable[stripe.StripeObject]) -> Object | Refusal:
    try:
        return (await call).to_dict()
    except Refused as refused:
        return refused.no
    except (stripe.StripeError, ValueError, TypeError, KeyError, AttributeError) as error:
        # A success that is no object of theirs.
        raise NoAnswer(f"unreadable: {type(error).__name__}") from error
