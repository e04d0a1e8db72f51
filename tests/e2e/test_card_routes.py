"""Where a payment goes: to the next acquirer, past a switch, or to a person first."""

from collections.abc import AsyncIterator

import pytest

from tests.api.shop import Acquirer, Shop
from tests.card_audit import CardAudit
from tests.card_cases import Case

ABOVE_THE_LIMIT = "500000.01"


def outcomes(case: Case) -> list[tuple[str, str]]:
    return [(each["provider"], each["outcome"]) for each in case.attempts]


@pytest.fixture
async def no_north(shop: Shop) -> AsyncIterator[None]:
    flip = ("--provider", "NORTH", "--by", "tests", "--why", "a drill")
    shop.gateway.cli("switch", "on", *flip)
    yield
    shop.gateway.cli("switch", "off", *flip)
    # Whoever tests next finds it as it was.
    assert (await shop.paid())["status"] == "captured"


async def test_who_is_refused_by_one_is_served_by_the_next(
    shop: Shop, north: Acquirer, audit: CardAudit
) -> None:
    north.tell("refuse")

    payment = await shop.paid()

    case = await audit.fits(payment)
    assert outcomes(case) == [("NORTH", "not_sent"), ("SOUTH", "accepted")]
    assert {effect.provider for effect in case.effects} == {"SOUTH"}
    explained = shop.gateway.cli("routing", "explain", payment["id"])
    assert "NORTH → SOUTH" in explained


async def test_what_may_have_arrived_goes_nowhere_else(
    shop: Shop, north: Acquirer, audit: CardAudit
) -> None:
    """It failed before it did anything, which nobody can know: it is asked, then sent again."""
    north.tell("error_before_effect", times=1)

    answer = await shop.pay()

    case = await audit.ends(answer.data, "captured")
    assert outcomes(case) == [("NORTH", "accepted")]


async def test_a_switch_acts_at_once(shop: Shop, no_north: None, audit: CardAudit) -> None:
    """On the very next payment: the command has just come back."""
    payment = await shop.paid()

    case = await audit.fits(payment)
    assert outcomes(case) == [("SOUTH", "accepted")]
    assert "not NORTH: switched off" in shop.gateway.cli("routing", "explain", payment["id"])


@pytest.mark.parametrize(
    ("word", "status", "code"), [("--approve", "captured", None), ("--decline", "failed", "P2018")]
)
async def test_a_large_payment_waits_for_a_person(
    shop: Shop, audit: CardAudit, word: str, status: str, code: str | None
) -> None:
    answer = await shop.pay(amount=ABOVE_THE_LIMIT)
    assert (answer.code, answer.data["status"]) == ("P0001", "review")
    assert (await audit.case(answer.data)).attempts == []

    said = shop.gateway.cli("review", answer.data["id"], "--by", "ann", word)

    assert said.strip() in ("processing", status)
    case = await audit.ends(answer.data, status)
    assert (await shop.show(answer.data))["declineCode"] == code
    assert [kind for _, kind in case.events[case.id]] == ["payment.review", f"payment.{status}"]
