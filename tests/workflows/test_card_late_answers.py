"""What the API tells of an update whose answer it did not wait for, by a real engine."""

from datetime import timedelta

import pytest

from api.answers import Refusal
from api.card_payments import PaymentDesk
from payments.domain.codes import Code
from payments.domain.payment import CaptureOrder
from tests.patience import until
from tests.provider_script import How
from tests.workflows.card_desk import TRACE, CardDesk, make_order

HASTE = timedelta(milliseconds=1)


def hasty(cards: CardDesk) -> PaymentDesk:
    """An API that never waits long enough to hear an answer."""
    return PaymentDesk(cards.client, cards.payments, task_queue=cards.task_queue, wait=HASTE)


async def test_a_refused_capture_is_refused_and_not_under_way(cards: CardDesk) -> None:
    cards.north.takes(How.CHALLENGE)
    _, payment = await cards.charge(make_order(capture=False))

    async def refused() -> Code | None:
        with pytest.raises(Refusal) as no:
            await hasty(cards).capture(payment, CaptureOrder("cap_1", TRACE))
        # A busy engine has not even said that it arrived: the same request is asked again.
        return None if no.value.code is Code.OUTCOME_UNKNOWN else no.value.code

    code = await until(refused, 60, "the capture is not refused")
    assert code is Code.PAYMENT_STATE


async def test_an_accepted_capture_is_captured(cards: CardDesk) -> None:
    handle, payment = await cards.authorize()

    async def answered() -> bool:
        try:
            await hasty(cards).capture(payment, CaptureOrder("cap_1", TRACE))
        except Refusal as refused:
            if refused.code is not Code.OUTCOME_UNKNOWN:
                raise
            return False
        return True

    await until(answered, 60, "the capture is not accepted")
    assert (await handle.result()).value == "captured"
    assert cards.events == ["authorized", "captured"]
