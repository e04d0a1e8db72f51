"""A partner's webhook endpoints in tests, and a delivery log as the relay would have written it."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from payments.domain import ids
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient

PATH: Final = "/v1/webhook-endpoints"
NOBODYS: Final = "whe_" + "0" * 26
NO_EVENT: Final = "evt_" + "0" * 26
# Nobody makes an event of this type in these tests, so that no relay plans a delivery of its own.
QUIET: Final = "payment.reversed"

_EVENT: Final = """
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, previous_status, data,
        occurred_at)
    VALUES ($1, 'payment', $2, $3, $4, 'captured', '{"id": "pay_1"}', $5) RETURNING id"""
_DELIVERY: Final = """
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence, state, tries,
        first_tried_at, handed_over_at, settled_at)
    SELECT id, $2, $3, object_id, sequence, $4, $5, now(), now(), now() FROM event WHERE id = $1
    RETURNING 1"""
_TRY: Final = """
    INSERT INTO webhook_try (event_id, endpoint_id, round, number, at, latency_ms, ending,
        http_status, answer)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING 1"""


def new_url() -> str:
    """Of nobody."""
    return f"http://127.0.0.1:9/hooks/{secrets.token_hex(6)}"


class Hooks:
    def __init__(self, partner: PartnerClient, evidence: Evidence) -> None:
        self.partner = partner
        self._evidence = evidence

    async def add(self, *, key: str | None = None, **body: Any) -> Answer:
        told = {"url": new_url(), **body}
        return await self.partner.post(PATH, told, key=key)

    async def added(self, **body: Any) -> dict[str, Any]:
        answer = await self.add(**body)
        assert answer.code == "P0000", answer
        return dict(answer.data)

    async def do(
        self, verb: str, endpoint: Mapping[str, Any] | str, body: Any = None, **options: Any
    ) -> Answer:
        return await self.partner.post(f"{PATH}/{_id(endpoint)}/{verb}", body, **options)

    async def ask(
        self,
        method: str,
        endpoint: Mapping[str, Any] | str,
        body: Any = None,
        *,
        key: str | None = None,
    ) -> Answer:
        headers = await self.partner.authorised()
        headers |= {} if key is None else {"Idempotency-Key": key}
        path = f"{PATH}/{_id(endpoint)}"
        return await self.partner.ask(method, path, json=body, headers=headers)

    async def shown(self, endpoint: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self.partner.get(f"{PATH}/{endpoint['id']}")
        assert answer.code == "P0000", answer
        return dict(answer.data)

    async def of(self, endpoint: Mapping[str, Any], *more: str, **query: str) -> Answer:
        """Its deliveries, or one of them."""
        return await self.partner.get(
            "/".join((PATH, endpoint["id"], "deliveries", *more)), **query
        )

    # What the relay writes

    async def happened(self, object_id: str, sequence: int = 1, *, ago_s: int = 0) -> str:
        """An event that no endpoint of these tests wants by itself."""
        at = datetime.now(UTC) - timedelta(seconds=ago_s)
        who = self.partner.key.id
        rows = await self._evidence.rows(_EVENT, who, object_id, sequence, QUIET, at)
        return ids.event_name(rows[0]["id"])

    async def delivered(
        self,
        endpoint: Mapping[str, Any],
        event: str,
        *tries: tuple[str, int | None, str],
        state: str = "failed",
        round_: int = 1,
    ) -> None:
        """A round that has ended; each try is its outcome, HTTP status and answer."""
        event_id, whe = _uuid(event), endpoint["id"]
        await self._evidence.rows(_DELIVERY, event_id, whe, round_, state, len(tries))
        began = datetime.now(UTC) - timedelta(minutes=1)
        for number, (outcome, http_status, answer) in enumerate(tries, start=1):
            at = began + timedelta(seconds=number)
            told = (event_id, whe, round_, number, at, 10 * number, outcome, http_status, answer)
            await self._evidence.rows(_TRY, *told)


def _id(endpoint: Mapping[str, Any] | str) -> str:
    return endpoint if isinstance(endpoint, str) else str(endpoint["id"])


def _uuid(event: str) -> UUID:
    return ids.event_of_name(event)
