"""The acquirers' part of the control door: behaviour and webhooks."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.banks import BANKS
from sandbox.acquirer.behaviour import (
    AUTHORIZE_ONLY,
    CHALLENGE_LIFE_MS,
    DEFAULT_DELAY_MS,
    DEFAULT_REASON,
    ONLY_FOR,
    Behaviour,
    Instruction,
    Operation,
    Setting,
)
from sandbox.acquirer.bodies import Reason, Url
from sandbox.acquirer.cards import CARDS
from sandbox.acquirer.events import Event, Forgery
from sandbox.acquirer.hand import named
from sandbox.acquirer.house import House
from sandbox.answers import Answer, Body, Endpoint, Refused, invalid, read_body
from sandbox.faults import HANG_LIMIT_MS

log = logging.getLogger("sandbox")

DAY_MS = 86_400_000
Flag = Annotated[bool, Field(strict=True)]
Delay = Annotated[int, Field(ge=0, le=HANG_LIMIT_MS, strict=True)]
Copies = Annotated[int, Field(ge=1, le=100, strict=True)]


class SettingBody(Body):
    behaviour: Behaviour = Behaviour.ORDINARY
    reason: Reason | None = None
    delayMs: Delay | None = None  # noqa: N815
    times: Annotated[int, Field(ge=1, strict=True)] | None = None
    operations: Annotated[frozenset[Operation], Field(min_length=1)] | None = None
    honourIdempotencyKeys: Flag = True  # noqa: N815
    allowOverRefund: Flag = False  # noqa: N815
    challengeLifeMs: Annotated[int, Field(ge=1, le=DAY_MS, strict=True)] = (  # noqa: N815
        CHALLENGE_LIFE_MS
    )
    webhooks: Flag = True
    webhookCopies: Copies = 1  # noqa: N815
    webhookDelayMs: Delay = 0  # noqa: N815


class DuplicateBody(Body):
    times: Copies = 3


class DelayBody(Body):
    delayMs: Delay = 5_000  # noqa: N815


class ForgeBody(Body):
    how: Forgery = Forgery.SIGNATURE


class AddressBody(Body):
    url: Url | None


@dataclass(frozen=True, slots=True)
class AcquirerControl:
    house: House
    # The doors share one listener, so one acquirer that is down takes the other with it.
    open_or_close: Callable[[], Awaitable[None]]

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        acquirer = "/control/acquirers/{acquirer}"
        event = "/control/webhooks/{event}"
        return [
            ("GET", acquirer, self.setting),
            ("POST", acquirer, self.tell),
            ("DELETE", acquirer, self.reset),
            ("GET", acquirer + "/books", self.books),
            ("GET", "/control/cards", self.cards),
            ("GET", "/control/banks", self.banks),
            ("GET", "/control/events", self.events),
            ("PUT", "/control/webhooks", self.address),
            ("POST", event + "/send", self.send),
            ("POST", event + "/duplicate", self.duplicate),
            ("POST", event + "/delay", self.delay),
            ("POST", event + "/forge", self.forge),
        ]

    async def setting(self, request: Request) -> Response:
        return self._setting_answer(named(request))

    async def tell(self, request: Request) -> Response:
        acquirer = named(request)
        setting = _checked(await read_body(request, SettingBody))
        self.house.conduct.tell(acquirer, setting)
        log.info("acquirer.told %s %s", acquirer, setting.instruction.behaviour)
        await self.open_or_close()
        return self._setting_answer(acquirer)

    async def reset(self, request: Request) -> Response:
        acquirer = named(request)
        self.house.conduct.reset(acquirer)
        log.info("acquirer.reset %s", acquirer)
        await self.open_or_close()
        return self._setting_answer(acquirer)

    async def books(self, request: Request) -> Response:
        acquirer = named(request)
        totals = self.house.books.totals.as_json(acquirer)
        await self.house.journal.synced()
        return Answer(200, {"acquirer": acquirer, "totals": totals})

    async def cards(self, _: Request) -> Response:
        cards = [
            {"number": card.number, "brand": card.brand, "country": card.country}
            | {"name": card.name, "story": card.story}
            for card in CARDS.values()
        ]
        return Answer(200, {"cards": cards})

    async def banks(self, _: Request) -> Response:
        banks = [bank.as_json() | {"story": bank.story} for bank in BANKS.values()]
        return Answer(200, {"banks": banks})

    async def events(self, request: Request) -> Response:
        asked = request.query_params
        found = self.house.outbox.events(asked.get("acquirer"), asked.get("reference"), 100)
        return Answer(200, {"events": [event.as_json() for event in found]})

    async def address(self, request: Request) -> Response:
        """Where webhooks go from now on; null sends none."""
        body = await read_body(request, AddressBody)
        self.house.outbox.url = body.url
        return Answer(200, {"url": body.url})

    async def send(self, request: Request) -> Response:
        return await self._sent(self._event(request), 1)

    async def duplicate(self, request: Request) -> Response:
        event = self._event(request)
        return await self._sent(event, (await read_body(request, DuplicateBody)).times)

    async def delay(self, request: Request) -> Response:
        event = self._event(request)
        body = await read_body(request, DelayBody)
        self.house.outbox.send_later(event, body.delayMs / 1000)
        return Answer(202, {"event": event.id, "delayMs": body.delayMs})

    async def forge(self, request: Request) -> Response:
        event = self._event(request)
        body = await read_body(request, ForgeBody)
        result = await self.house.outbox.forge(event, body.how)
        return Answer(200, {"event": event.id, "how": body.how, "results": [result]})

    async def _sent(self, event: Event, times: int) -> Response:
        return Answer(
            200, {"event": event.id, "results": await self.house.outbox.send(event, times)}
        )

    def _event(self, request: Request) -> Event:
        event = self.house.outbox.event(request.path_params["event"])
        if event is None:
            raise Refused(404, "EVENT_NOT_FOUND")
        return event

    def _setting_answer(self, acquirer: str) -> Response:
        setting = self.house.conduct.of(acquirer)
        instruction = setting.instruction
        declines = instruction.behaviour is Behaviour.DECLINE
        waits = instruction.behaviour in DEFAULT_DELAY_MS
        return Answer(
            200,
            {
                "acquirer": acquirer,
                "behaviour": instruction.behaviour,
                "reason": instruction.reason if declines else None,
                "delayMs": instruction.delay_ms if waits else None,
                "times": setting.times_left,
                "operations": [op for op in Operation if op in setting.operations],
                "honourIdempotencyKeys": setting.honour_idempotency_keys,
                "allowOverRefund": setting.allow_over_refund,
                "challengeLifeMs": setting.challenge_life_ms,
                "webhooks": setting.webhooks,
                "webhookCopies": setting.webhook_copies,
                "webhookDelayMs": setting.webhook_delay_ms,
            },
        )


def _checked(body: SettingBody) -> Setting:
    """Refuse what would have no effect, so that nobody believes in a fault that never comes."""
    behaviour, operations = body.behaviour, body.operations or AUTHORIZE_ONLY
    fits = ONLY_FOR.get(behaviour, frozenset(Operation))
    if body.reason is not None and behaviour is not Behaviour.DECLINE:
        raise invalid("reason", f"{behaviour} gives no reason; decline does")
    if body.delayMs is not None and behaviour not in DEFAULT_DELAY_MS:
        raise invalid("delayMs", f"{behaviour} does not wait; {', '.join(DEFAULT_DELAY_MS)} do")
    if not operations <= fits:
        raise invalid("operations", f"{behaviour} is for {', '.join(sorted(fits))} alone")
    if behaviour is Behaviour.DOWN and (body.operations is not None or body.times is not None):
        raise invalid("behaviour", "down closes the whole listener until it is reset")
    if behaviour is Behaviour.ORDINARY and body.times is not None:
        raise invalid("times", "ordinary is for ever")
    delay_ms = DEFAULT_DELAY_MS.get(behaviour, 0) if body.delayMs is None else body.delayMs
    return Setting(
        instruction=Instruction(behaviour, body.reason or DEFAULT_REASON, delay_ms),
        operations=operations,
        times_left=body.times,
        honour_idempotency_keys=body.honourIdempotencyKeys,
        allow_over_refund=body.allowOverRefund,
        challenge_life_ms=body.challengeLifeMs,
        webhooks=body.webhooks,
        webhook_copies=body.webhookCopies,
        webhook_delay_ms=body.webhookDelayMs,
    )
