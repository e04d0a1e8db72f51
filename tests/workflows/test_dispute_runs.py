"""A dispute that goes on for long leaves its history behind, and nothing of itself."""

from datetime import timedelta

from payments.domain.dispute import DisputeStatus
from tests.workflows.card_desk import CardDesk
from tests.workflows.disputing import opened
from tests.workflows.engine import engine

S = DisputeStatus
SOON = "limit.historyCount.suggestContinueAsNew=20"


async def test_it_begins_anew_when_its_history_is_long_and_goes_on_where_it_was() -> None:
    async with engine(SOON) as environment:
        desk = CardDesk(environment)
        async with desk.worker():
            dispute = await opened(desk)
            first = (await dispute.handle.describe()).run_id
            for hours in range(1, 7):
                due_at = desk.north.disputes[dispute.order.reference].due_at
                assert due_at is not None
                dispute.decide(S.NEEDS_RESPONSE, due_at=due_at + timedelta(hours=hours))
                await dispute.told()

            answer = await dispute.respond(await dispute.said())
            dispute.decide(S.WON)
            await dispute.told()

            assert (await dispute.handle.describe()).run_id != first
            assert answer.dispute is not None
            assert answer.dispute.status is S.UNDER_REVIEW
            assert len(desk.north.said) == 1
            assert dispute.events == ["created", *["updated"] * 7, "closed"]
