"""What the API makes of a workflow that is behind its record, after a crash in between."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError

from api.answers import Refusal
from api.card_payments import PaymentDesk
from payments.domain.codes import Code
from payments.domain.payment import CaptureOrder, Payment, PaymentOrder, PaymentStatus, begun
from tests.card_factories import make_bank_order, make_order
from tests.card_fakes import FakePayments

TRACE = "partner_1.20260430T082114123Z.7K3Q9XW2"
S = PaymentStatus


class Refusing:
    """An engine where the payment's workflow refuses everything."""

    def get_workflow_handle(self, *_: object) -> "Refusing":
        return self

    async def execute_update(self, *_: object, **__: object) -> Any:
        cause = ApplicationError("not now", type=Code.PAYMENT_STATE.value)
        raise WorkflowUpdateFailedError(cause)


class RefusingLate(Refusing):
    """One that is first not heard: an update that it refuses arrives, and its answer is the no."""

    async def execute_update(self, *_: object, **__: object) -> Any:
        raise WorkflowUpdateRPCTimeoutOrCancelledError

    async def start_update(self, *_: object, **__: object) -> "RefusingLate":
        return self

    async def result(self, **__: object) -> Any:
        await super().execute_update()


async def refused(
    verb: str,
    status: PaymentStatus,
    order: PaymentOrder | None = None,
    engine: type[Refusing] = Refusing,
) -> Code:
    payment = replace(begun(order or make_order()), status=status)
    payments = FakePayments()
    payments.rows[payment.payment_id] = payment
    desk = PaymentDesk(
        cast("Client", engine()), payments, task_queue="payments", wait=timedelta(seconds=1)
    )
    with pytest.raises(Refusal) as no:
        await _ask(desk, verb, payment)
    return no.value.code


async def _ask(desk: PaymentDesk, verb: str, payment: Payment) -> None:
    match verb:
        case "capture":
            await desk.capture(payment, CaptureOrder("cap_1", TRACE))
        case "cancel":
            await desk.cancel(payment, key="KEY", trace=TRACE)
        case _:
            await desk.confirm(payment, trace=TRACE)


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        ("capture", S.AUTHORIZED),
        ("capture", S.PARTIALLY_CAPTURED),
        ("cancel", S.AUTHORIZED),
        ("cancel", S.REQUIRES_ACTION),
        ("cancel", S.REVIEW),
        ("confirm", S.REQUIRES_ACTION),
    ],
)
async def test_what_the_record_allows_is_not_refused_for_ever(
    verb: str, status: PaymentStatus
) -> None:
    """The same request again finds the workflow where its record is."""
    assert await refused(verb, status) is Code.ENGINE_UNAVAILABLE


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        ("capture", S.PROCESSING),
        ("capture", S.REQUIRES_ACTION),
        ("cancel", S.PROCESSING),
        ("confirm", S.AUTHORIZED),
    ],
)
async def test_what_the_record_does_not_allow_is_refused(verb: str, status: PaymentStatus) -> None:
    assert await refused(verb, status) is Code.PAYMENT_STATE


@pytest.mark.parametrize("status", PaymentStatus)
async def test_a_bank_payment_is_never_captured_and_its_workflow_not_asked(
    status: PaymentStatus,
) -> None:
    """It has no such door, so nothing may be sent there."""
    assert await refused("capture", status, make_bank_order()) is Code.PAYMENT_STATE


@pytest.mark.parametrize(
    ("verb", "status", "code"),
    [
        ("capture", S.AUTHORIZED, Code.ENGINE_UNAVAILABLE),
        ("capture", S.REQUIRES_ACTION, Code.PAYMENT_STATE),
        ("cancel", S.AUTHORIZED, Code.ENGINE_UNAVAILABLE),
        ("cancel", S.PROCESSING, Code.PAYMENT_STATE),
    ],
)
async def test_a_refusal_that_is_heard_late_is_not_taken_for_an_acceptance(
    verb: str, status: PaymentStatus, code: Code
) -> None:
    """A partner who is told that it is under way would wait for ever."""
    assert await refused(verb, status, engine=RefusingLate) is code
