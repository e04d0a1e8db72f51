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
from tests.patience import until
from tests.running_gateway import PartnerClient, RunningGateway

BILLERS = ("DESCO", "TOKYOGAS", "BAHWATER")


@asynccontextmanager
async def administration(gateway: RunningGateway) -> AsyncIterator[Administration]:
    """What `cli.py partner …` calls, with the settings of the running gateway."""
    async with open_record(Settings.of(gateway.environment)) as record:
        yield record.administration


async def known_at(client: PartnerClient) -> None:
    """Wait until the process behind this client has heard of its partner.

    A scope that nobody has is refused to whom is known, and costs no request of its rate.
    """

    async def known() -> bool:
        body = client.key.token_request(scope="read:minds")
        answer = await client.ask("POST", "/auth/token", json=body)
        return answer.code in ("P4007", "P4005")

    await until(known, 5, f"{client.key.id} is not known")


async def make_partner(office: Administration) -> PartnerKey:
    """A new partner with every scope, who may come from this machine and pay every biller; the
    gateway will have heard of it in a moment.
    """
    partner_id = f"partner_{secrets.token_hex(6)}"
    assert await office.add_partner(partner_id, partner_id)
    await office.add_range(partner_id, ip_network("127.0.0.0/8"))
    for biller_id in BILLERS:
        await office.set_agreement(partner_id, biller_id, Agreement(500, 25))
    key = await office.add_key(partner_id)
    return PartnerKey(partner_id, key.id, key.secret)
