"""Four eyes on the console: two tokens let a payout go, one stops it, strangers change nothing."""

from collections.abc import AsyncIterator

import pytest

from tests.api.console_pages import Console, shown
from tests.api.till import Till
from tests.running_gateway import RunningGateway

PLACE = "/console/payouts"


@pytest.fixture
async def console(gateway: RunningGateway) -> AsyncIterator[Console]:
    console = Console(gateway.told["operator"])
    yield console
    await console.close()


async def test_two_reviewers_let_a_payout_go(console: Console, till: Till) -> None:
    held = await till.pay(amount="1000.01")
    path = f"{PLACE}/{held['id']}/review"

    [row] = [row for row in shown(await console.get(PLACE)).rows if held["id"] in row[0]]
    assert row[1:4] == [till.partner.key.id, "1000.01 USD", row[3]]
    assert row[4] == f"1000.01 to {held['destinationToken']} over GIRO"
    assert "nobody" in row[6]
    first = shown(await console.post(path, token=till.gateway.reviewer("ann"), decision="approve"))
    again = shown(await console.post(path, token=till.gateway.reviewer("ann"), decision="approve"))
    assert "One more yes" in first.text
    assert "One more yes" in again.text
    assert (await till.show(held))["status"] == "on_hold"
    second = shown(await console.post(path, token=till.gateway.reviewer("bob"), decision="approve"))

    assert "it leaves now" in second.text
    await till.becomes(held, "paid")


async def test_the_plan_says_what_goes_back_and_what_elsewhere(
    console: Console, till: Till
) -> None:
    customer = await till.shop.customer()
    payment = await till.shop.paid(amount="30.00", customerId=customer)
    account = await till.destination(customerId=customer)
    held = await till.pay(amount="40.00", destinationToken=account)

    [row] = [row for row in shown(await console.get(PLACE)).rows if held["id"] in row[0]]

    assert f"30.00 back to {payment['id']}" in row[4]
    assert f"10.00 to {account} over GIRO" in row[4]


async def test_one_reviewer_stops_a_payout(console: Console, till: Till) -> None:
    held = await till.pay(amount="1000.01")

    page = shown(
        await console.post(
            f"{PLACE}/{held['id']}/review", token=till.gateway.reviewer("ann"), decision="reject"
        )
    )

    assert "the partner's again" in page.text
    assert (await till.show(held))["status"] == "canceled"
    late = await console.post(
        f"{PLACE}/{held['id']}/review", token=till.gateway.reviewer("bob"), decision="approve"
    )
    assert late.status == 409


async def test_a_word_needs_somebodys_token_and_a_decision(console: Console, till: Till) -> None:
    held = await till.pay(amount="1000.01")
    path, ann = f"{PLACE}/{held['id']}/review", till.gateway.reviewer("ann")

    for fields, status in (
        ({"token": ann}, 400),
        ({"token": ann, "decision": "perhaps"}, 400),
        ({"by": "ann", "decision": "approve"}, 400),
        ({"decision": "approve"}, 403),
        ({"token": "ann", "decision": "approve"}, 403),
        ({"token": ann[:-1], "decision": "approve"}, 403),
    ):
        assert (await console.post(path, **fields)).status == status, fields
    till.gateway.cli("reviewer", "suspend", "ann")
    assert (await console.post(path, token=ann, decision="reject")).status == 403
    till.gateway.cli("reviewer", "resume", "ann")
    nobodys = f"{PLACE}/po_{'0' * 26}/review"
    assert (await console.post(nobodys, token=ann, decision="approve")).status == 409
    assert (await console.post(f"{PLACE}/x/review", token=ann, decision="approve")).status == 404
    stranger = {"Origin": "https://elsewhere.example"}
    answer = await console.fetch(
        "POST", path, data={"token": ann, "decision": "approve"}, headers=stranger
    )
    assert answer.status_code == 403
    [row] = [row for row in shown(await console.get(PLACE)).rows if held["id"] in row[0]]
    assert "nobody" in row[6]
    await till.cancel(held)
