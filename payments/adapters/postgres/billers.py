"""The biller table, in memory: what the bootstrap needs to plug in each biller's adapter."""

from datetime import timedelta
from typing import Final

from payments.adapters.postgres.profiles import Profiles
from payments.db.session import Database, Row
from payments.domain.biller import BillerProfile
from payments.domain.partner import Standing

_READ: Final = """
    SELECT id, name, base_url, currency, standing, honours_idempotency_keys, settles_within_s
    FROM biller ORDER BY id"""


class PostgresBillers(Profiles[BillerProfile]):
    """All billers."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, _READ, _biller)


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
