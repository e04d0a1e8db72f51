"""What operators write, with the application's own rights, and what is refused."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import uuid4

import pytest

from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.sealer import open_secret
from payments.crypto import Unsealable, Vault
from payments.db.session import Database
from payments.domain.bill import Agreement
from payments.domain.biller import BillerProfile
from tests.contracts.direct import Direct

VAULT = Vault([bytes(32)])
DESCO = BillerProfile("DESCO", "DESCO", "http://x", "BDT", True, timedelta(seconds=30))
NETWORK = ip_network("10.1.0.0/16")


@pytest.fixture
def administration(database: Database) -> Administration:
    return Administration(database, VAULT)


@pytest.fixture
async def partner_id(administration: Administration) -> str:
    partner_id = f"p{uuid4().hex[:12]}"
    await administration.add_partner(partner_id, "A partner")
    return partner_id


async def test_a_partner_is_added_once(administration: Administration, partner_id: str) -> None:
    assert not await administration.add_partner(partner_id, "Another name")


async def test_a_secret_lies_sealed_and_bound_to_its_key(
    administration: Administration, partner_id: str, database: Database
) -> None:
    key = await administration.add_key(partner_id)

    [row] = await database.fetch("SELECT secret_sealed FROM api_key WHERE id = $1", key.id)
    assert key.secret.encode() not in row["secret_sealed"]
    assert open_secret(VAULT, key.id, row["secret_sealed"]) == key.secret
    with pytest.raises(Unsealable):
        open_secret(VAULT, "qk_another", row["secret_sealed"])


async def test_a_key_has_its_own_names_and_shows_no_secret(
    administration: Administration, partner_id: str
) -> None:
    one, other = [await administration.add_key(partner_id) for _ in range(2)]

    assert one.id.startswith("qk_")
    assert one.secret.startswith("qs_")
    assert len({one.id, other.id, one.secret, other.secret}) == 4
    assert one.secret not in repr(one)


async def test_rotating_never_prolongs_a_key(
    administration: Administration, partner_id: str, direct: Direct
) -> None:
    key = await administration.add_key(partner_id)
    await administration.rotate_key(key.id, overlap=timedelta(minutes=1))
    await administration.rotate_key(key.id, overlap=timedelta(days=30))

    expires_at = await direct.value("SELECT expires_at FROM api_key WHERE id = $1", key.id)
    assert expires_at < datetime.now(UTC) + timedelta(minutes=2)


async def test_what_is_done_for_ever_is_not_undone(
    administration: Administration, partner_id: str
) -> None:
    key = await administration.add_key(partner_id)
    await administration.revoke_key(key.id)

    for attempt in (
        administration.resume_key,
        administration.suspend_key,
        lambda key_id: administration.rotate_key(key_id, overlap=timedelta(0)),
    ):
        with pytest.raises(LookupError):
            await attempt(key.id)


async def test_ranges_come_and_go(administration: Administration, partner_id: str) -> None:
    for _ in range(2):
        await administration.add_range(partner_id, NETWORK)
    await administration.remove_range(partner_id, NETWORK)

    with pytest.raises(LookupError):
        await administration.remove_range(partner_id, NETWORK)


async def test_a_token_revoked_twice_stays_revoked_for_the_longer_time(
    administration: Administration, direct: Direct
) -> None:
    token_id, late = str(uuid4()), datetime(2999, 1, 1, tzinfo=UTC)
    for expires_at in (late, datetime(2026, 1, 1, tzinfo=UTC)):
        await administration.revoke_token(token_id, expires_at)

    assert (
        await direct.value("SELECT expires_at FROM revoked_token WHERE jti = $1", token_id) == late
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda them: them.suspend_partner("nobody"),
        lambda them: them.resume_partner("nobody"),
        lambda them: them.add_key("nobody"),
        lambda them: them.add_range("nobody", NETWORK),
        lambda them: them.revoke_key("qk_nothing"),
        lambda them: them.rotate_key("qk_nothing", overlap=timedelta(0)),
        lambda them: them.set_agreement("nobody", "DESCO", Agreement(0, 0)),
    ],
)
async def test_what_is_not_there_is_not_changed(
    change: Callable[[Administration], Awaitable[object]], administration: Administration
) -> None:
    await administration.put_biller(DESCO)

    with pytest.raises(LookupError):
        await change(administration)


@pytest.mark.parametrize(
    "change",
    [
        lambda them: them.add_partner("anon", "Nobody's name"),
        lambda them: them.add_partner("Capital", "X"),
        lambda them: them.add_partner("a" * 41, "X"),
        lambda them: them.add_partner("fine", "X", requests_per_minute=0),
        lambda them: them.add_partner("fine", "X", requests_per_minute=2**40),
        lambda them: them.put_biller(
            BillerProfile("A:B", "X", "http://x", "BDT", True, timedelta(0))
        ),
        lambda them: them.put_biller(
            BillerProfile("AB", "X", "http://x", "taka", True, timedelta(0))
        ),
    ],
)
async def test_what_the_database_refuses_is_a_wrong_value(
    change: Callable[[Administration], Awaitable[object]], administration: Administration
) -> None:
    with pytest.raises(ValueError):  # the text is the database's
        await change(administration)


async def test_a_fee_that_cannot_be_is_refused(
    administration: Administration, partner_id: str
) -> None:
    await administration.put_biller(DESCO)

    for agreement in (Agreement(-1, 0), Agreement(0, 10_001)):
        with pytest.raises(ValueError):  # the text is the database's
            await administration.set_agreement(partner_id, "DESCO", agreement)
