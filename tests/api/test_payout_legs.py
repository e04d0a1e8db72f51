"""What a customer paid goes back to where it came from, over HTTP and to every ending."""

from decimal import Decimal
from typing import Any

from payments.domain import ids
from tests.api.shop import VISA, Acquirer
from tests.api.test_payouts import events, legs
from tests.api.till import SandboxRail, Till
from tests.evidence import Evidence
from tests.running_gateway import new_id

# Its refunds are pending, and fail after six seconds.
CLINGY = "4000000000000408"
Shown = dict[str, Any]


class Player:
    """A customer who paid these amounts, the oldest first, and has a bank account."""

    def __init__(self, till: Till, customer: str, payments: list[Shown]) -> None:
        self.till, self.customer, self.payments = till, customer, payments

    @classmethod
    async def of(cls, till: Till, *paid: tuple[str, str]) -> "Player":
        customer = await till.shop.customer()
        payments = [
            await till.shop.paid(number, amount=amount, customerId=customer)
            for number, amount in paid
        ]
        return cls(till, customer, payments)

    async def withdraw(self, amount: str, ending: str = "00") -> Shown:
        account = await self.till.destination(ending, customerId=self.customer)
        return await self.till.pay(amount=amount, destinationToken=account)

    async def let_go(self, payout: Shown) -> None:
        for by in ("ann", "bob"):
            await self.till.review(payout, by)


def told(payout: Shown) -> list[tuple[str, str, str]]:
    return [(leg["type"], leg["amount"], leg["status"]) for leg in payout["legs"]]


def transfer_of(payout: Shown) -> dict[str, str]:
    """The name it has at the rail."""
    return {"id": ids.leg_transfer(payout["id"], len(payout["legs"]))}


async def test_it_goes_back_as_refunds_the_oldest_first(
    till: Till, acquirer: Acquirer, rail: SandboxRail, evidence: Evidence
) -> None:
    player = await Player.of(till, (VISA, "30.00"), (VISA, "20.00"))

    payout = await player.withdraw("40.00")
    assert payout["arrivalEstimate"] is None
    paid = await till.becomes(payout, "paid")

    assert told(paid) == [("refund", "30.00", "paid"), ("refund", "10.00", "paid")]
    assert [leg["paymentId"] for leg in paid["legs"]] == [each["id"] for each in player.payments]
    shown = [await till.shop.show(each) for each in player.payments]
    assert [each["amountRefunded"] for each in shown] == ["30.00", "10.00"]
    assert ("refund", "30.00") in acquirer.effects(player.payments[0])
    assert rail.transfer(payout)["arrivals"] == []
    assert await events(evidence, payout) == ["sent", "paid"]
    refund = await till.shop.partner.get(f"/v1/refunds/{paid['legs'][0]['refundId']}")
    assert (refund.data["payoutId"], refund.data["status"]) == (payout["id"], "succeeded")
    assert (await till.shop.refund(player.payments[1], "10.01")).code == "P2108"


async def test_what_came_goes_back_without_a_destination_and_nothing_else_does(
    till: Till, evidence: Evidence
) -> None:
    player = await Player.of(till, (VISA, "30.00"))
    before = await till.funds()
    order = await till.order(amount="30.01", customerId=player.customer)
    refused = await till.create(order)
    assert (refused.http_status, refused.code) == (422, "P3010"), refused
    assert (refused.data["field"], await till.funds()) == ("destinationToken", before)

    payout = await till.pay(**(order | {"amount": "30.00"}))
    paid = await till.becomes(payout, "paid")

    assert told(paid) == [("refund", "30.00", "paid")]
    assert (paid["customerId"], paid["destinationToken"]) == (player.customer, None)
    assert await events(evidence, payout) == ["sent", "paid"]
    plan = till.gateway.cli("payout", "show", payout["id"])
    assert f"back to {player.customer}" in " ".join(plan.split())


async def test_more_than_came_leaves_when_two_people_have_seen_the_plan(
    till: Till, rail: SandboxRail, evidence: Evidence
) -> None:
    player = await Player.of(till, (VISA, "30.00"))
    held = await player.withdraw("40.00")
    assert (held["status"], held["heldFor"]) == ("on_hold", "closed_loop")
    assert held["arrivalEstimate"] is not None
    assert told(held) == [("refund", "30.00", "on_hold"), ("transfer", "10.00", "on_hold")]
    plan = till.gateway.cli("payout", "show", held["id"])
    assert f"leg 1: 30.00 USD back to {player.payments[0]['id']}, on_hold" in " ".join(plan.split())

    await player.let_go(held)
    paid = await till.becomes(held, "paid")

    assert told(paid) == [("refund", "30.00", "paid"), ("transfer", "10.00", "paid")]
    [arrival] = rail.transfer(transfer_of(paid))["arrivals"]
    assert arrival["idempotencyKey"] == transfer_of(paid)["id"]
    assert await events(evidence, held) == ["on_hold", "sent", "paid"]
    concluded = till.gateway.cli("payout", "conclude", held["id"])
    assert concluded.rstrip().endswith("paid")
    unknown = await till.partner.get(f"/v1/payouts/{transfer_of(paid)['id']}")
    assert (unknown.http_status, unknown.code) == (404, "P3001")


async def test_a_refund_that_fails_is_never_sent_elsewhere_without_two_people(till: Till) -> None:
    player = await Player.of(till, (CLINGY, "30.00"), (VISA, "20.00"))
    before = Decimal(await till.funds())

    partly = await till.becomes(await player.withdraw("50.00"), "partly_paid")

    assert told(partly) == [("refund", "30.00", "failed"), ("refund", "20.00", "paid")]
    assert partly["failureCode"] == partly["legs"][0]["failureCode"] == "P2111"
    assert Decimal(await till.funds()) == before - 20 - Decimal(partly["fee"])
    again = await player.withdraw("30.00")
    assert (again["status"], again["heldFor"]) == ("on_hold", "closed_loop")
    assert again["legs"] is None
    await player.let_go(again)
    await till.becomes(again, "paid")
    assert (await till.shop.refund(player.payments[0], "0.01")).code == "P2108"


async def test_a_transfer_that_comes_back_leaves_what_was_refunded(
    till: Till, evidence: Evidence
) -> None:
    player = await Player.of(till, (VISA, "30.00"))
    held = await player.withdraw("40.00", "03")
    await player.let_go(held)

    partly = await till.becomes(held, "partly_paid")

    assert told(partly) == [("refund", "30.00", "paid"), ("transfer", "10.00", "returned")]
    assert (partly["failureCode"], partly["legs"][1]["failureCode"]) == ("P3104", "P3104")
    # It may have come back before the payout was told to be paid.
    ends = [each for each in await events(evidence, held) if each != "paid"]
    assert ends == ["on_hold", "sent", "partly_paid"]


async def test_when_nothing_is_paid_everything_is_back(till: Till, evidence: Evidence) -> None:
    player = await Player.of(till, (CLINGY, "30.00"))
    before = Decimal(await till.funds())
    held = await player.withdraw("40.00", "01")
    await player.let_go(held)

    failed = await till.becomes(held, "failed")

    assert told(failed) == [("refund", "30.00", "failed"), ("transfer", "10.00", "failed")]
    assert Decimal(await till.funds()) == before
    # The payout has set all of it aside; its legs have brought it back.
    assert await legs(evidence, held) == {"partner_payable": 4000, "payout_reserved": -4000}


async def test_a_transfer_that_its_rail_does_not_take_can_be_taken_back_alone(
    till: Till, rail: SandboxRail, evidence: Evidence
) -> None:
    player = await Player.of(till, (VISA, "30.00"))
    before = Decimal(await till.funds())
    held = await player.withdraw("40.00")
    rail.tell("refuse")
    await player.let_go(held)
    await till.becomes(held, "sent")

    async def canceled() -> bool:
        answer = await till.cancel(held)
        assert answer.code in ("P0000", "P3003", "P9003"), answer
        return answer.code == "P0000"

    await till.shop.until(canceled, "it is not canceled")
    rail.tell()
    partly = await till.becomes(held, "partly_paid")

    assert told(partly) == [("refund", "30.00", "paid"), ("transfer", "10.00", "canceled")]
    assert partly["failureCode"] is None
    assert Decimal(await till.funds()) == before - 30 - Decimal(partly["fee"])
    assert await events(evidence, held) == ["on_hold", "sent", "partly_paid"]
    assert rail.transfer(transfer_of(partly))["transfer"] is None
    assert (await till.cancel(held)).data["status"] == "partly_paid"


async def test_a_plan_that_is_canceled_has_taken_nothing(till: Till) -> None:
    player = await Player.of(till, (VISA, "30.00"))
    before = Decimal(await till.funds())
    held = await player.withdraw("40.00")

    answer = await till.cancel(held, key=new_id())

    assert told(answer.data) == [("refund", "30.00", "canceled"), ("transfer", "10.00", "canceled")]
    assert Decimal(await till.funds()) == before
    assert (await till.shop.refund(player.payments[0], "30.00")).code == "P0000"
