"""Partners made and suspended as an operator does it, without one process for each command."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

from payments.adapters.postgres.administration import Administration
from payments.bootstrap import open_record
from payments.config import Settings
from payments.domain.bill import Agreement
from tests.partner_key import PartnerKey
from tests.running_gateway import RunningGateway

BILLERS = ("DESCO", "TOKYOGAS", "BAHWATER")


@asynccontextmanager
async def administration(gateway: RunningGateway) -> AsyncIterator[Administration]:
    """What `cli.py partner …` calls, with the settings of the running gateway."""
    async with open_record(Settings.of(gateway.environment)) as record:
        yield record.administration


async def make_partner(office: Administration) -> PartnerKey:
    """A new partner with every scope, who may come from this machine and pay every biller."""
    partner_id = f"partner_{secrets.token_hex(6)}"
    assert await office.add_partner(partner_id, partner_id)
    await office.add_range(partner_id, ip_network("127.0.0.0/8"))
    for biller_id in BILLERS:
        await office.set_agreement(partner_id, biller_id, Agreement(500, 25))
    key = await office.add_key(partner_id)
    return PartnerKey(partner_id, key.id, key.secret)
