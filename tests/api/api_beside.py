"""The partner API as a process, with one planted bug: asking for the transaction CRASH crashes."""

import asyncio
import os
from dataclasses import replace
from typing import Final

import uvicorn

from api.app import partner_api
from api.server import config_of
from payments import logging
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.bootstrap import open_gateway
from payments.config import Settings
from payments.domain.bill import Transaction

CRASH: Final = "CRASH"


class CrashingTransactions(PostgresTransactions):
    async def find(self, partner_id: str, transaction_id: str) -> Transaction | None:
        if transaction_id == CRASH:
            raise ZeroDivisionError("planted")
        return await super().find(partner_id, transaction_id)


async def main() -> None:
    settings = Settings.from_env()
    logging.set_up(settings.log_format)
    async with open_gateway(settings) as gateway:
        record = gateway.record
        crashing = CrashingTransactions(record.database, record.ledger)
        door = partner_api(replace(gateway, record=replace(record, transactions=crashing)))
        await uvicorn.Server(config_of(door, settings.api_host, settings.api_port)).serve()


if __name__ == "__main__":
    os.environ.setdefault("QUITTANCE_LOG_FORMAT", "json")
    asyncio.run(main())
