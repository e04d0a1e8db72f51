"""The rails' part of the control door: behaviour, transfers moved by hand, the statement."""

import logging
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.bodies import Reason
from sandbox.answers import Answer, Body, Endpoint, Refused, read_body
from sandbox.rail.behaviour import DECIDES_AFTER_MS, RAILS, Behaviour, Setting
from sandbox.rail.books import TransferState
from sandbox.rail.house import RailHouse

log = logging.getLogger("sandbox")

RECENT = 50


class SettingBody(Body):
    behaviour: Behaviour = Behaviour.ORDINARY
    times: Annotated[int, Field(ge=1, strict=True)] | None = None
    decidesAfterMs: Annotated[int, Field(ge=0, le=86_400_000, strict=True)] = (  # noqa: N815
        DECIDES_AFTER_MS
    )
    webhooks: Annotated[bool, Field(strict=True)] = True


class StateBody(Body):
    state: TransferState
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class RailControl:
    house: RailHouse

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        rail = "/control/rails/{rail}"
        return [
            ("GET", rail, self.setting),
            ("POST", rail, self.tell),
            ("DELETE", rail, self.reset),
            ("GET", rail + "/statement", self.statement),
            ("POST", rail + "/webhooks/send", self.send_again),
            ("GET", rail + "/transfers", self.transfers),
            ("GET", rail + "/transfers/{reference}", self.transfer),
            ("POST", rail + "/transfers/{reference}/state", self.move),
        ]

    async def setting(self, request: Request) -> Response:
        return self._setting(_named(request))

    async def tell(self, request: Request) -> Response:
        rail = _named(request)
        body = await read_body(request, SettingBody)
        setting = Setting(body.behaviour, body.times, body.decidesAfterMs, body.webhooks)
        self.house.conduct.tell(rail, setting)
        log.info("rail.told %s %s", rail, body.behaviour)
        return self._setting(rail)

    async def reset(self, request: Request) -> Response:
        rail = _named(request)
        self.house.conduct.tell(rail, Setting())
        return self._setting(rail)

    async def statement(self, request: Request) -> Response:
        told = self.house.books.statement(_named(request))
        await self.house.journal.synced()
        return Answer(200, told)

    async def send_again(self, request: Request) -> Response:
        return Answer(200, {"sent": self.house.outbox.send_again(_named(request))})

    async def transfers(self, request: Request) -> Response:
        rail = _named(request)
        found = [one.as_json() for one in self.house.books.all() if one.rail == rail]
        return Answer(200, {"transfers": found[:-RECENT:-1]})

    async def transfer(self, request: Request) -> Response:
        rail, reference = _named(request), request.path_params["reference"]
        transfer = self.house.books.transfer(rail, reference)
        arrivals = [one.as_json() for one in self.house.books.arrivals(rail, reference)]
        told = transfer.as_json() if transfer is not None else None
        return Answer(200, {"transfer": told, "arrivals": arrivals})

    async def move(self, request: Request) -> Response:
        body = await read_body(request, StateBody)
        transfer = self.house.books.transfer(_named(request), request.path_params["reference"])
        if transfer is None:
            raise Refused(404, "TRANSFER_NOT_FOUND")
        self.house.move(transfer, body.state, body.reason)
        await self.house.journal.synced()
        return Answer(200, transfer.as_json())

    def _setting(self, rail: str) -> Response:
        setting = self.house.conduct.of(rail)
        return Answer(
            200,
            {
                "rail": rail,
                "behaviour": setting.behaviour,
                "times": setting.times_left,
                "decidesAfterMs": setting.decides_after_ms,
                "webhooks": setting.webhooks,
            },
        )


def _named(request: Request) -> str:
    rail: str = request.path_params["rail"]
    if rail not in RAILS:
        raise Refused(404, "RAIL_NOT_FOUND")
    return rail
