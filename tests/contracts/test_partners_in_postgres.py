"""The directory of partners in PostgreSQL: no I/O in its reads, and never an old truth."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.billers import PostgresBillers
from payments.adapters.postgres.partners import PostgresPartners
from payments.crypto import Vault
from payments.db.directory import Directory
from payments.db.session import Database
from payments.domain.biller import BillerProfile
from payments.domain.partner import Standing
from payments.ports.record import RecordUnavailable
from payments.stack.postgres import DatabaseUrls
from tests.contracts.direct import NOWHERE, Direct
from tests.contracts.partner_stages import VAULT, knows


@pytest.fixture
async def partners(database: Database) -> AsyncIterator[PostgresPartners]:
    partners = PostgresPartners(database, VAULT)
    await partners.start()
    yield partners
    await partners.close()


@pytest.fixture
def administration(two_processes: tuple[Database, Database]) -> Administration:
    """In another process than the one that reads."""
    return Administration(two_processes[0], VAULT)


@pytest.fixture
async def partner_id(administration: Administration) -> str:
    partner_id = f"p{uuid4().hex[:12]}"
    assert await administration.add_partner(partner_id, "A partner")
    return partner_id


async def test_a_key_sealed_with_a_lost_secret_shuts_out_nobody_else(
    partners: PostgresPartners,
    administration: Administration,
    two_processes: tuple[Database, Database],
    partner_id: str,
) -> None:
    lost = await Administration(two_processes[1], Vault([b"x" * 32])).add_key(partner_id)
    good = await administration.add_key(partner_id)

    await knows(partners, lambda: partners.by_key(good.id) is not None)

    assert partners.by_key(lost.id) is None


async def test_reading_costs_no_statement_while_nothing_changes(
    partners: PostgresPartners, direct: Direct
) -> None:
    await settled(partners, direct)

    for _ in range(100):
        await partners.fresh()
        partners.get("partner_1")

    assert await readings(direct) == []


async def readings(direct: Direct) -> list[str]:
    """Without the shortest statement, which proves that the listening connection lives."""
    return [statement for statement in await direct.calls() if statement != "SELECT"]


async def settled(partners: PostgresPartners, direct: Direct) -> None:
    """Until the first reading after LISTEN is over."""
    while True:
        direct.forget_calls()
        await asyncio.sleep(0.05)
        await partners.fresh()
        if not await readings(direct):
            return


async def test_a_lost_listener_comes_back_and_misses_nothing(
    partners: PostgresPartners, administration: Administration, direct: Direct, partner_id: str
) -> None:
    direct.as_superuser(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'"""
    )

    await administration.suspend_partner(partner_id)

    def is_suspended() -> bool:
        partner = partners.get(partner_id)
        return partner is not None and partner.standing is Standing.SUSPENDED

    await knows(partners, is_suspended)


async def test_a_directory_that_cannot_be_true_is_not_served(urls: DatabaseUrls) -> None:
    """Fail closed: nobody listens and nothing can be read, so nothing old is given out."""
    answers = iter(["first"])

    async def read() -> str:
        try:
            return next(answers)
        except StopIteration:
            raise RecordUnavailable("gone") from None

    nowhere = Database(NOWHERE, timeout_s=1)
    directory = Directory(nowhere, channel="partners", read=read, trusted_s=2)
    await directory.start()
    await directory.fresh()
    assert directory.current == "first"

    await asyncio.sleep(2.1)

    failures = await asyncio.gather(*(directory.fresh() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(each, RecordUnavailable) for each in failures)
    await directory.close()
    await nowhere.close()


async def test_a_directory_nobody_reads_to_is_not_started() -> None:
    nowhere = Database(NOWHERE, timeout_s=1)
    partners = PostgresPartners(nowhere, VAULT)

    with pytest.raises(RecordUnavailable):
        await partners.start()
    await nowhere.close()


async def test_from_a_notification_on_the_old_truth_is_not_served(database: Database) -> None:
    readings = 0

    async def read() -> int:
        nonlocal readings
        readings += 1
        return readings

    directory = Directory(database, channel="partners", read=read)
    await directory.start()
    before = directory.current

    directory._hear()
    await asyncio.gather(*(directory.fresh() for _ in range(20)))

    assert directory.current > before
    await directory.close()


async def test_what_took_long_to_read_is_true_for_who_asked_before() -> None:
    """Or a machine with too much to do would refuse everything that it reads in time."""

    async def read() -> str:
        await asyncio.sleep(0.05)
        return "true"

    nowhere = Database(NOWHERE, timeout_s=1)
    directory = Directory(nowhere, channel="partners", read=read, trusted_s=0.01)
    await directory.start()

    await directory.fresh()

    assert directory.current == "true"
    await directory.close()
    await nowhere.close()


async def test_billers_are_kept_true_like_the_partners(
    database: Database, administration: Administration
) -> None:
    billers = PostgresBillers(database)
    await billers.start()

    for row in (make_biller(id="TOKYOGAS", currency="JPY"), make_biller(base_url="http://new")):
        await administration.put_biller(row)
        await knows(billers, lambda: row in billers.rows())  # noqa: B023  # at once

    assert [row.id for row in billers.rows()] == ["DESCO", "TOKYOGAS"]
    await billers.close()


def make_biller(**changes: Any) -> BillerProfile:
    return BillerProfile(
        **{
            "id": "DESCO",
            "name": "Dhaka Electric Supply",
            "base_url": "http://127.0.0.1:8091",
            "currency": "BDT",
            "honours_idempotency_keys": True,
            "settles_within": timedelta(seconds=30),
            **changes,
        }
    )
