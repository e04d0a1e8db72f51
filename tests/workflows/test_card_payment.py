"""The life of a card payment: taken at once, declined, tried elsewhere, held, refused."""

from payments.domain.payment import PaymentStatus
from tests.workflows.card_desk import CardDesk, first, make_order


async def test_a_card_is_charged_at_once_and_written_down(cards: CardDesk) -> None:
    order = make_order()

    handle, payment = await cards.charge(order)

    assert payment.status is PaymentStatus.CAPTURED
    assert (payment.captured_minor, payment.fee_minor) == (10_000, 170)
    assert payment.provider_reference == f"acq_{first(order)}"
    assert cards.north.effects == [f"take {first(order)} 10000"]
    assert (cards.kinds, cards.events) == (["captured"], ["captured"])
    assert await handle.result() is PaymentStatus.CAPTURED
