"""Webhooks as the real processes send them, read by the adapters that they are for."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from payments.domain.charge import Operation
from payments.domain.money import Money
from payments.domain.provider import ProviderKind
from payments.ports.provider import ForgedWebhook, Meaning, Says, Told, UnreadableWebhook
from tests.contracts.provider.sending import PART, authorized, refund_key
from tests.contracts.provider.stages import AMOUNT, STRIPE_HOOKS, AdapterStage
from tests.localstripe.running_localstripe import RunningLocalstripe
from tests.sandbox.running_sandbox import RunningSandbox
from tests.sandbox.till import eventually
from tests.sandbox.trap import Caught, Trap

only = pytest.mark.parametrize


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as trap:
        yield trap


@pytest.fixture
def told_sandbox(sandbox_process: RunningSandbox, trap: Trap) -> Iterator[RunningSandbox]:
    sandbox_process.control.put("/control/webhooks", json={"url": trap.url})
    yield sandbox_process
    sandbox_process.control.put("/control/webhooks", json={"url": None})


def read(adapter: AdapterStage, caught: Caught) -> Told:
    return adapter.provider.webhook(caught.body, caught.headers, datetime.now(UTC))


@only("adapter", [ProviderKind.SANDBOX], indirect=True)
async def test_the_sandbox_tells_of_captures_and_refunds(
    adapter: AdapterStage, told_sandbox: RunningSandbox, trap: Trap
) -> None:
    attempt = await authorized(adapter, capture=False)
    refund = refund_key(attempt)
    await adapter.provider.capture(attempt, key="cap_1", amount=PART, final=True)
    await adapter.provider.refund(attempt, key=refund, amount=Money(100, "EUR"))

    heard = [read(adapter, one) for one in trap.wait(attempt.reference, 3)]

    # In any order, and two of them may be of one millisecond.
    assert {told.says: (told.operation, told.amount, told.reference) for told in heard} == {
        Says.AUTHORIZED: (Operation.AUTHORIZE, AMOUNT, attempt.reference),
        Says.CAPTURED: (Operation.AUTHORIZE, PART, attempt.reference),
        Says.REFUND_SUCCEEDED: (Operation.REFUND, Money(100, "EUR"), refund),
    }
    assert len({told.event_id for told in heard}) == 3


@only("adapter", [ProviderKind.SANDBOX], indirect=True)
@only(
    ("how", "ends_in"),
    [
        ("signature", ForgedWebhook),
        ("body", ForgedWebhook),
        ("stale", ForgedWebhook),
        ("unsigned", ForgedWebhook),
        ("type", Meaning.UNKNOWN),
        ("payment", Meaning.PAYMENT),
        ("state", Meaning.PAYMENT),
    ],
)
async def test_a_forgery_is_seen_and_a_lie_is_only_a_reason_to_ask(
    adapter: AdapterStage,
    told_sandbox: RunningSandbox,
    trap: Trap,
    how: str,
    ends_in: type[Exception] | Meaning,
) -> None:
    attempt = await authorized(adapter, capture=True)
    (first,) = trap.wait(attempt.reference, 1)
    trap.caught.clear()

    path = f"/control/webhooks/{first.json['id']}/forge"
    assert told_sandbox.control.post(path, json={"how": how}).is_success
    eventually(lambda: bool(trap.caught))

    if isinstance(ends_in, Meaning):
        assert read(adapter, trap.caught[0]).meaning is ends_in
    else:
        with pytest.raises(ends_in):
            read(adapter, trap.caught[0])


@only("adapter", [ProviderKind.STRIPE], indirect=True)
async def test_localstripe_tells_of_a_sale(
    adapter: AdapterStage, localstripe: RunningLocalstripe, trap: Trap
) -> None:
    localstripe.send_webhooks_to(trap.url.replace("{acquirer}", "STRIPE"), STRIPE_HOOKS[1])
    attempt = await authorized(adapter, capture=True)

    eventually(lambda: any(attempt.reference.encode() in one.body for one in trap.caught))
    (caught,) = [one for one in trap.caught if attempt.reference.encode() in one.body]
    told = read(adapter, caught)

    assert (told.type, told.meaning) == ("payment_intent.succeeded", Meaning.PAYMENT)
    assert (told.reference, told.says, told.amount) == (attempt.reference, Says.CAPTURED, AMOUNT)


async def test_a_signed_body_that_is_nothing_of_ours_is_unreadable(adapter: AdapterStage) -> None:
    now = datetime.now(UTC)
    for body in (b"[]", b"{}", b'"x"', b"<html>", b'{"id":"evt_1","type":"payment.updated"}'):
        with pytest.raises(UnreadableWebhook):
            adapter.provider.webhook(body, adapter.signed(body, now), now)
