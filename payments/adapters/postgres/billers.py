"""The biller table, in memory: what the bootstrap needs to plug in each biller's adapter."""

from datetime import timedelta
from typing import Final

from payments.adapters.postgres.partners import CHANNEL
from payments.db.directory import Directory
from payments.db.session import Database, Row
from payments.domain.biller import BillerProfile
from payments.domain.partner import Standing

_READ: Final = """
    SELECT id, name, base_url, currency, standing, honours_idempotency_keys, settles_within_s
    FROM biller ORDER BY id"""


class PostgresBillers:
    """All billers, kept true like the partners."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._directory = Directory(database, channel=CHANNEL, read=self._read)

    async def start(self) -> None:
        await self._directory.start()

    async def close(self) -> None:
        await self._directory.close()

    async def fresh(self) -> None:
        """Return when rows() is true. Raises RecordUnavailable."""
        await self._directory.fresh()

    def rows(self) -> tuple[BillerProfile, ...]:
        """By id. The same tuple, unless something changed."""
        return self._directory.current

    async def _read(self) -> tuple[BillerProfile, ...]:
        return tuple([_biller(row) for row in await self._database.fetch(_READ)])


def _biller(row: Row) -> BillerProfile:
    return BillerProfile(
        id=row["id"],
        name=row["name"],
        base_url=row["base_url"],
        currency=row["currency"],
        honours_idempotency_keys=row["honours_idempotency_keys"],
        settles_within=timedelta(seconds=row["settles_within_s"]),
        standing=Standing(row["standing"]),
    )
