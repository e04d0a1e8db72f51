"""`cli.py rail`, as an operator types it, and what the directory of rails makes of it."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from payments.adapters.postgres.rails import PostgresRails
from payments.db.session import Database
from payments.domain.partner import Standing
from payments.domain.rail import RailProfile
from payments.stack.postgres import DatabaseUrls
from tests.command_line import reading, typed
from tests.contracts.direct import Direct
from tests.contracts.partner_stages import VAULT

PUT = (
    *("rail", "put", "SEPA", "--kind", "sandbox", "--base-url", "https://rail.example"),
    *("--pays", "bank", "--currency", "EUR", "--zone", "Europe/Brussels", "--cut-off", "14:00"),
)


@pytest.fixture
def environment(urls: DatabaseUrls) -> dict[str, str]:
    return reading(
        urls.app_url,
        QUITTANCE_RAIL_SECRET="rail_secret_of_ours",
        QUITTANCE_RAIL_WEBHOOK_SECRETS="hook_new, hook_old",
    )


async def known(database: Database) -> tuple[RailProfile, ...]:
    rails = PostgresRails(database, VAULT)
    await rails.start()
    await rails.close()
    return rails.rows()


@pytest.mark.parametrize(
    ("wrong", "named"), [(("--calendar", "MOON"), "MOON"), (("--zone", "Mars/Base"), "Mars/Base")]
)
async def test_an_unknown_calendar_or_zone_is_refused_by_its_name(
    wrong: tuple[str, str], named: str, environment: dict[str, str], database: Database
) -> None:
    refused = typed(environment, *PUT, *wrong)

    assert refused.returncode == 2
    assert wrong[0] in refused.stderr
    assert named in refused.stderr
    assert await known(database) == ()


async def test_secrets_are_rotated_and_nothing_else_changes(
    environment: dict[str, str], database: Database
) -> None:
    for arguments in (PUT, ("rail", "suspend", "SEPA")):
        assert typed(environment, *arguments).returncode == 0
    [before] = await known(database)
    assert before.standing is Standing.SUSPENDED
    newer = environment | {"QUITTANCE_RAIL_WEBHOOK_SECRETS": "hook_newest,hook_new"}

    assert typed(newer, "rail", "webhook-secrets", "SEPA").returncode == 0

    rotated = replace(before, webhook_secrets=("hook_newest", "hook_new"))
    assert await known(database) == (rotated,)
    # Described anew it is still suspended.
    assert typed(newer, *PUT).returncode == 0
    assert await known(database) == (rotated,)
    assert typed(environment, "rail", "resume", "SEPA").returncode == 0
    assert await known(database) == (replace(rotated, standing=Standing.ACTIVE),)


@pytest.mark.parametrize(
    ("name", "empty"),
    [("SECRET", " "), ("WEBHOOK_SECRETS", " , "), ("WEBHOOK_SECRETS", "hook_new,")],
)
async def test_an_empty_secret_is_refused(
    name: str, empty: str, environment: dict[str, str], database: Database
) -> None:
    before = await known(database)

    refused = typed(environment | {f"QUITTANCE_RAIL_{name}": empty}, *PUT)

    assert (refused.returncode, "empty" in refused.stderr) == (2, True)
    assert await known(database) == before


async def test_a_rail_keeps_its_calendar(
    environment: dict[str, str], database: Database, direct: Direct
) -> None:
    put = typed(environment, *PUT, "--calendar", "TARGET2")
    assert put.returncode == 0, put.stderr

    [sepa] = await known(database)
    assert (sepa.timetable.zone, sepa.timetable.calendar) == ("Europe/Brussels", "TARGET2")

    # As a version of tomorrow may have written it.
    await direct.run("UPDATE rail SET calendar = 'MOON' WHERE id = 'SEPA'")
    with capture_logs() as logs:
        assert await known(database) == ()
    assert [(log["event"], log["rail"]) for log in logs] == [("rail.calendar_unknown", "SEPA")]
    assert "'MOON'" in logs[0]["error"]
