"""A dump that is restored into another cluster: every event goes on its way once, old and new."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from payments.db.session import Database
from payments.stack import postgres_files as files
from payments.stack.postgres import DatabaseUrls, EmbeddedPostgres
from tests.contracts.direct import Direct
from tests.contracts.webhook_stage import in_postgres
from tests.webhook_factories import make_event

# More transactions than a new cluster has seen.
_LONG_LIFE = """
    DO $$ BEGIN
        FOR _ IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP;
    END $$"""


@pytest.fixture(scope="module")
def new_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("restored") / "data") as server:
        yield server


def dump(urls: DatabaseUrls, place: Path) -> None:
    """Without what the cluster itself brings."""
    told = ("--format", "custom", "--file", str(place), "--dbname", urls.owner_url)
    run("pg_dump", "--exclude-extension", "pg_stat_statements", *told)


def restore(place: Path, server: EmbeddedPostgres) -> DatabaseUrls:
    """Into a database that belongs to the same roles."""
    urls = server.create_database("restored")
    run("pg_restore", "--dbname", urls.owner_url, str(place))
    return urls


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [files.program(program), *arguments],
        env=files.clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


async def test_a_dump_in_a_new_cluster_goes_on_where_the_old_one_was(
    urls: DatabaseUrls,
    database: Database,
    direct: Direct,
    new_cluster: EmbeddedPostgres,
    tmp_path: Path,
) -> None:
    old = in_postgres(database)
    first = await old.add_endpoint()
    planned, unplanned, new = (make_event(first.partner_id) for _ in range(3))
    async with direct.connection() as connection:
        await connection.execute(_LONG_LIFE)
    await old.tell(planned)
    await old.plan_all()
    later = await old.add_endpoint(partner_id=first.partner_id)
    await old.tell(unplanned)

    dump(urls, tmp_path / "dump")
    restored = Database(restore(tmp_path / "dump", new_cluster).app_url, pool_size=2, timeout_s=30)
    webhooks = in_postgres(restored)
    await webhooks.tell(new)
    assert (await webhooks.outbox.lag()).unplanned == 2
    for _ in range(3):
        await webhooks.outbox.plan(100)

    told = {
        each.endpoint_id: [
            delivery.event for delivery in await webhooks.outbox.untried(each.endpoint_id, 10)
        ]
        for each in (first, later)
    }
    await restored.close()
    assert told[first.endpoint_id] == [planned, unplanned, new]
    # It was made after the first event, and never hears of it.
    assert told[later.endpoint_id] == [unplanned, new]
