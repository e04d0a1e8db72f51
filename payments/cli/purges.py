"""`cli.py purge`: forget what has served its time. Meant for a schedule."""

from datetime import timedelta

from payments.bootstrap import open_record
from payments.config import Settings


async def purge(settings: Settings) -> str:
    async with open_record(settings) as record:
        deleted = await record.purge(timedelta(days=settings.webhook_retention_days))
    return ", ".join(f"{rows} of {table}" for table, rows in deleted.items())
