"""A partner's webhook endpoints in tests, and a delivery log as the relay would have written it."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from payments.domain import ids
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, new_id

PATH: Final = "/v1/webhook-endpoints"
NOBODYS: Final = "whe_" + "0" * 26
NO_EVENT: Final = "evt_" + "0" * 26
# No endpoint of these tests wants events of this type by itself, so that no relay plans them.
QUIET: Final = "webhook_endpoint.disabled"
OTHER: Final = ["bill.paid"]

_EVENT: Final = """
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, previous_status, data,
        occurred_at)
    VALUES ($1, 'webhook_endpoint', $2::text, $3, $4, 'enabled', jsonb_build_object(
        'id', $2::text, 'url', 'https://hooks.example.com/', 'reason', 'gone',
        'disabledAt', '2026-04-30T08:00:00.000Z'), $5)
    RETURNING id"""
_PLAN: Final = """
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
    SELECT id, $2, $3, object_id, sequence FROM event WHERE id = $1"""
_SETTLE: Final = """
    UPDATE webhook_delivery SET state = $4, tries = $5, first_tried_at = now(), settled_at = now()
    WHERE event_id = $1 AND endpoint_id = $2 AND round = $3"""
_TRY: Final = """
    INSERT INTO webhook_try (event_id, endpoint_id, round, number, at, latency_ms, ending,
        http_status, answer)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""


def new_url() -> str:
    """Of nobody."""
    return f"http://127.0.0.1:9/hooks/{secrets.token_hex(6)}"


class Hooks:
    def __init__(self, partner: PartnerClient, evidence: Evidence) -> None:
        self.partner = partner
        # What its events happen to, unless they say.
        self.object_id = new_id("pay")
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

    async def happened(
        self, sequence: int = 1, *, object_id: str | None = None, ago_s: int = 0
    ) -> str:
        """An event that no endpoint of these tests wants by itself."""
        at = datetime.now(UTC) - timedelta(seconds=ago_s)
        who = self.partner.key.id
        told = (who, object_id or self.object_id, sequence, QUIET, at)
        rows = await self._evidence.rows(_EVENT, *told)
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
        place = (_uuid(event), endpoint["id"], round_)
        began = datetime.now(UTC) - timedelta(minutes=1)
        made = [
            (_TRY, *place, number, began + timedelta(seconds=number), 10 * number, *each)
            for number, each in enumerate(tries, start=1)
        ]
        await self._evidence.write((_PLAN, *place), (_SETTLE, *place, state, len(tries)), *made)

    async def with_failures(self, endpoint: Mapping[str, Any]) -> list[str]:
        """Four events there: delivered, failed, canceled, and one that failed first and came
        through later, which is no failure.
        """
        ends = (["delivered"], ["failed"], ["canceled"], ["failed", "delivered"])
        events = [await self.happened(number) for number, _ in enumerate(ends, start=1)]
        for event, states in zip(events, ends, strict=True):
            for round_, state in enumerate(states, start=1):
                await self.delivered(endpoint, event, state=state, round_=round_)
        return events


def _id(endpoint: Mapping[str, Any] | str) -> str:
    return endpoint if isinstance(endpoint, str) else str(endpoint["id"])


def _uuid(event: str) -> UUID:
    return ids.event_of_name(event)


def listed(answer: Answer) -> list[str]:
    assert answer.code == "P0000", answer
    return [each["eventId"] for each in answer.data["deliveries"]]
