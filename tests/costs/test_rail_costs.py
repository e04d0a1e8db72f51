"""What payouts, disputes and the rows of batches cost, counted by the engine and the database.

Who tells us something is the test itself, so each request ends when its last statement is done.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from payments.domain import ids
from tests.api.dispute_shop import DisputeShop
from tests.api.shop import Acquirer, Shop
from tests.api.till import SandboxRail, Till
from tests.batch_files import csv_of, ended, rows_of, send
from tests.costs.runs import FEW, least
from tests.costs.statements import Statements
from tests.patience import until
from tests.running_gateway import PartnerClient, RunningGateway

pytestmark = pytest.mark.usefixtures("silent")

# It waits at its rail for a hand.
WAITS: Final = "04"
# Asked for: where it goes to, the limits and the funds under one lock; then it is sent, to what one
# look finds of the payout and its account. The rail is asked once more, and the record read for
# what was heard of it by then.
PAYOUT: Final = {"BEGIN": 1, "COMMIT": 1, "FROM destination": 1, "FROM SELECT": 1} | {
    "FROM partner_funds_delta": 1,
    "INTO partner_funds": 1,
    "INTO payout": 1,
    "FROM payout": 8,
    "UPDATE payout": 2,
    "FROM unnest": 1,
    "UPDATE inbound_event": 1,
    "INTO provider_call": 2,
    "INTO request_log": 2,
}
# Each of two events is judged, waited for, judged, passed on, and judged by what it led to.
DISPUTE: Final = {"FROM dispute": 10, "FROM payment": 1, "FROM jsonb_to_record": 2} | {
    "FROM unnest": 2,
    "UPDATE inbound_event": 2,
    "INTO provider_call": 2,
    "INTO request_log": 2,
}
# Asked for what it owes, and paid; begun as one of many, and settled. How often its batch looks
# after it depends on the time that it takes.
ROW: Final = {"FROM unnest": 1, "INTO provider_call": 2, "UPDATE transaction": 1}


@dataclass(frozen=True, slots=True)
class Desk:
    till: Till
    rail: SandboxRail
    disputes: DisputeShop
    destination: str


@dataclass(frozen=True, slots=True)
class Story:
    """`prepare` is not counted; `tell` answers the workflow. Events and tasks are limits."""

    prepare: Callable[[Desk], Awaitable[Any]]
    tell: Callable[[Desk, Any], Awaitable[str]]
    statements: Counter[str]
    events: int
    tasks: int


async def order_of(desk: Desk) -> dict[str, Any]:
    return await desk.till.order(destinationToken=desk.destination, amount="1.00")


async def paid_out(desk: Desk, order: Any) -> str:
    payout = (await desk.till.create(order)).data
    await sent(desk, payout)
    desk.rail.move(payout, "PAID")
    answer = await desk.rail.send(desk.till.partner, desk.rail.event(payout))
    assert answer.data["state"] == "applied", answer
    return ids.payout(payout["id"])


async def sent(desk: Desk, payout: dict[str, Any]) -> None:
    """By the rail's own books: asking us would be counted."""

    async def there() -> bool:
        return desk.rail.transfer(payout)["transfer"] is not None

    await until(there, 30, "the rail never had it")


async def paid(desk: Desk) -> dict[str, Any]:
    return await desk.disputes.shop.paid()


async def lost(desk: Desk, payment: Any) -> str:
    there = desk.disputes.open(payment)
    await told(desk, payment, there)
    desk.disputes.decide(payment, there, "LOST")
    await told(desk, payment, there | {"state": "LOST"})
    return ids.dispute(ids.dispute_id(desk.disputes.acquirer.name, there["id"]))


async def told(desk: Desk, payment: Any, there: dict[str, Any]) -> None:
    acquirer = desk.disputes.acquirer
    event = json.loads(acquirer.event(payment)) | {"type": "dispute.updated"}
    event["data"]["dispute"] = there
    answer = await acquirer.send(desk.disputes.shop.partner, json.dumps(event).encode())
    assert answer.data["state"] == "applied", answer


STORIES: Final = {
    "a payout, told by a webhook": Story(order_of, paid_out, Counter(PAYOUT), events=32, tasks=5),
    "a dispute, opened and lost": Story(paid, lost, Counter(DISPUTE), events=32, tasks=5),
}


@pytest.fixture(scope="module")
async def desk(
    gateway: RunningGateway, shop: Shop, north: Acquirer, silent: None
) -> AsyncIterator[Desk]:
    partner = PartnerClient(gateway.api, gateway.partner(0))
    till = Till(gateway, shop, partner)
    await till.earn("100.00")
    yield Desk(till, SandboxRail(gateway), DisputeShop(shop, north), await till.destination(WAITS))
    await partner.close()


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_costs_these_statements_and_is_a_short_history(
    quiet: Statements, desk: Desk, engine: Client, name: str
) -> None:
    story, sheets = STORIES[name], []
    # The first one makes the ledger's accounts.
    told = [await story.tell(desk, await story.prepare(desk))]

    async def run() -> Counter[str]:
        prepared = [await story.prepare(desk) for _ in range(FEW)]

        async def all_of_them() -> None:
            told.extend([await story.tell(desk, each) for each in prepared])

        return await quiet.made_by(all_of_them)

    costs = await least(run, dict(story.statements))

    assert costs == dict(story.statements)
    for name_of_it in told:
        workflow = engine.get_workflow_handle(name_of_it)
        await workflow.result()
        kinds = [event.event_type for event in (await workflow.fetch_history()).events]
        assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in kinds
        tasks = kinds.count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
        sheets.append((len(kinds), tasks))

    # A busy machine only ever adds to it.
    events, tasks = min(sheets)
    assert events <= story.events, sheets
    assert tasks <= story.tasks, sheets


async def test_a_row_of_a_batch_costs_these_statements(
    quiet: Statements, partner: PartnerClient
) -> None:
    async def run() -> Counter[str]:
        async def one_row() -> None:
            sent = await send(partner, csv_of(rows_of(1)))
            await ended(partner, sent.data["id"])

        made = await quiet.made_by(one_row)
        return Counter({name: calls for name, calls in made.items() if name in ROW})

    assert await least(run, ROW, each=1) == ROW
