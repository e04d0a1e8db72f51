"""A payment at a bank of which nobody knows for a while: asked after, and never guessed."""

from payments.domain.card import Decline
from payments.domain.codes import Code
from payments.domain.payment import PaymentStatus
from tests.provider_script import How
from tests.workflows.card_desk import CardDesk, first, make_bank_order
from tests.workflows.test_bank_ends import left


async def test_a_lost_answer_waits_in_suspense_until_the_bank_page_is_known(
    cards: CardDesk,
) -> None:
    cards.north.takes(How.LOSE_ANSWER)
    cards.north.silent = True
    order = make_bank_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.ask", attempts=2)
    unknown = cards.status(order), cards.balance()
    book = cards.north.books[first(order)]
    book.state, book.expires_at = "CHALLENGE", order.deadline
    cards.north.effects.clear()
    book.captures.clear()

    cards.north.silent = False
    await cards.told(handle)
    _, asked = await paying
    cards.north.ponder(first(order))
    thinking = await cards.confirm(handle)
    cards.north.approve(first(order))
    paid = await cards.told(handle)

    assert unknown == (
        PaymentStatus.PROCESSING,
        {"provider_receivable": 10_000, "suspense": -10_000},
    )
    assert asked.status is PaymentStatus.REQUIRES_ACTION
    assert thinking.status is PaymentStatus.PROCESSING
    assert paid.status is PaymentStatus.CAPTURED
    assert cards.kinds == ["suspended", "returned", "captured"]
    assert cards.north.calls.count(f"authorize {first(order)}") == 1
    assert cards.south.calls == []


async def test_a_bank_that_thinks_takes_it_out_of_the_customers_hands(cards: CardDesk) -> None:
    handle, reference = await cards.at_the_bank()

    cards.north.ponder(reference)
    thinking = await cards.confirm(handle)
    in_between = cards.balance()
    cards.north.approve(reference)
    paid = await cards.told(handle)

    assert thinking.status is PaymentStatus.PROCESSING
    assert in_between == {"provider_receivable": 10_000, "suspense": -10_000}
    assert paid.status is PaymentStatus.CAPTURED
    assert cards.kinds == ["suspended", "captured"]


async def test_a_bank_that_thinks_past_the_end_of_the_page_is_waited_for(cards: CardDesk) -> None:
    order = make_bank_order()
    handle, reference = await cards.at_the_bank(order)
    cards.north.ponder(reference)

    await left(cards, handle)
    await cards.until_status(order, PaymentStatus.PROCESSING)
    cards.north.decline(reference, Decline(Code.INSUFFICIENT_FUNDS, "nsf"))
    payment = await cards.told(handle)

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.INSUFFICIENT_FUNDS)
    assert cards.balance() == {}
    assert "void" not in " ".join(cards.north.calls)
