"""Steps in our record: what they return, and how an outage is told to Temporal."""

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.transactions import TransactionActivities
from payments.domain.bill import LockState, Refused, TransactionState
from payments.domain.codes import Code
from payments.domain.lock import ClosedLock, Settlement
from payments.domain.outcome import Outcome, OutcomeKind
from tests.contracts.factories import make_lock, make_payment
from tests.fakes.transactions import FakeTransactions


@pytest.fixture
def record() -> FakeTransactions:
    return FakeTransactions()


@pytest.fixture
def steps(record: FakeTransactions) -> TransactionActivities:
    return TransactionActivities(record)


async def test_a_payment_is_begun_once_and_another_of_its_name_is_refused(
    steps: TransactionActivities,
) -> None:
    payment = make_payment(partner_transaction_id="order-1")
    other = make_payment(partner_transaction_id="order-1")

    assert await ActivityEnvironment().run(steps.begin, payment) is None
    assert await ActivityEnvironment().run(steps.begin, payment) is None
    refused = await ActivityEnvironment().run(steps.begin, other)
    assert refused == Refused(Code.TRANSACTION_ID_USED)


async def test_a_payment_is_suspended_and_then_settled_from_suspense(
    steps: TransactionActivities, record: FakeTransactions
) -> None:
    payment = make_payment()
    outcome = Outcome(OutcomeKind.ACCEPTED, reference="DESCO-1")
    await ActivityEnvironment().run(steps.begin, payment)

    await ActivityEnvironment().run(steps.suspend, payment)
    settled = await ActivityEnvironment().run(steps.settle, Settlement(payment, outcome))

    assert settled.state is TransactionState.PAID
    assert [key.split(":")[0] for key in record.ledger.postings] == ["suspended", "paid"]


async def test_a_closed_lock_names_the_payment_that_was_lost_in_it(
    steps: TransactionActivities,
) -> None:
    lock = make_lock()
    payment = make_payment(lock_id=lock.lock_id, bill=lock.bill)
    closed = ClosedLock(lock, LockState.EXPIRED)

    assert await ActivityEnvironment().run(steps.close_lock, closed) is None
    await ActivityEnvironment().run(steps.begin, payment)
    assert await ActivityEnvironment().run(steps.close_lock, closed) == payment


@pytest.mark.parametrize("step", ["begin", "suspend", "settle", "close_lock"])
async def test_an_outage_fails_a_step_so_that_it_is_tried_again(
    steps: TransactionActivities, record: FakeTransactions, step: str
) -> None:
    record.unavailable = True
    payment = make_payment()
    arguments = {
        "settle": Settlement(payment, Outcome(OutcomeKind.ACCEPTED)),
        "close_lock": ClosedLock(make_lock(), LockState.EXPIRED),
    }

    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(getattr(steps, step), arguments.get(step, payment))

    assert (caught.value.type, caught.value.non_retryable) == ("RecordUnavailable", False)
