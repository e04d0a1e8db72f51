"""Workers die while payouts are on their way: the rails' own books are ours, to the cent."""

import asyncio
import random
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.api.shop import Shop
from tests.api.till import SandboxRail, Till
from tests.evidence import Evidence
from tests.faults.deaths import kill_worker_at_work
from tests.patience import persistently, until
from tests.running_gateway import Answer, PartnerClient, RunningGateway

PAYOUTS, KILLS, SEED = 24, 3, 20261121
# How the rail's story goes, by the end of the account's number, and how ours must end.
ENDINGS = {
    "00": "paid",
    "01": "failed",
    "02": "failed",
    "03": "returned",
    "07": "paid",
    "08": "paid",
    "09": "returned",
    "11": "paid",
}
OWED = """
    SELECT account.currency, -sum(entry.amount_minor)::bigint AS minor
    FROM ledger_entry AS entry JOIN ledger_account AS account ON account.id = entry.account_id
    WHERE account.kind = 'provider_receivable' AND account.owner = $1 GROUP BY account.currency"""
WAITING = """
    SELECT account.code, sum(entry.amount_minor)::bigint AS minor
    FROM ledger_entry AS entry JOIN ledger_account AS account ON account.id = entry.account_id
    WHERE account.kind = 'payout_reserved' OR account.owner IN ('GIRO', 'PUSH')
        AND account.kind = 'suspense'
    GROUP BY account.code HAVING sum(entry.amount_minor) <> 0"""


@pytest.fixture
async def till(gateway: RunningGateway) -> AsyncIterator[Till]:
    key = gateway.partner(0)
    shop, payouts = Shop(gateway, PartnerClient(gateway.api, key)), PartnerClient(gateway.api, key)
    yield Till(gateway, shop, payouts)
    await shop.close()
    await payouts.close()


async def ended(till: Till, payout: dict[str, Any]) -> str:
    async def over() -> str | None:
        found = await till.partner.get(f"/v1/payouts/{payout['id']}")
        status = str((found.data or {}).get("status"))
        return status if status == payout["wanted"] else None

    return await until(over, 120, f"{payout['id']} does not become {payout['wanted']}")


async def test_the_rails_books_are_ours_whenever_the_worker_dies(
    gateway: RunningGateway, till: Till, evidence: Evidence
) -> None:
    await till.earn("1000.00")
    destinations = {ending: await till.destination(ending) for ending in ENDINGS}
    chance, rail = random.Random(SEED), SandboxRail(gateway)

    async def pay(number: int) -> dict[str, Any]:
        ending = sorted(ENDINGS)[number % len(ENDINGS)]
        order = await till.order(
            destinationToken=destinations[ending], amount=f"{10 + number}.{number:02d}"
        )
        await asyncio.sleep(chance.uniform(0, 4))

        async def ask() -> Answer:
            return await till.create(order)

        answer = await persistently(ask)
        assert answer.data["id"].startswith("po_"), answer
        return {**answer.data, "wanted": ENDINGS[ending]}

    async def kill() -> None:
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.5, 1.5))
            await kill_worker_at_work(gateway)

    *payouts, _ = await asyncio.gather(*map(pay, range(PAYOUTS)), kill())
    await asyncio.gather(*(ended(till, payout) for payout in payouts if payout))

    assert await evidence.rows(WAITING) == []
    [owed] = await evidence.rows(OWED, "GIRO")
    [(currency, totals)] = rail.statement()["totals"].items()
    assert (currency, Decimal(totals["net"])) == (owed["currency"], Decimal(owed["minor"]) / 100)
    for payout in filter(None, payouts):
        sent = [each["idempotencyKey"] for each in rail.transfer(payout)["arrivals"]]
        assert set(sent) == {payout["id"]}
    balances = await evidence.rows(
        """SELECT -sum(entry.amount_minor)::bigint AS minor
        FROM ledger_entry AS entry
        JOIN ledger_account AS account ON account.id = entry.account_id
        WHERE account.code = $1""",
        f"partner_payable:{till.partner.key.id}:USD",
    )
    assert Decimal(await till.funds()) * 100 == balances[0]["minor"]
