"""What operators ask over HTTP: why a payment went where it went, and what needs a look."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query
from pydantic.alias_generators import to_camel

from payments.bootstrap import Record, RuleDesk
from payments.ports.inbox import InboundState

_MOST: Final = 1000
Limit = Annotated[int, Query(ge=1, le=_MOST)]


def operations(record: Record, desk: RuleDesk) -> APIRouter:
    """Only for the operator's own port: no token is asked for, and no partner's border is kept."""
    router = APIRouter(prefix="/v1")

    @router.get("/payments/{payment_id}/routing")
    async def routing(payment_id: str) -> Any:
        found = await record.insight.routing(payment_id)
        if found is None:
            raise HTTPException(404, f"there is no payment {payment_id}")
        return _told(found)

    @router.get("/routing/rules")
    async def rules() -> Any:
        active = await desk.book.active()
        versions = await desk.book.versions()
        return {"active": active and active.version, "versions": [_told(each) for each in versions]}

    @router.get("/switches")
    async def switches() -> Any:
        return {"switches": [_told(each) for each in await desk.book.switches()]}

    @router.get("/incidents")
    async def incidents(limit: Limit = 50) -> Any:
        found = await record.incidents.latest(limit)
        told = [_told(each.incident) | {"occurredAt": each.occurred_at} for each in found]
        return {"incidents": told}

    @router.get("/inbound-events")
    async def inbound_events(
        state: InboundState = InboundState.QUARANTINED, limit: Limit = 50
    ) -> Any:
        return {"events": [_told(each) for each in await record.insight.events(state, limit)]}

    return router


def _told(value: Any) -> dict[str, Any]:
    """A value of the domain in the names that JSON has here."""
    told: dict[str, Any] = _camel(asdict(value))
    return told


def _camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {to_camel(name): _camel(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_camel(each) for each in value]
    return value
