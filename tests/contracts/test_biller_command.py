"""`cli.py biller`, as an operator types it."""

from dataclasses import replace
from datetime import timedelta

from payments.adapters.postgres.billers import PostgresBillers
from payments.db.session import Database
from payments.domain.biller import BillerProfile
from payments.domain.partner import Standing
from payments.stack.postgres import DatabaseUrls
from tests.command_line import reading, typed

PUT = (
    *("biller", "put", "WATER", "--name", "City Water", "--base-url", "https://water.example"),
    *("--currency", "BDT", "--ignores-keys", "--settles-within-s", "90"),
)
WATER = BillerProfile(
    *("WATER", "City Water", "https://water.example", "BDT"),
    honours_idempotency_keys=False,
    settles_within=timedelta(seconds=90),
)


async def known(database: Database) -> tuple[BillerProfile, ...]:
    billers = PostgresBillers(database)
    await billers.start()
    await billers.close()
    return billers.rows()


async def test_a_biller_is_put_suspended_resumed_and_listed(
    urls: DatabaseUrls, database: Database
) -> None:
    environment = reading(urls.app_url)
    assert typed(environment, *PUT).returncode == 0
    assert await known(database) == (WATER,)

    for command, standing in (("suspend", Standing.SUSPENDED), ("resume", Standing.ACTIVE)):
        assert typed(environment, "biller", command, "WATER").returncode == 0
        assert await known(database) == (replace(WATER, standing=standing),)
    assert "City Water" in typed(environment, "biller", "list").stdout


async def test_what_cannot_be_is_said_plainly(urls: DatabaseUrls) -> None:
    environment = reading(urls.app_url)
    for arguments, code in (
        (("biller", "suspend", "NOBODY"), 1),
        ((*PUT, "--settles-within-s", "-1"), 1),
        ((*PUT, "--currency", "takas"), 2),
    ):
        done = typed(environment, *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
        assert done.stderr
