"""Partners' receivers of webhooks during the fire: one that is well, one that fails at first, and
one that is dead. What they got is held against the events that the record has.
"""

import base64
import json
import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from standardwebhooks import Webhook
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from temporalio.client import Client

from payments.bootstrap import open_record
from payments.config import Settings
from payments.domain import ids
from payments.domain.webhook import Endpoint, SigningSecrets
from payments.stack.ports import free_port
from tests.card_findings import Finding, Kind
from tests.evidence import Evidence
from tests.patience import until
from tests.proofs.reckoning import waits_for
from tests.running_gateway import RunningGateway
from tests.serving import Serving
from tests.webhook_factories import make_endpoint

WELL: Final = "well"
FAILING_AT_FIRST: Final = "failing-at-first"
DEAD: Final = "dead"
# A first try that fails is made again after five seconds, and every one after that succeeds.
_FAILS: Final = 0.2
_DRAIN_S: Final = 120
_EVENTS: Final = """
    SELECT id, object_id, sequence, type, occurred_at FROM event
    WHERE partner_id = $1 AND occurred_at > $2"""


@dataclass
class Listener:
    """`got` has what came, in order; what was refused as well, because it came."""

    name: str
    secret: str
    chance: random.Random
    got: list[dict[str, Any]] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    @property
    def known(self) -> set[str]:
        return {event["id"] for event in self.got}

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Its answer. Raises what the library raises when a message is not from the gateway."""
        Webhook(self.secret).verify(body, headers)
        event = json.loads(body)
        assert event["id"] == headers["webhook-id"], event
        is_new = event["id"] not in self.known
        self.got.append(event)
        self.figures[f"webhooks to whom is {self.name}{'' if is_new else ', again'}"] += 1
        fails = self.name == FAILING_AT_FIRST and is_new and self.chance.random() < _FAILS
        return 500 if fails else 204


class Listeners:
    """Of the first partner's; they listen inside `async with`."""

    def __init__(self, gateway: RunningGateway, chance: random.Random) -> None:
        self._gateway = gateway
        self._partner_id = gateway.partner().id
        self._all = {name: Listener(name, _secret(), chance) for name in (WELL, FAILING_AT_FIRST)}
        self._serving = Serving([Route("/{name}", self._take, methods=["POST"])])
        self._forged: list[str] = []
        self._since = datetime.now(UTC)

    @property
    def figures(self) -> Counter[str]:
        return sum((each.figures for each in self._all.values()), Counter())

    async def __aenter__(self) -> Self:
        await self._serving.__aenter__()
        places = {DEAD: f"http://127.0.0.1:{free_port()}/"}
        places |= {name: f"{self._serving.origin}/{name}" for name in self._all}
        async with open_record(Settings.of(self._gateway.environment)) as record:
            for name, url in places.items():
                secret = self._all[name].secret if name in self._all else _secret()
                endpoint = self._endpoint(name, url)
                assert await record.endpoints.add(endpoint, SigningSecrets(secret), most=100)
        self._since = datetime.now(UTC)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._serving.__aexit__()

    def _endpoint(self, name: str, url: str) -> Endpoint:
        return make_endpoint(
            endpoint_id=ids.endpoint_id(self._partner_id, url),
            partner_id=self._partner_id,
            url=url,
            description=name,
            created_at=datetime.now(UTC),
        )

    async def _take(self, request: Request) -> Response:
        listener = self._all[request.path_params["name"]]
        try:
            body = await request.body()
        except ClientDisconnect:
            # Its worker was killed while it was sending: nothing was taken, and it comes again.
            return Response(status_code=400)
        try:
            return Response(status_code=listener.take(dict(request.headers), body))
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
            self._forged.append(f"{listener.name} got what does not verify: {error!r}")
            return Response(status_code=400)

    async def drained(self, evidence: Evidence, engine: Client) -> list[Finding]:
        """Wait until everybody has everything; whatever is not right then is a finding."""
        events = {
            ids.event_name(row["id"]): row
            for row in await evidence.rows(_EVENTS, self._partner_id, self._since)
        }

        async def all_there() -> bool:
            return all(events.keys() <= each.known for each in self._all.values())

        late: list[Finding] = []
        try:
            await until(all_there, _DRAIN_S, "something is missing")
        except AssertionError:
            late.append(Finding(Kind.WEBHOOKS, "relay", await waits_for(engine, ids.EVENT_RELAY)))
        return [
            *late,
            *(Finding(Kind.WEBHOOKS, "signature", text) for text in self._forged),
            *(found for each in self._all.values() for found in _findings(each, events)),
        ]


def _secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _findings(listener: Listener, events: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """`events` by the names that partners know them by."""
    for missing in events.keys() - listener.known:
        text = f"{dict(events[missing])} never came to whom is {listener.name}"
        yield Finding(Kind.WEBHOOKS, missing, text)
    told: dict[str, dict[str, Any]] = {}
    order: dict[str, list[int]] = defaultdict(list)
    for event in listener.got:
        name, row = event["id"], events.get(event["id"])
        if row is None:
            # Of something that began before anybody listened.
            continue
        if told.setdefault(name, event) != event:
            yield Finding(Kind.WEBHOOKS, name, "was told in two ways")
        there = (event["object"]["id"], event["sequence"], event["type"])
        if there != (row["object_id"], row["sequence"], row["type"]):
            yield Finding(Kind.WEBHOOKS, name, f"is {dict(row)}, and was told as {event}")
        if event["sequence"] not in order[there[0]]:
            order[there[0]].append(event["sequence"])
    for object_id, numbers in order.items():
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            yield Finding(Kind.WEBHOOKS, object_id, f"{listener.name} was told in order {numbers}")
