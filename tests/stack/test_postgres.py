"""PostgreSQL from its wheel: quick to start, closed to strangers, safe to kill."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from payments.stack.postgres import EmbeddedPostgres, PostgresFailed, psql
from payments.stack.postgres_files import DataDirectoryInUse


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    with (
        tempfile.TemporaryDirectory(prefix="qt-") as directory,
        EmbeddedPostgres(Path(directory) / "data") as running,
    ):
        yield running


def test_a_new_server_takes_connections(place: Path) -> None:
    with EmbeddedPostgres(place / "data") as server:
        assert psql(server.app_url, sql="SELECT current_user") == "quittance_app"


async def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    wrong = server.app_url.replace("quittance_app:", "quittance_app:wrong")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


async def test_the_superuser_cannot_come_in_over_the_network(server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://postgres:postgres@127.0.0.1:{server.port}/postgres")


def test_the_application_may_connect_and_nothing_else(server: EmbeddedPostgres) -> None:
    with pytest.raises(PostgresFailed, match="permission denied"):
        psql(server.app_url, sql="CREATE TABLE mine (id int)")
    with pytest.raises(PostgresFailed, match="permission denied"):
        psql(server.app_url, sql="CREATE DATABASE mine")


def test_a_second_database_belongs_to_the_owner(server: EmbeddedPostgres) -> None:
    second = server.create_database("second")

    psql(second.owner_url, sql="CREATE TABLE kept (id int)")
    assert psql(second.owner_url, sql="SELECT count(*) FROM kept") == "0"


def test_the_owner_can_count_every_statement(server: EmbeddedPostgres) -> None:
    psql(server.app_url, sql="SELECT 40 + 2")

    counted = psql(
        server.owner_url, sql="SELECT sum(calls) FROM pg_stat_statements WHERE query ~ '\\+'"
    )

    assert counted == "1"


def test_no_password_is_kept_in_the_log_or_in_the_statistics(server: EmbeddedPostgres) -> None:
    password = server.owner_url.split(":")[2].split("@")[0]

    seen = psql(server.owner_url, sql="SELECT query FROM pg_stat_statements")

    assert password not in seen
    assert password not in server.log.read_text()


def test_commits_are_durable_by_default(server: EmbeddedPostgres) -> None:
    assert psql(server.app_url, sql="SHOW fsync; SHOW synchronous_commit") == "on\non"


def test_what_nobody_wants_back_is_not_forced_to_the_disk(place: Path) -> None:
    with EmbeddedPostgres(place / "data", durable=False) as server:
        assert psql(server.app_url, sql="SHOW fsync; SHOW synchronous_commit") == "off\non"


def test_a_killed_server_starts_again_with_its_data(place: Path) -> None:
    first = EmbeddedPostgres(place / "data")
    first.start()
    psql(first.owner_url, sql="CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
    os.kill(first.pid, signal.SIGKILL)
    first.stop()

    with EmbeddedPostgres(place / "data") as second:
        assert psql(second.owner_url, sql="SELECT id FROM kept") == "7"


def test_a_pid_file_with_somebody_elses_number_does_not_block_the_start(place: Path) -> None:
    EmbeddedPostgres(place / "data").prepare()
    (place / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{place / 'data'}\n")

    with EmbeddedPostgres(place / "data") as server:
        assert psql(server.app_url, sql="SELECT 1") == "1"


def test_a_second_server_on_the_same_directory_is_refused(
    server: EmbeddedPostgres,
) -> None:
    with pytest.raises(DataDirectoryInUse, match=str(server.pid)):
        EmbeddedPostgres(server.data_dir).start()


def test_a_long_path_gets_its_socket_elsewhere(place: Path) -> None:
    deep = place / ("a" * 60) / ("b" * 60) / "data"

    with EmbeddedPostgres(deep) as server:
        assert psql(server.app_url, sql="SELECT 1") == "1"
        socket_dir = server.execute("SHOW unix_socket_directories")
        assert len(socket_dir) < 60

    assert not Path(socket_dir).exists()
