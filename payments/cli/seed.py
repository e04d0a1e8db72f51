"""`cli.py seed`: the sandbox's billers and two partners, made once and told every time."""

import json
from typing import Final

from payments.bootstrap import open_record
from payments.config import Settings
from payments.domain.bill import Agreement

PARTNERS: Final = ("partner_1", "partner_2")
# Name, currency, and what a partner pays us per bill: a flat part and basis points.
BILLERS: Final = {
    "DESCO": ("Dhaka Electric Supply", "BDT", Agreement(500, 25)),
    "TOKYOGAS": ("Tokyo Gas", "JPY", Agreement(30, 25)),
    "BAHWATER": ("Bahrain Water", "BHD", Agreement(50, 25)),
}
# The sandbox is for load tests too; a partner of the real world gets its own limit.
REQUESTS_PER_MINUTE: Final = 1_000_000
EVERYWHERE: Final = ("127.0.0.0/8", "::1/128")


class NotASandbox(RuntimeError):
    """Seeds are refused outside the sandbox."""


async def seed(settings: Settings, biller_url: str) -> str:
    """One JSON line with the partners and their secrets. Doing it again changes nothing."""
    if settings.is_live:
        raise NotASandbox("seeds are for the sandbox; a live partner is added with `partner add`")
    async with open_record(settings) as record:
        for biller_id, (name, currency, _) in BILLERS.items():
            await record.administration.put_biller(
                biller_id, name=name, base_url=biller_url, currency=currency
            )
        partners = [await _partner(record, partner_id) for partner_id in PARTNERS]
    return json.dumps({"partners": partners})
