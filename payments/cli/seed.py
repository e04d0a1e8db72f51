"""`cli.py seed`: the sandbox's billers and two partners, made once and told every time."""

import json
from datetime import timedelta
from ipaddress import ip_network
from typing import Final

from payments.bootstrap import Record, open_record
from payments.config import Settings
from payments.domain.bill import Agreement
from payments.domain.biller import BillerProfile

PARTNERS: Final = ("partner_1", "partner_2")
# Name, currency, and what a partner pays us per bill: a flat part and basis points.
BILLERS: Final = {
    "DESCO": ("Dhaka Electric Supply", "BDT", Agreement(500, 25)),
    "TOKYOGAS": ("Tokyo Gas", "JPY", Agreement(30, 25)),
    "BAHWATER": ("Bahrain Water", "BHD", Agreement(50, 25)),
}
# The sandbox is for load tests too; a partner of the real world gets its own limit.
REQUESTS_PER_MINUTE: Final = 1_000_000
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
# The sandbox books or forgets a payment within a second; a hanging one decides before it hangs.
SETTLES_WITHIN: Final = timedelta(seconds=5)


class NotASandbox(RuntimeError):
    """Seeds are refused outside the sandbox."""


async def seed(settings: Settings, biller_url: str) -> str:
    """One JSON line with the partners and their secrets. Doing it again changes nothing."""
    if settings.is_live:
        raise NotASandbox("seeds are for the sandbox; add a live partner with `partner add`")
    async with open_record(settings) as record:
        for biller_id, (name, currency, _) in BILLERS.items():
            profile = BillerProfile(
                biller_id,
                name,
                biller_url,
                currency,
                honours_idempotency_keys=True,
                settles_within=SETTLES_WITHIN,
            )
            await record.administration.put_biller(profile)
        partners = [await _partner(record, partner_id) for partner_id in PARTNERS]
    return json.dumps({"partners": partners})


async def _partner(record: Record, partner_id: str) -> dict[str, str]:
    known = record.partners.get(partner_id)
    if known is not None and known.keys:
        return {"id": partner_id, "apiKey": known.keys[0].id, "secret": known.keys[0].secret}
    administration = record.administration
    await administration.add_partner(
        partner_id, f"Sandbox {partner_id}", requests_per_minute=REQUESTS_PER_MINUTE
    )
    for network in LOOPBACK:
        await administration.add_range(partner_id, ip_network(network))
    for biller_id, (_, _, agreement) in BILLERS.items():
        await administration.set_agreement(partner_id, biller_id, agreement)
    # The key comes last: a run that was interrupted is finished by the next one.
    key = await administration.add_key(partner_id)
    return {"id": partner_id, "apiKey": key.id, "secret": key.secret}
