"""What a provider may do against its own promises, and what is left of it on our side."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from payments.adapters.providers.plugged import plugged
from payments.domain.charge import Operation, Question
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.provider import ProviderKind
from payments.outside.wire import Timeouts, open_http
from tests.contracts.provider.faulty_proxy import Fault
from tests.contracts.provider.stages import AMOUNT, AdapterStage, Story, new_attempt, profile
from tests.sandbox.running_sandbox import RunningSandbox

of_sandbox = pytest.mark.parametrize("adapter", [ProviderKind.SANDBOX], indirect=True)
of_stripe = pytest.mark.parametrize("adapter", [ProviderKind.STRIPE], indirect=True)


@pytest.fixture
def told(sandbox_process: RunningSandbox) -> Iterator[RunningSandbox]:
    yield sandbox_process
    sandbox_process.reset()


@of_sandbox
@pytest.mark.parametrize(
    ("lie", "amount", "payee"),
    [
        ("lying_amount", Money(AMOUNT.minor + 1, "EUR"), "partner_1"),
        ("lying_currency", Money(AMOUNT.minor, "USD"), "partner_1"),
        ("lying_payee", AMOUNT, "not_partner_1"),
    ],
)
async def test_another_amount_currency_or_payee_is_told_as_it_is(
    adapter: AdapterStage, told: RunningSandbox, lie: str, amount: Money, payee: str
) -> None:
    told.control.post("/control/acquirers/NORTH", json={"behaviour": lie, "times": 1})
    attempt = new_attempt(adapter)

    answer = await adapter.provider.authorize(attempt)

    assert (answer.kind, answer.amount, answer.payee) == (OutcomeKind.ACCEPTED, amount, payee)
    assert not answer.is_of(attempt.order)


@of_sandbox
async def test_who_refuses_at_the_door_was_not_sent_anything(
    adapter: AdapterStage, told: RunningSandbox
) -> None:
    told.control.post("/control/acquirers/NORTH", json={"behaviour": "refuse", "times": 1})
    attempt = new_attempt(adapter)

    answer = await adapter.provider.authorize(attempt)

    assert (answer.kind, answer.retry_after_s) == (OutcomeKind.NOT_SENT, 1.0)
    assert adapter.effects(attempt, Operation.AUTHORIZE) == 0


@of_sandbox
@pytest.mark.parametrize(("asks_first", "booked"), [(False, 2), (True, 1)])
async def test_who_ignores_keys_books_twice_unless_it_is_described_as_such(
    adapter: AdapterStage, told: RunningSandbox, *, asks_first: bool, booked: int
) -> None:
    told.control.post("/control/acquirers/NORTH", json={"honourIdempotencyKeys": False})
    described = profile(
        ProviderKind.SANDBOX, adapter.proxy.url, honours_idempotency_keys=not asks_first
    )
    attempt = new_attempt(adapter)

    async with open_http() as http:
        provider = plugged(described, http, Timeouts(30, 30), adapter.clock)
        adapter.spoil(Fault.RESET, Operation.AUTHORIZE)
        lost = await provider.authorize(attempt)
        again = await provider.authorize(attempt)

    assert (lost.kind, again.kind) == (OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED)
    assert adapter.effects(attempt, Operation.AUTHORIZE) == booked


@of_stripe
async def test_a_challenge_without_a_way_back_is_given_up_at_once(adapter: AdapterStage) -> None:
    attempt = new_attempt(adapter, Story.CHALLENGE)
    attempt = replace(attempt, order=replace(attempt.order, return_url=None))

    answer = await adapter.provider.authorize(attempt)
    found = await adapter.provider.inquire(
        Question(attempt, Operation.AUTHORIZE, sent_by=datetime.now(UTC))
    )

    assert answer.decline is not None
    assert answer.decline.code is Code.AUTHENTICATION_REQUIRED
    assert found.kind is OutcomeKind.DECLINED
    assert adapter.effects(attempt, Operation.VOID) == 1


@of_stripe
async def test_an_adapter_that_remembers_nothing_finds_a_payment_by_our_name(
    adapter: AdapterStage,
) -> None:
    attempt = new_attempt(adapter)
    sent = await adapter.provider.authorize(attempt)

    async with open_http() as http:
        described = profile(ProviderKind.STRIPE, adapter.proxy.url)
        stranger = plugged(described, http, Timeouts(30, 30), adapter.clock)
        question = Question(attempt, Operation.AUTHORIZE, sent_by=datetime.now(UTC))
        found = await stranger.inquire(question)

    assert found == sent
