"""`cli.py reseal`: seal every secret anew, before an old master secret is retired."""

from payments.bootstrap import open_record
from payments.config import Settings


async def reseal(settings: Settings) -> str:
    async with open_record(settings) as record:
        done = await record.reseal()
    return ", ".join(f"{rows} of {table}" for table, rows in done.items()) + " sealed anew"
