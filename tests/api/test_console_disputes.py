"""What an operator sees of disputes on the console: how they stand, and never what was said."""

from collections.abc import AsyncIterator

import pytest

from tests.api.console_pages import Console, shown
from tests.api.dispute_shop import SAID, DisputeShop
from tests.api.shop import Acquirer, Shop
from tests.running_gateway import RunningGateway

ROOT = "/console/disputes"


@pytest.fixture
async def console(gateway: RunningGateway) -> AsyncIterator[Console]:
    console = Console(gateway.told["operator"])
    yield console
    await console.close()


async def test_disputes_are_shown_with_their_money_and_without_what_was_said(
    console: Console, shop: Shop, acquirer: Acquirer
) -> None:
    disputes = DisputeShop(shop, acquirer)
    payment = await shop.paid()
    await shop.refund(payment, "7.00")
    disputes.open(payment)
    dispute = await disputes.known(payment)
    await disputes.give(dispute)
    await disputes.do("evidence", dispute, SAID)

    listed = shown(await console.get(ROOT, status="needs_response"))
    page = shown(await console.get(f"{ROOT}/{dispute['id']}"))

    [row] = [row for row in listed.rows if row[0] == dispute["id"]]
    assert row[2:5] == ["needs response", "10.00 USD", "7.00 USD"]
    assert "Gone twice 7.00 USD" in page.text
    assert "Taken now 25.00 USD" in page.text
    assert page.rows[0][:3] == ["1", "explanation", ""]
    assert "1 file was given" in page.text
    assert "wore" not in page.source


async def test_what_is_not_there_is_told(console: Console) -> None:
    for path, status in (
        (f"{ROOT}/dp_{'0' * 26}", 404),
        (f"{ROOT}/nothing", 404),
        (f"{ROOT}?before=nothing", 400),
        (f"{ROOT}?status=odd", 400),
        (f"{ROOT}?partner=%3Cb%3E", 400),
        (f"{ROOT}?odd=1", 400),
    ):
        assert (await console.fetch("GET", path)).status_code == status
