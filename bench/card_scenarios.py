"""What a load asks for about cards: payments and webhooks, prepared beforehand and sent once."""

import itertools
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from standardwebhooks import Webhook

from bench.http_client import BadAnswer, HttpClient
from bench.jobs import Job
from bench.scenarios import Scenario, Simple, request

ACQUIRER: Final = "NORTH"


class Once(Simple):
    """Each request is sent once; `answered` must be somewhere in what comes back."""

    def __init__(self, client: HttpClient, requests: Iterable[bytes], job: Job) -> None:
        super().__init__(client)
        self._requests = iter(requests)
        self._answered = job["answered"].encode()

    async def step(self) -> None:
        prepared = next(self._requests, None)
        if prepared is None:
            raise BadAnswer("everything that was prepared is used up")
        answer = await self._client.ask(prepared)
        if self._answered not in answer.body:
            raise BadAnswer(answer.body[:300].decode(errors="replace"))


def webhooks(job: Job) -> list[bytes]:
    """`count` signed events about the `payments` in turn, with a fresh id each."""
    webhook, payments = Webhook(job["secret"]), itertools.cycle(job["payments"])
    return [
        _signed(webhook, job["target"], payment)
        for payment in itertools.islice(payments, job["count"])
    ]


def _signed(webhook: Webhook, target: str, payment: Mapping[str, Any]) -> bytes:
    event_id, now = f"evt_{secrets.token_hex(12)}", datetime.now(UTC)
    body = {
        "type": "payment.updated",
        "id": event_id,
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {"acquirer": ACQUIRER, "payment": payment},
    }
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(event_id, now, json.dumps(body)),
    }
    return request("POST", target, body, **headers)


SCENARIOS: Final[Mapping[str, Callable[[HttpClient, Job], Scenario]]] = {
    "once": lambda client, job: Once(client, map(str.encode, job["requests"]), job),
    "webhooks": lambda client, job: Once(client, webhooks(job), job),
    # For who does not remember an event, and may be told it twice.
    "webhooks-again": lambda client, job: Once(client, itertools.cycle(webhooks(job)), job),
}
