"""A row's payment: sent by whoever begins it in the record, and by nobody after that."""

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.batches import BatchActivities
from activities.failures import BILLER_UNAVAILABLE, RECORD_UNAVAILABLE
from payments.domain.batch_row import RowPayment, RowSent
from payments.domain.bill import Refused
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.row import RowRef
from tests.contracts.factories import make_payment
from tests.fakes.batches import FakeBatches
from tests.fakes.billers import FakeBiller, FakeBillers, Paying
from tests.fakes.transactions import FakeTransactions


class Stage:
    """Steps of batches over a biller and a record, and one row that is under way."""

    def __init__(self) -> None:
        self.biller, self.transactions = FakeBiller(), FakeTransactions()
        self.batches = FakeBatches(self.transactions)
        self.transactions.is_under_way = lambda _: True
        self.asked = RowPayment(RowRef("bat_1", 2), make_payment())
        self.billers = FakeBillers({self.asked.payment.bill.biller_id: self.biller})

    async def pay(self) -> RowSent:
        steps = BatchActivities(self.batches, self.transactions, self.billers, {})
        return await ActivityEnvironment().run(steps.pay, self.asked)

    async def failure(self) -> str | None:
        with pytest.raises(ApplicationError) as caught:
            await self.pay()
        return caught.value.type

    @property
    def sent(self) -> list[str]:
        return [call for call in self.biller.calls if call.startswith("pay")]


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_what_is_begun_just_now_is_sent(stage: Stage) -> None:
    sent = await stage.pay()

    assert sent.outcome is not None
    assert (sent.outcome.kind, sent.refused) == (OutcomeKind.ACCEPTED, None)
    assert stage.sent == [f"pay {stage.asked.payment.transaction_id}"]


async def test_what_was_begun_before_may_have_been_sent_and_is_not_sent_again(stage: Stage) -> None:
    await stage.transactions.begin(stage.asked.payment, stage.asked.ref)

    for _ in range(2):
        sent = await stage.pay()
        assert sent.outcome is not None
        assert sent.outcome.kind is OutcomeKind.UNKNOWN

    assert stage.sent == []


async def test_what_broke_after_it_was_sent_is_not_sent_again(stage: Stage) -> None:
    stage.biller.script.append(Paying.BREAK)

    with pytest.raises(KeyError):
        await stage.pay()
    sent = await stage.pay()

    assert sent.outcome is not None
    assert sent.outcome.kind is OutcomeKind.UNKNOWN
    assert len(stage.sent) == 1


async def test_a_row_that_has_ended_sends_nothing(stage: Stage) -> None:
    stage.transactions.is_under_way = lambda _: False

    assert await stage.pay() == RowSent(refused=Refused(Code.TRANSACTION_ID_USED))
    assert stage.sent == []


async def test_without_the_record_nothing_is_sent(stage: Stage) -> None:
    stage.transactions.unavailable = True

    assert await stage.failure() == RECORD_UNAVAILABLE
    assert stage.sent == []


async def test_without_its_biller_nothing_is_begun(stage: Stage) -> None:
    stage.billers = FakeBillers({})

    assert await stage.failure() == BILLER_UNAVAILABLE
    assert stage.transactions.rows == {}
