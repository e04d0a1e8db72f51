"""Rotations of an endpoint's secrets: one after the other, for PostgreSQL and for the fake."""

import asyncio

import pytest

from payments.db.session import Database
from payments.domain.webhook import SecretsOverlap, SigningSecrets
from tests.contracts.webhook_stage import Webhooks, after, in_postgres
from tests.webhook_factories import NOW, SECRETS


def same(secrets: SigningSecrets) -> SigningSecrets:
    return secrets


async def test_secrets_are_rotated_by_who_knows_those_before(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    name, before = (endpoint.partner_id, endpoint.endpoint_id), SECRETS

    for each in (
        SigningSecrets("whsec_new"),
        SigningSecrets("whsec_3", "whsec_new", NOW),
        SigningSecrets("whsec_4", "whsec_3", NOW, (("whsec_new", after(1)), ("whsec_0", NOW))),
    ):
        known: list[SigningSecrets] = []

        def turn(
            secrets: SigningSecrets, known: list[SigningSecrets] = known, to: SigningSecrets = each
        ) -> SigningSecrets:
            known.append(secrets)
            return to

        assert await webhooks.endpoints.rotate(*name, turn) == each
        assert known == [before]
        assert await webhooks.endpoints.secrets(*name) == each
        assert await webhooks.endpoints.rotate(*name, same) == each
        before = each


async def test_a_rotation_that_is_refused_changes_nothing(webhooks: Webhooks) -> None:
    endpoint = await webhooks.add_endpoint()
    name = endpoint.partner_id, endpoint.endpoint_id

    def refuse(secrets: SigningSecrets) -> SigningSecrets:
        raise SecretsOverlap

    with pytest.raises(SecretsOverlap):
        await webhooks.endpoints.rotate(*name, refuse)

    assert await webhooks.endpoints.secrets(*name) == SECRETS


async def test_rotations_at_once_each_know_the_one_before(
    two_processes: tuple[Database, Database],
) -> None:
    both = [in_postgres(each).endpoints for each in two_processes]
    endpoint = await in_postgres(two_processes[0]).add_endpoint()
    name = endpoint.partner_id, endpoint.endpoint_id

    def counted(secrets: SigningSecrets) -> SigningSecrets:
        return SigningSecrets(f"{secrets.current}|")

    await asyncio.gather(*(each.rotate(*name, counted) for each in both * 10))

    assert await both[0].secrets(*name) == SigningSecrets(SECRETS.current + "|" * 20)
