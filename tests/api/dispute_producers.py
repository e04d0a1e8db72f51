"""One way to each code of disputes."""

from payments.domain.codes import Code
from tests.api.dispute_shop import SAID, DisputeShop
from tests.api.producers import World, produces, simply
from tests.api.shop import Acquirer
from tests.evidence_files import PDF, file_of
from tests.patience import until
from tests.running_gateway import Answer

NOBODYS = "dp_" + "0" * 26


def disputes_of(world: World) -> DisputeShop:
    return DisputeShop(world.shop, Acquirer(world.gateway))


simply(Code.DISPUTE_UNKNOWN, lambda world: world.shop.partner.get(f"/v1/disputes/{NOBODYS}"))


@produces(Code.PAYMENT_DISPUTED)
async def payment_disputed(world: World) -> Answer:
    payment, _, _ = await disputes_of(world).disputed()
    return await world.shop.refund(payment, "1.00")


@produces(Code.DISPUTE_STATE)
async def dispute_state(world: World) -> Answer:
    disputes = disputes_of(world)
    payment, there, dispute = await disputes.disputed()
    disputes.decide(payment, there, "LOST")
    await disputes.until_status(dispute, "lost")
    return await disputes.do("accept", dispute)


@produces(Code.EVIDENCE_TOO_LATE)
async def evidence_too_late(world: World) -> Answer:
    """The record knows that the time is over before anybody has asked the acquirer."""
    disputes = disputes_of(world)
    _, _, dispute = await disputes.disputed()
    await world.evidence.write(
        ("UPDATE dispute SET due_at = now() - interval '1 hour' WHERE id = $1", dispute["id"])
    )
    return await disputes.do("evidence", dispute, SAID)


@produces(Code.EVIDENCE_MISSING)
async def evidence_missing(world: World) -> Answer:
    disputes = disputes_of(world)
    _, _, dispute = await disputes.disputed()
    return await disputes.do("submit", dispute, {"version": 7})


@produces(Code.DISPUTE_ANSWERED)
async def dispute_answered(world: World) -> Answer:
    disputes = disputes_of(world)
    _, _, dispute = await disputes.disputed()
    await disputes.do("evidence", dispute, SAID)
    await disputes.answered("submit", dispute, {})
    return await disputes.do("accept", dispute)


@produces(Code.ANSWER_REFUSED)
async def answer_refused(world: World) -> Answer:
    disputes = disputes_of(world)
    _, _, dispute = await disputes.disputed()
    await disputes.do("evidence", dispute, SAID)
    disputes.acquirer.tell("decline", operations=["evidence"], times=1)

    async def over() -> Answer | None:
        answer = await disputes.do("submit", dispute, {})
        return answer if answer.code != Code.PENDING else None

    try:
        return await until(over, 40, "the answer is on its way for ever")
    finally:
        disputes.acquirer.forget()


@produces(Code.FILE_REFUSED)
async def file_refused(world: World) -> Answer:
    disputes = disputes_of(world)
    _, _, dispute = await disputes.disputed()
    return await disputes.give(dispute, PDF, "image/png")


@produces(Code.TOO_MUCH_EVIDENCE)
async def too_much_evidence(world: World) -> Answer:
    disputes = disputes_of(world)
    _, _, dispute = await disputes.disputed()
    answers = [await disputes.give(dispute, file_of("image/png", bytes([n]))) for n in range(21)]
    return answers[-1]
