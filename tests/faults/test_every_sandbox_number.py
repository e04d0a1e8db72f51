"""The endings 90 to 99 of a bill number: what each misbehaviour of a biller comes to in the end.

All begin at the same moment, because most of them wait for a biller; each test awaits its own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest
from temporalio.api.enums.v1 import EventType

from tests.evidence import Evidence
from tests.patience import pay_persistently
from tests.running_gateway import Answer, PartnerClient, TestBill, new_id

ACTIVITY = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED


@dataclass(frozen=True, slots=True)
class Story:
    """One bill, from the lock to the first answer that is not "ask again"."""

    bill: TestBill
    order: str
    lock: Answer
    paid: Answer | None


Stories = Mapping[int, "asyncio.Task[Story]"]


async def live(partner: PartnerClient, ending: int) -> Story:
    bill, order = TestBill(ending), new_id()
    lock = await partner.lock(bill)
    paid = None
    if lock.code == "P0000":
        token = lock.data["lockToken"]
        paid = await pay_persistently(partner, token, order, key=new_id("KEY"))
    return Story(bill, order, lock, paid)


@pytest.fixture(scope="module")
async def stories(partner: PartnerClient) -> AsyncIterator[Stories]:
    begun = {ending: asyncio.create_task(live(partner, ending)) for ending in range(90, 100)}
    yield begun
    await asyncio.gather(*begun.values(), return_exceptions=True)


@pytest.fixture(autouse=True)
def books_balance() -> None:
    """While the others are still on their way, the books cannot balance; the last test asks."""


async def steps(evidence: Evidence, bill: TestBill) -> list[str]:
    """The calls to the biller that the engine kept, in order; a retried one is there once."""
    history = await evidence.history(bill)
    return [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
        if event.event_type == ACTIVITY
    ]


@pytest.mark.parametrize(("ending", "code"), [(90, "P2007"), (91, "P2004")])
async def test_a_declined_bill_is_free_for_another(
    stories: Stories,
    partner: PartnerClient,
    other_partner: PartnerClient,
    evidence: Evidence,
    ending: int,
    code: str,
) -> None:
    story = await stories[ending]

    assert story.paid is not None
    # It may take longer than anybody waits for an answer.
    assert (story.paid.http_status, story.paid.code) in {(402, code), (202, "P0001")}
    await evidence.declined(partner, story.bill, story.order, code)
    token = await other_partner.locked(story.bill)
    assert (await other_partner.post("/bill/unlock", {"lockToken": token})).code == "P0000"


async def test_a_slow_biller_is_waited_for(
    stories: Stories, partner: PartnerClient, evidence: Evidence
) -> None:
    story = await stories[92]

    assert story.paid is not None
    assert story.paid.code in {"P0000", "P0001"}
    await evidence.paid_once(partner, story.bill, story.order)
    assert await steps(evidence, story.bill) == ["billers.pay", "billers.confirm"]


@pytest.mark.parametrize(
    "ending", [93, 94, 95, 96], ids=["hangs", "answers-500", "resets", "talks-garbage"]
)
async def test_a_biller_that_took_the_money_and_did_not_say_so_is_asked(
    stories: Stories, partner: PartnerClient, evidence: Evidence, ending: int
) -> None:
    story = await stories[ending]

    paid = await evidence.paid_once(partner, story.bill, story.order)

    assert set(await evidence.postings(paid.data["transactionId"])) == {"suspended", "paid"}
    assert await steps(evidence, story.bill) == ["billers.pay", "billers.confirm"]
    assert len(await evidence.arrivals(story.bill)) == 1


async def test_a_bill_that_was_paid_elsewhere_in_between_is_declined(
    stories: Stories, partner: PartnerClient, evidence: Evidence
) -> None:
    story = await stories[97]

    assert story.paid is not None
    assert (story.paid.http_status, story.paid.code) in {(409, "P1002"), (202, "P0001")}
    await evidence.declined(partner, story.bill, story.order, "P1002")
    assert (await partner.lock(story.bill)).code == "P1002"


async def test_a_biller_that_hung_before_it_did_anything_is_paid_under_the_same_key(
    stories: Stories, partner: PartnerClient, evidence: Evidence
) -> None:
    story = await stories[98]

    await evidence.paid_once(partner, story.bill, story.order)

    assert await steps(evidence, story.bill) == ["billers.pay", "billers.confirm", "billers.pay"]
    first, second = await evidence.arrivals(story.bill)
    assert first["idempotencyKey"] == second["idempotencyKey"]


async def test_a_bill_that_does_not_exist_is_not_locked(
    stories: Stories, partner: PartnerClient, evidence: Evidence
) -> None:
    story = await stories[99]

    assert (story.lock.http_status, story.lock.code) == (404, "P1001")
    await evidence.nothing_moved(story.bill)
    found = await partner.get("/bill/lookup", **story.bill.told)
    assert found.code == "P1001"


async def test_after_all_of_them_the_books_balance(stories: Stories, evidence: Evidence) -> None:
    await asyncio.gather(*stories.values())

    await evidence.books_balance()
