"""The promises of ports.partners.Partners, for PostgreSQL and for the fake."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import uuid4

import pytest

from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.partners import PostgresPartners
from payments.db.session import Database
from payments.domain.bill import Agreement
from payments.domain.biller import BillerProfile
from payments.domain.partner import Product, Scope, Standing
from payments.ports.partners import Partners
from tests.card_factories import TERMS
from tests.contracts.partner_stages import VAULT, Office, knows
from tests.fakes.partners import FakePartners

DESCO = BillerProfile("DESCO", "DESCO", "http://x", "BDT", True, timedelta(seconds=30))
SOON = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["postgres", "fake"])
async def stage(
    request: pytest.FixtureRequest, two_processes: tuple[Database, Database]
) -> AsyncIterator[tuple[Partners, Office]]:
    """Whoever changes is another process than the one that reads."""
    if request.param == "fake":
        fake = FakePartners()
        yield fake, fake
        return
    partners, office = (
        PostgresPartners(two_processes[1], VAULT),
        Administration(two_processes[0], VAULT),
    )
    await office.put_biller(DESCO)
    await partners.start()
    yield partners, office
    await partners.close()


@pytest.fixture
def partners(stage: tuple[Partners, Office]) -> Partners:
    return stage[0]


@pytest.fixture
def office(stage: tuple[Partners, Office]) -> Office:
    return stage[1]


@pytest.fixture
async def partner_id(office: Office) -> str:
    partner_id = f"p{uuid4().hex[:12]}"
    assert await office.add_partner(partner_id, "A partner")
    return partner_id


async def test_a_partner_is_read_whole(partners: Partners, office: Office, partner_id: str) -> None:
    await office.add_range(partner_id, ip_network("10.1.0.0/16"))
    await office.add_range(partner_id, ip_network("2001:db8::/32"))
    key = await office.add_key(partner_id, scopes=[Scope.READ_BILL])

    await knows(partners, lambda: partners.by_key(key.id) is not None)

    partner = partners.get(partner_id)
    assert partner is not None
    assert partners.by_key(key.id) == partner
    assert (partner.name, partner.standing) == ("A partner", Standing.ACTIVE)
    assert partner.requests_per_minute == 600
    assert partner.ranges == (ip_network("10.1.0.0/16"), ip_network("2001:db8::/32"))
    [read] = partner.keys
    assert (read.id, read.secret, read.products) == (key.id, key.secret, (Product.BILL_COLLECTION,))
    assert read.scopes == frozenset({Scope.READ_BILL})
    assert (read.standing, read.expires_at) == (Standing.ACTIVE, None)


async def test_nobody_is_nobody(partners: Partners) -> None:
    assert partners.get("nobody") is None
    assert partners.by_key("qk_nothing") is None
    assert partners.agreement("nobody", "DESCO") is None
    assert not partners.is_revoked("never")


async def test_a_suspension_is_known_at_once(
    partners: Partners, office: Office, partner_id: str
) -> None:
    def standing() -> Standing:
        partner = partners.get(partner_id)
        assert partner is not None
        return partner.standing

    await knows(partners, lambda: partners.get(partner_id) is not None)
    await office.suspend_partner(partner_id)
    await knows(partners, lambda: standing() is Standing.SUSPENDED)
    await office.resume_partner(partner_id)
    await knows(partners, lambda: standing() is Standing.ACTIVE)


async def test_a_revoked_key_is_gone_and_a_suspended_one_is_not_live(
    partners: Partners, office: Office, partner_id: str
) -> None:
    key = await office.add_key(partner_id)
    await knows(partners, lambda: is_live(partners, key.id))

    await office.suspend_key(key.id)
    await knows(partners, lambda: not is_live(partners, key.id))
    await office.resume_key(key.id)
    await knows(partners, lambda: is_live(partners, key.id))
    await office.revoke_key(key.id)
    await knows(partners, lambda: partners.by_key(key.id) is None)


def is_live(partners: Partners, key_id: str) -> bool:
    partner = partners.by_key(key_id)
    key = partner.key(key_id) if partner else None
    return key is not None and key.standing is Standing.ACTIVE


async def test_a_rotated_key_lives_on_for_its_overlap(
    partners: Partners, office: Office, partner_id: str
) -> None:
    old = await office.add_key(partner_id, scopes=[Scope.READ_BILL])

    new = await office.rotate_key(old.id, overlap=timedelta(hours=1))
    await knows(partners, lambda: partners.by_key(new.id) is not None)

    partner = partners.get(partner_id)
    assert partner is not None
    first, second = partner.key(old.id), partner.key(new.id)
    assert first is not None
    assert second is not None
    assert not first.is_over(datetime.now(UTC) + timedelta(minutes=59))
    assert first.is_over(datetime.now(UTC) + timedelta(minutes=61))
    assert (second.secret, second.scopes, second.expires_at) == (new.secret, first.scopes, None)


async def test_a_revoked_token_is_known_and_an_expired_one_is_forgotten(
    partners: Partners, office: Office
) -> None:
    await office.revoke_token("expired", datetime.now(UTC) - timedelta(seconds=1))
    await office.revoke_token("stolen", SOON)

    await knows(partners, lambda: partners.is_revoked("stolen"))

    assert not partners.is_revoked("expired")


async def test_an_agreement_can_change(partners: Partners, office: Office, partner_id: str) -> None:
    for agreement in (Agreement(500, 0), Agreement(0, 125)):
        await office.set_agreement(partner_id, "DESCO", agreement)
        await knows(partners, lambda: partners.agreement(partner_id, "DESCO") == agreement)  # noqa: B023


async def test_card_terms_can_change(partners: Partners, office: Office, partner_id: str) -> None:
    assert partners.card_terms(partner_id) is None

    for hold_above in ({"BDT": 50_000_000}, {}):
        terms = replace(TERMS, hold_above=hold_above)
        await office.set_card_terms(partner_id, terms)
        await knows(partners, lambda: partners.card_terms(partner_id) == terms)  # noqa: B023


async def test_a_partner_is_added_once(partners: Partners, office: Office, partner_id: str) -> None:
    assert not await office.add_partner(partner_id, "Another name")

    key = await office.add_key(partner_id)
    await knows(partners, lambda: partners.by_key(key.id) is not None)
    partner = partners.get(partner_id)
    assert partner is not None
    assert partner.name == "A partner"


CHANGES: dict[str, Callable[[Office], Awaitable[object]]] = {
    "a partner": lambda office: office.suspend_partner("nobody"),
    "a partner's keys": lambda office: office.add_key("nobody"),
    "a partner's ranges": lambda office: office.add_range("nobody", ip_network("10.0.0.0/8")),
    "an agreement": lambda office: office.set_agreement("nobody", "DESCO", Agreement(0, 0)),
    "card terms": lambda office: office.set_card_terms("nobody", TERMS),
    "a key": lambda office: office.suspend_key("qk_nothing"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_is_not_there_cannot_be_changed(
    office: Office, change: Callable[[Office], Awaitable[object]]
) -> None:
    with pytest.raises(LookupError):
        await change(office)


async def test_a_revoked_key_stays_revoked(office: Office, partner_id: str) -> None:
    key = await office.add_key(partner_id)
    await office.revoke_key(key.id)

    with pytest.raises(LookupError):
        await office.resume_key(key.id)
    with pytest.raises(LookupError):
        await office.rotate_key(key.id, overlap=timedelta(hours=1))


async def test_only_a_key_that_works_is_rotated(office: Office, partner_id: str) -> None:
    suspended, over = await office.add_key(partner_id), await office.add_key(partner_id)
    await office.suspend_key(suspended.id)
    await office.rotate_key(over.id, overlap=timedelta(0))

    for key in (suspended, over):
        with pytest.raises(LookupError):
            await office.rotate_key(key.id, overlap=timedelta(hours=1))
