"""The worker dies at every step of a dispute and another takes over: one answer, one posting."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.dispute import DisputeStatus, ResponseState
from payments.domain.evidence import Evidence, EvidenceText
from tests.card_factories import make_order
from tests.contracts.card_record import S as P
from tests.contracts.card_record import begun, fact_of
from tests.dispute_factories import make_dispute_order, make_found
from tests.patience import until
from tests.provider_script import How
from tests.workflows.card_desk import CardDesk
from tests.workflows.card_worker_process import CardWorld
from tests.workflows.disputing import WEEK, Disputing
from tests.workflows.lives import live_all
from tests.workflows.test_card_crashes import one_after_another

S = DisputeStatus
Tell = Callable[[Disputing], Awaitable[object]]


async def opened(dispute: Disputing) -> None:
    """Told again, as by the inbox, when the only look at the provider was lost with its worker."""

    async def is_open() -> bool:
        return (await dispute.told()).dispute is not None

    await until(is_open, 60, "it is not opened")


async def fought(dispute: Disputing) -> None:
    await opened(dispute)
    await dispute.respond(1, id_="submit")


async def accepted(dispute: Disputing) -> None:
    await opened(dispute)
    await dispute.respond(id_="accept")


@dataclass(frozen=True)
class Life:
    failpoint: str
    tell: Tell
    end: DisputeStatus
    script: tuple[How, ...] = ()

    def __str__(self) -> str:
        how = "-".join(each.name for each in self.script)
        return f"{self.tell.__name__} {how.lower()} {self.failpoint}"


LIVES = [
    *(Life(point, opened, S.NEEDS_RESPONSE) for point in ("after dispute", "after see")),
    *(
        Life(point, fought, S.UNDER_REVIEW)
        for point in (
            *("after answer", "after enclosed", "before respond", "after respond"),
            *("after answered", "after see"),
        )
    ),
    Life("after responded", fought, S.UNDER_REVIEW, script=(How.LOSE_ANSWER,)),
    *(Life(point, accepted, S.LOST) for point in ("before respond", "after respond")),
]


async def live(environment: WorkflowEnvironment, life: Life, path: Path) -> Disputing:
    """What is left when it is over."""
    desk, world = CardDesk(environment), CardWorld(path)
    payment = await begun(world.payments, reference=make_order().reference)
    await world.payments.move(fact_of(payment, P.CAPTURED))
    order = make_dispute_order()
    now = datetime.now(UTC)
    there = make_found(payment, order, due_at=now + WEEK)
    world.north.disputes[order.reference] = there
    world.north.responses.extend(life.script)
    said = Evidence(1, {EvidenceText.EXPLANATION: "They wore it."}, {}, now)
    world.evidence.rows[order.dispute_id] = [said]
    world.keep()
    dispute = Disputing(desk, payment, order)
    async with one_after_another(desk, path, life.failpoint):
        await life.tell(dispute)
    left = CardWorld(path)
    desk.north, desk.payments, desk.disputes = left.north, left.payments, left.disputes
    return dispute


@pytest.fixture(scope="module")
async def ends(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Life, Disputing]:
    return await live_all(live, LIVES, environment, tmp_path_factory.mktemp("dispute-worlds"))


@pytest.mark.parametrize("life", LIVES, ids=str)
async def test_a_worker_that_dies_leaves_one_answer_and_the_books_right(
    ends: Mapping[Life, Disputing], life: Life
) -> None:
    dispute = ends[life]

    assert dispute.row.status is life.end
    assert len(dispute.desk.north.said) == (life.tell is not opened)
    if life.tell is not opened:
        assert dispute.row.response_state is ResponseState.TAKEN
    postings = [key for key in dispute.desk.payments.postings if key.startswith("dispute:")]
    assert len(postings) == 1
    row = dispute.desk.payments.rows[dispute.payment.payment_id]
    assert (row.disputed_minor, row.open_disputes) == (10_000, int(life.end is not S.LOST))
