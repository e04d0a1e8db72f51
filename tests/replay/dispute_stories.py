"""Every path of a dispute: opened, answered, reminded of and ended."""

from collections.abc import Mapping
from typing import Any, Final

from payments.domain.dispute import DisputeStatus
from payments.domain.outcome import OutcomeKind
from tests.provider_script import How
from tests.replay.card_stories import AnyHandle, CardStory
from tests.workflows.card_desk import CardDesk
from tests.workflows.disputing import disputed, opened, warned

S = DisputeStatus


async def dispute_won(desk: CardDesk) -> AnyHandle:
    dispute = await opened(desk)
    dispute.decide(S.UNDER_REVIEW)
    await dispute.told()
    dispute.decide(S.WON)
    await dispute.told()
    return dispute.handle


async def dispute_lost_before_it_was_heard_of(desk: CardDesk) -> AnyHandle:
    return (await opened(desk, status=S.LOST)).handle


async def dispute_accepted(desk: CardDesk) -> AnyHandle:
    dispute = await opened(desk)
    await dispute.respond()
    return dispute.handle


def dispute_fought(*script: Any) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        dispute = await opened(desk)
        desk.north.responses.extend(script)
        await dispute.respond(await dispute.said())
        dispute.decide(S.LOST)
        await dispute.told()
        return dispute.handle

    return story


async def dispute_warning_that_came(desk: CardDesk) -> AnyHandle:
    dispute = await warned(desk)
    version = await dispute.said()
    await dispute.respond(version)
    dispute.decide(S.NEEDS_RESPONSE, answered=False)
    await dispute.told()
    await dispute.respond(version)
    dispute.decide(S.WON)
    await dispute.told()
    return dispute.handle


async def dispute_of_nobodys_payment(desk: CardDesk) -> AnyHandle:
    dispute = await disputed(desk, payment="pay_nobodys-1")
    await dispute.told()
    return dispute.handle


async def dispute_behind_silence(desk: CardDesk) -> AnyHandle:
    dispute = await opened(desk)
    desk.north.silent = True
    await dispute.told()
    dispute.decide(S.LOST)
    desk.north.silent = False
    await dispute.until_status(S.LOST)
    return dispute.handle


DISPUTE_STORIES: Final[Mapping[str, CardStory]] = {
    "dispute_fought": dispute_fought(),
    "dispute_fought_unknown": dispute_fought(How.LOSE_ANSWER),
    "dispute_fought_sent_again": dispute_fought(How.LOSE_REQUEST),
    "dispute_fought_refused": dispute_fought(OutcomeKind.DECLINED),
    **{
        story.__name__: story
        for story in (
            dispute_won,
            dispute_lost_before_it_was_heard_of,
            dispute_accepted,
            dispute_warning_that_came,
            dispute_of_nobodys_payment,
            dispute_behind_silence,
        )
    },
}
