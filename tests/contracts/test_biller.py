"""What every biller promises: the adapter over HTTP to the real sandbox, and the fake of the tests.

No money can move: the sandbox is a process of ours on this machine.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from payments.adapters.billers.http.biller import HttpBiller
from payments.adapters.billers.http.client import Client
from payments.adapters.billers.recorded import RecordedBiller
from payments.domain.bill import Bill, BillPayment, BillRef, Refused
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.outside.wire import Timeouts, open_http
from payments.ports.biller import BillerUnavailable
from tests.contracts.biller_stages import Clock, FakeStage, HttpStage, Stage, new_bill
from tests.fakes.billers import CAPABILITIES, FakeBiller, Paying
from tests.fakes.journal import FakeCallLog
from tests.sandbox.running_sandbox import RunningSandbox


@pytest.fixture(scope="module")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "journal.jsonl")
    yield running
    running.stop()


@pytest.fixture(params=["fake", "http"])
async def stage(
    request: pytest.FixtureRequest, sandbox_process: RunningSandbox
) -> AsyncIterator[Stage]:
    clock = Clock()
    if request.param == "fake":
        yield FakeStage(FakeBiller(clock=clock, capabilities=CAPABILITIES), clock)
        return
    async with open_http() as http:
        client = Client(
            http,
            base_url=str(sandbox_process.biller.base_url),
            biller_id="DESCO",
            timeouts=Timeouts(quick_s=30, money_s=30),
        )
        adapter = HttpBiller(client, currency="BDT", capabilities=CAPABILITIES, now=clock)
        recorded = RecordedBiller("DESCO", adapter, FakeCallLog())
        yield HttpStage(sandbox_process, recorded, clock)
    sandbox_process.reset()


async def payment_of(stage: Stage, bill: BillRef) -> BillPayment:
    """A payment of what the biller says is owed, under a hold."""
    lock_id = str(uuid4())
    held = await stage.biller.hold(bill, hold_id=lock_id)
    assert isinstance(held, Bill)
    now = stage.clock()
    return BillPayment(
        transaction_id=f"TXN-2026-04-{uuid4().hex[:16].upper()}",
        partner_id="partner_1",
        partner_transaction_id="theirs",
        lock_id=lock_id,
        bill=bill,
        amount=held.amount,
        fee=Money(100, "BDT"),
        locked_at=now,
        accepted_at=now,
        trace="trace",
    )


async def test_a_bill_says_what_is_owed_and_hides_whose_it_is(stage: Stage) -> None:
    ref = new_bill()

    bill = await stage.biller.lookup(ref)

    assert isinstance(bill, Bill)
    assert bill.ref == ref
    assert bill.amount.minor > 0
    assert bill.amount.currency == "BDT"
    assert not bill.paid
    assert all(word[1:] == "*****" for word in bill.customer_name.split())


async def test_a_bill_that_does_not_exist_is_refused(stage: Stage) -> None:
    bill = stage.missing_bill()

    assert await stage.biller.lookup(bill) == Refused(Code.BILL_NOT_FOUND)
    assert await stage.biller.hold(bill, hold_id="hold") == Refused(Code.BILL_NOT_FOUND)


async def test_a_hold_is_idempotent_and_keeps_others_out(stage: Stage) -> None:
    bill = new_bill()

    first = await stage.biller.hold(bill, hold_id="first")
    again = await stage.biller.hold(bill, hold_id="first")
    other = await stage.biller.hold(bill, hold_id="other")

    assert isinstance(first, Bill)
    assert again == first
    assert other == Refused(Code.BILL_LOCKED)


async def test_only_the_very_hold_is_released_and_twice_is_harmless(stage: Stage) -> None:
    bill = new_bill()
    await stage.biller.hold(bill, hold_id="first")

    await stage.biller.release(bill, hold_id="other")
    still = await stage.biller.hold(bill, hold_id="other")
    await stage.biller.release(bill, hold_id="first")
    await stage.biller.release(bill, hold_id="first")
    free = await stage.biller.hold(bill, hold_id="other")

    assert still == Refused(Code.BILL_LOCKED)
    assert isinstance(free, Bill)


async def test_a_payment_is_accepted_and_known_under_its_reference(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)

    paid = await stage.biller.pay(payment)
    confirmed = await stage.biller.confirm(payment, sent_by=stage.clock())

    assert paid.kind is OutcomeKind.ACCEPTED
    assert paid.reference
    assert paid.at is not None
    assert (confirmed.kind, confirmed.reference) == (paid.kind, paid.reference)
    assert stage.effects(bill) == 1


async def test_the_same_payment_again_is_one_effect_and_the_same_answer(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)

    first = await stage.biller.pay(payment)
    again = await stage.biller.pay(payment)

    assert again.kind is OutcomeKind.ACCEPTED
    assert again.reference == first.reference
    assert stage.effects(bill) == 1


async def test_a_paid_bill_is_neither_held_nor_paid_again(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)
    await stage.biller.pay(payment)

    held = await stage.biller.hold(bill, hold_id="other")
    found = await stage.biller.lookup(bill)

    assert held == Refused(Code.BILL_ALREADY_PAID)
    assert isinstance(found, Bill)
    assert found.paid


async def test_a_decline_is_an_answer_that_stays(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)
    stage.next_payment(Paying.DECLINE)

    declined = await stage.biller.pay(payment)
    confirmed = await stage.biller.confirm(payment, sent_by=stage.clock())

    assert (declined.kind, declined.code) == (OutcomeKind.DECLINED, Code.ACCOUNT_BLOCKED)
    assert (confirmed.kind, confirmed.code) == (OutcomeKind.DECLINED, Code.ACCOUNT_BLOCKED)
    assert stage.effects(bill) == 0


async def test_a_lost_answer_is_unknown_and_then_found_accepted(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)
    stage.next_payment(Paying.LOSE_ANSWER)

    lost = await stage.biller.pay(payment)
    found = await stage.biller.confirm(payment, sent_by=stage.clock())

    assert lost.kind is OutcomeKind.UNKNOWN
    assert found.kind is OutcomeKind.ACCEPTED
    assert stage.effects(bill) == 1


async def test_a_lost_request_is_unknown_until_it_would_be_visible(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)
    stage.next_payment(Paying.LOSE_REQUEST)

    lost = await stage.biller.pay(payment)
    sent_by = stage.clock()
    early = await stage.biller.confirm(payment, sent_by=sent_by)
    stage.clock.ahead = CAPABILITIES.settles_within
    late = await stage.biller.confirm(payment, sent_by=sent_by)
    again = await stage.biller.pay(payment)

    assert lost.kind is OutcomeKind.UNKNOWN
    assert early.kind is OutcomeKind.UNKNOWN
    assert late.kind is OutcomeKind.NOT_SENT
    assert again.kind is OutcomeKind.ACCEPTED
    assert stage.effects(bill) == 1


async def test_a_biller_that_cannot_be_reached_was_surely_not_sent_anything(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)
    stage.next_payment(Paying.UNREACHABLE)

    # A connection that was kept open is found dead here: a payment on it would be UNKNOWN.
    with pytest.raises(BillerUnavailable):
        await stage.biller.lookup(bill)
    paid = await stage.biller.pay(payment)
    confirmed = await stage.biller.confirm(payment, sent_by=stage.clock() - timedelta(hours=1))

    assert paid.kind is OutcomeKind.NOT_SENT
    assert confirmed.kind is OutcomeKind.UNKNOWN
    with pytest.raises(BillerUnavailable):
        await stage.biller.hold(bill, hold_id="hold")
    with pytest.raises(BillerUnavailable):
        await stage.biller.release(bill, hold_id="hold")


async def test_a_pending_payment_is_pending_until_it_is_decided(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)
    stage.pending()

    taken = await stage.biller.pay(payment)
    asked = await stage.biller.confirm(payment, sent_by=stage.clock())
    await stage.decide(payment)
    decided = await stage.biller.confirm(payment, sent_by=stage.clock())

    assert taken.kind is OutcomeKind.PENDING
    assert asked.kind is OutcomeKind.PENDING
    assert decided.kind is OutcomeKind.ACCEPTED
    assert stage.effects(bill) == 1


async def test_a_bill_paid_elsewhere_after_the_hold_is_declined(stage: Stage) -> None:
    bill = new_bill()
    payment = await payment_of(stage, bill)
    stage.pay_elsewhere(bill)

    outcome = await stage.biller.pay(payment)

    assert (outcome.kind, outcome.code) == (OutcomeKind.DECLINED, Code.BILL_ALREADY_PAID)
