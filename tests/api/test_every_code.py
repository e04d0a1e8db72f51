"""Every code of the table is an answer that somebody can get; the table of ways is complete."""

import asyncio

import pytest

from payments.domain.codes import Code
from tests.api import (
    batch_producers,
    card_producers,
    dispute_producers,
    payout_producers,
    webhook_producers,
)
from tests.api.beside import ApiBeside
from tests.api.conftest import Misbehave
from tests.api.forge import Forge
from tests.api.office import Office
from tests.api.producers import PRODUCERS, World
from tests.api.shop import Shop
from tests.api.till import Till
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, RunningGateway

assert batch_producers, "and its ways are in the table, too"
assert card_producers, "its ways are in the table, too"
assert payout_producers, "and these"
assert webhook_producers, "and so are these"
assert dispute_producers, "and these"
ROWS = "SELECT code, http_status FROM request_log WHERE trace = $1"
# The record is gone; that is what the answer says.
WITHOUT_A_ROW = {Code.RECORD_UNAVAILABLE}


@pytest.fixture
def world(
    gateway: RunningGateway,
    partner: PartnerClient,
    stranger: PartnerClient,
    beside: ApiBeside,
    partner_beside: PartnerClient,
    office: Office,
    forge: Forge,
    shop: Shop,
    till: Till,
    evidence: Evidence,
    misbehave: Misbehave,
    slow_body: "asyncio.Task[Answer]",
) -> World:
    return World(
        gateway=gateway,
        partner=partner,
        stranger=stranger,
        beside=beside,
        partner_beside=partner_beside,
        office=office,
        forge=forge,
        shop=shop,
        till=till,
        evidence=evidence,
        misbehave=misbehave,
        slow_body=slow_body,
    )


def test_there_is_a_way_to_every_code() -> None:
    assert sorted(set(Code) - PRODUCERS.keys()) == []


@pytest.mark.parametrize("code", list(Code))
async def test_a_code_is_told_with_its_meaning_and_written_down(world: World, code: Code) -> None:
    answer = await PRODUCERS[code](world)

    meaning = code.meaning
    assert answer.code == code, answer
    assert (answer.http_status, answer.status) == (meaning.http_status, meaning.status)
    assert answer.message == meaning.message
    if code not in WITHOUT_A_ROW:
        rows = await world.evidence.rows(ROWS, answer.trace)
        assert rows == [{"code": code, "http_status": meaning.http_status}]


@pytest.mark.parametrize("code", [code for code in Code if code.meaning.http_status in (429, 503)])
async def test_who_may_come_back_is_told_when(world: World, code: Code) -> None:
    answer = await PRODUCERS[code](world)

    assert int(answer.headers["retry-after"]) >= 1
