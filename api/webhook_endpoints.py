"""The partner's desk for webhook endpoints: make and change them, their secrets, their replays."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from api.answers import Refusal, field_refused
from payments.crypto import Vault
from payments.domain import ids
from payments.domain.addresses import Rules, refusal_of_url
from payments.domain.codes import Code
from payments.domain.webhook import (
    MOST_SECRETS,
    Disabled,
    Endpoint,
    EndpointChanges,
    EndpointState,
    Event,
    SecretsOverlap,
    SigningSecrets,
)
from payments.ports.webhooks import DeliveryLog, Endpoints, Replayed

MOST_ENDPOINTS: Final = 16
# One request replays so many deliveries at most; whoever wants more asks again.
MOST_REPLAYED: Final = 10_000
_SECRET_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
_LABEL: Final = "webhook-secret"
_TOO_MANY_SIGN: Final = f"{MOST_SECRETS} secrets sign already; 0 ends all but the new one"


class EndpointDesk:
    """`name` is always the request's: asked again, it is the same endpoint, secret and event."""

    def __init__(
        self, endpoints: Endpoints, log: DeliveryLog, *, vault: Vault, rules: Rules
    ) -> None:
        self.endpoints = endpoints
        self.log = log
        self._vault = vault
        self._rules = rules

    def check(self, url: str | None) -> None:
        """Raises Refusal for where nothing of ours may be sent."""
        reason = None if url is None else refusal_of_url(url, self._rules)
        if reason is not None:
            raise field_refused(Code.FIELD_REFUSED, "url", reason)

    async def add(self, endpoint: Endpoint) -> tuple[Endpoint, str]:
        """With its secret. Raises Refusal."""
        fresh = SigningSecrets(_written(secrets.token_bytes(_SECRET_BYTES)))
        if not await self.endpoints.add(endpoint, fresh, MOST_ENDPOINTS):
            raise Refusal(Code.TOO_MANY_ENDPOINTS)
        # A request that died before it could answer has made it already, with another secret.
        known = await self.own(endpoint.partner_id, endpoint.endpoint_id)
        return known, (await self._secrets(known)).current

    async def own(self, partner_id: str, endpoint_id: str) -> Endpoint:
        """Raises Refusal."""
        return _there(await self.endpoints.find(partner_id, endpoint_id))

    async def change(self, endpoint: Endpoint, changes: EndpointChanges) -> Endpoint:
        return _there(
            await self.endpoints.change(endpoint.partner_id, endpoint.endpoint_id, changes)
        )

    async def enable(self, endpoint: Endpoint) -> Endpoint:
        return _there(await self.endpoints.enable(endpoint.partner_id, endpoint.endpoint_id))

    async def disable(self, endpoint: Endpoint, at: datetime) -> Endpoint:
        return _there(
            await self.endpoints.disable(
                endpoint.partner_id, endpoint.endpoint_id, Disabled.BY_PARTNER, at
            )
        )

    async def remove(self, endpoint: Endpoint) -> None:
        if not await self.endpoints.remove(endpoint.partner_id, endpoint.endpoint_id):
            raise Refusal(Code.ENDPOINT_UNKNOWN)

    async def rotate(
        self, endpoint: Endpoint, name: str, overlap: timedelta, at: datetime
    ) -> SigningSecrets:
        """A new secret comes of the old one and the request.

        So a rotation that is asked for again after a crash is known by what came before it, and
        the secret that the partner still verifies with is not the one that is dropped. Raises
        Refusal.
        """

        def turn(known: SigningSecrets) -> SigningSecrets:
            if known.previous is not None and known.current in self._after(known.previous, name):
                return known
            return known.rotated(self._after(known.current, name)[0], at, overlap)

        try:
            turned = await self.endpoints.rotate(endpoint.partner_id, endpoint.endpoint_id, turn)
        except SecretsOverlap:
            raise field_refused(Code.FIELD_REFUSED, "overlapSeconds", _TOO_MANY_SIGN) from None
        if turned is None:
            raise Refusal(Code.ENDPOINT_UNKNOWN)
        return turned

    def _after(self, secret: str, name: str) -> list[str]:
        """By the current master secret, and by those before it."""
        return [_written(mac) for mac in self._vault.macs(_LABEL, f"{name}\n{secret}".encode())]

    async def _secrets(self, endpoint: Endpoint) -> SigningSecrets:
        found = await self.endpoints.secrets(endpoint.partner_id, endpoint.endpoint_id)
        if found is None:
            raise Refusal(Code.ENDPOINT_UNKNOWN)
        return found

    async def test(self, endpoint: Endpoint, name: str, at: datetime) -> Event:
        """An event on the ordinary way. Raises Refusal."""
        _refuse_disabled(endpoint)
        event_id = ids.test_event(endpoint.endpoint_id, name)
        try:
            return await self.log.test_event(endpoint, event_id, at)
        except LookupError:
            raise Refusal(Code.ENDPOINT_UNKNOWN) from None

    async def replay_event(self, endpoint: Endpoint, event_id: UUID) -> int:
        """Raises Refusal."""
        _refuse_disabled(endpoint)
        if await self.log.replay_event(endpoint, event_id) is None:
            raise Refusal(Code.EVENT_UNKNOWN)
        return 1

    async def replay_range(
        self, endpoint: Endpoint, since: datetime, until: datetime, after: UUID | None = None
    ) -> Replayed:
        """Raises Refusal."""
        _refuse_disabled(endpoint)
        if after is not None and await self.log.event(endpoint.partner_id, after) is None:
            raise Refusal(Code.EVENT_UNKNOWN)
        return await self.log.replay_range(endpoint, since, until, MOST_REPLAYED, after)

    async def replay_failures(self, endpoint: Endpoint) -> int:
        """Raises Refusal."""
        _refuse_disabled(endpoint)
        return await self.log.replay_failures(endpoint, MOST_REPLAYED)


def _written(secret: bytes) -> str:
    """As Standard Webhooks has it."""
    return _SECRET_PREFIX + base64.b64encode(secret).decode()


def _there(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise Refusal(Code.ENDPOINT_UNKNOWN)
    return endpoint


def _refuse_disabled(endpoint: Endpoint) -> None:
    if endpoint.state is EndpointState.DISABLED:
        raise Refusal(Code.ENDPOINT_DISABLED)
