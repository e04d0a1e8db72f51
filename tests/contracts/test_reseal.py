"""Every secret of the record moves under the current master secret, and the old one can go."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from payments.adapters.postgres.administration import Administration, NewKey
from payments.adapters.postgres.partners import PostgresPartners
from payments.adapters.postgres.providers import PostgresProviders
from payments.adapters.postgres.reseal import PLACES, reseal
from payments.adapters.postgres.sealer import open_secret
from payments.cli import reseals
from payments.config import Settings
from payments.crypto import Unsealable, Vault
from payments.db.session import Database, Rows
from payments.db.tables import METADATA
from payments.domain.provider import ProviderKind, ProviderProfile
from payments.stack.postgres import DatabaseUrls
from tests.contracts.direct import Direct

OLD, NEW = b"o" * 32, b"n" * 32
ROTATED = Vault([NEW, OLD])
MANY = 230
NOTHING = {"api_key": 0, "provider": 0, "rail": 0, "destination": 0, "webhook_endpoint": 0}


@pytest.fixture
async def old_keys(database: Database, direct: Direct) -> AsyncIterator[list[NewKey]]:
    """More keys than fit into two pages, as the record had them before the rotation."""
    before = Administration(database, Vault([OLD]))
    await before.add_partner("partner_1", "A partner")
    yield [await before.add_key("partner_1") for _ in range(MANY)]
    await direct.run("DELETE FROM api_key")


async def seals(database: Database) -> dict[str, bytes]:
    rows = await database.fetch("SELECT id, secret_sealed FROM api_key")
    return {row["id"]: row["secret_sealed"] for row in rows}


async def test_what_the_old_secret_sealed_opens_without_it(
    database: Database, old_keys: list[NewKey]
) -> None:
    await Administration(database, ROTATED).revoke_key(old_keys[0].id)

    assert await reseal(database, ROTATED) == NOTHING | {"api_key": MANY}
    assert await reseal(database, ROTATED) == NOTHING

    found = await seals(database)
    opened = {key_id: open_secret(Vault([NEW]), key_id, found[key_id]) for key_id in found}
    assert opened == {key.id: key.secret for key in old_keys}


async def test_only_what_is_old_is_written(database: Database, old_keys: list[NewKey]) -> None:
    fresh = await Administration(database, ROTATED).add_key("partner_1")
    before = (await seals(database))[fresh.id]

    assert await reseal(database, ROTATED) == NOTHING | {"api_key": len(old_keys)}

    assert (await seals(database))[fresh.id] == before


async def test_what_is_sealed_of_a_provider_moves_too(database: Database, direct: Direct) -> None:
    provider = make_provider()
    await Administration(database, Vault([OLD])).put_provider(provider)

    assert (await reseal(database, ROTATED))["provider"] == 2

    assert await providers_of(database, Vault([NEW])) == (provider,)
    await direct.run("DELETE FROM provider")


class Meanwhile:
    """Somebody else writes between the reading of the first page and its writing."""

    def __init__(self, database: Database, deed: Callable[[], Awaitable[None]]) -> None:
        self._database, self._deeds = database, [deed]

    async def fetch(self, statement: str, *parameters: object) -> Rows:
        if "UPDATE" in statement and self._deeds:
            await self._deeds.pop()()
        return await self._database.fetch(statement, *parameters)


async def test_a_secret_that_is_changed_meanwhile_stays_changed(
    database: Database, direct: Direct
) -> None:
    before = Administration(database, Vault([OLD]))
    changed = make_provider(secret="another", webhook_secrets=("whsec_another",))
    await before.put_provider(make_provider())

    await reseal(Meanwhile(database, lambda: before.put_provider(changed)), ROTATED)

    assert await providers_of(database, ROTATED) == (changed,)
    await direct.run("DELETE FROM provider")


async def providers_of(database: Database, vault: Vault) -> tuple[ProviderProfile, ...]:
    providers = PostgresProviders(database, vault)
    await providers.start()
    try:
        return providers.rows()
    finally:
        await providers.close()


def make_provider(**changes: Any) -> ProviderProfile:
    return ProviderProfile(
        **{
            "id": "NORTH",
            "kind": ProviderKind.SANDBOX,
            "base_url": "http://127.0.0.1:8092",
            "secret": "secret of the acquirer",
            "webhook_secrets": ("whsec_secret", "whsec_secret_before"),
            "settles_within": timedelta(seconds=5),
            "authorization_lasts": timedelta(days=7),
            **changes,
        }
    )


class StoppedVault(Vault):
    """Somebody pulls the plug after so many seals."""

    left = 150

    def seal_anew(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes | None:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return super().seal_anew(label, sealed, aad)


async def test_a_run_that_was_stopped_is_finished_by_the_next(
    database: Database, old_keys: list[NewKey]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        await reseal(database, StoppedVault([NEW, OLD]))

    assert await reseal(database, ROTATED) == NOTHING | {"api_key": MANY - 100}


async def test_a_secret_that_nobody_can_open_holds_up_nobody(
    database: Database, old_keys: list[NewKey]
) -> None:
    lost = await Administration(database, Vault([b"x" * 32])).add_key("partner_1")

    assert await reseal(database, ROTATED) == NOTHING | {"api_key": len(old_keys)}

    with pytest.raises(Unsealable):
        open_secret(ROTATED, lost.id, (await seals(database))[lost.id])


async def test_the_command_says_how_many_and_partners_stay_known(
    urls: DatabaseUrls, database: Database, old_keys: list[NewKey]
) -> None:
    told = [await reseals.reseal(settings(urls, NEW, OLD)) for _ in range(2)]

    assert told == [
        f"{each} of api_key, 0 of provider, 0 of rail, 0 of destination,"
        " 0 of webhook_endpoint sealed anew"
        for each in (MANY, 0)
    ]
    partners = PostgresPartners(database, Vault([NEW]))
    await partners.start()
    try:
        known = partners.get("partner_1")
    finally:
        await partners.close()
    assert known is not None
    assert {each.id: each.secret for each in known.keys} == {
        each.id: each.secret for each in old_keys
    }


def settings(urls: DatabaseUrls, *secret_keys: bytes) -> Settings:
    keys = ",".join(urlsafe_b64encode(key).decode() for key in secret_keys)
    told: dict[str, Any] = dict.fromkeys(("secret_keys", "token_keys", "answer_keys"), keys)
    return Settings(database_url=urls.app_url, **told)


def test_every_sealed_column_is_known() -> None:
    sealed = {
        (table.name, column.name)
        for table in METADATA.tables.values()
        for column in table.columns
        if "sealed" in column.name
    }

    assert {(place.table, place.column) for place in PLACES} == sealed
