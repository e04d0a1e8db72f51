"""A lock token pays one bill once, for its holder; a transactionId names one payment."""

from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, TestBill, new_id


async def test_a_lock_given_back_can_be_taken_by_another(
    partner: PartnerClient, other_partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order = TestBill(), new_id()
    token = await partner.locked(bill)
    refused = await other_partner.lock(bill)
    assert (refused.code, refused.data["heldByYou"]) == ("P1101", False)
    again = await partner.lock(bill)
    assert (again.code, again.data["heldByYou"]) == ("P1101", True)

    released = await partner.post("/bill/unlock", {"lockToken": token})

    assert (released.code, released.data["state"]) == ("P0000", "RELEASED")
    await evidence.nothing_moved(bill)
    others = await other_partner.locked(bill)
    # The first partner's token is of another lock of the same bill: it opens nothing any more.
    late = await partner.pay(token, new_id())
    assert late.code == "P1103"
    assert (await partner.post("/bill/unlock", {"lockToken": token})).code == "P1103"
    assert (await other_partner.pay(others, order)).code == "P0000"
    await evidence.paid_once(other_partner, bill, order)


async def test_the_token_of_one_partner_is_nothing_to_another(
    partner: PartnerClient, other_partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order = TestBill(), new_id()
    token = await partner.locked(bill)

    stolen = await other_partner.pay(token, new_id())
    unlocked = await other_partner.post("/bill/unlock", {"lockToken": token})

    assert (stolen.code, unlocked.code) == ("P1103", "P1103")
    await evidence.nothing_moved(bill)
    assert (await partner.pay(token, order)).code == "P0000"
    await evidence.paid_once(partner, bill, order)
    assert (await other_partner.status(order)).code == "P1201"


async def test_the_same_payment_again_has_the_same_answer(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order = TestBill(), new_id()
    token = await partner.locked(bill)

    answers = [await partner.pay(token, order) for _ in range(3)]

    assert {answer.code for answer in answers} == {"P0000"}
    first, *others = (answer.data for answer in answers)
    assert others == [first, first]
    await evidence.paid_once(partner, bill, order)


async def test_another_transaction_on_a_used_token_is_refused(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order, other = TestBill(), new_id(), new_id()
    token = await partner.locked(bill)
    assert (await partner.pay(token, order)).code == "P0000"

    refused = await partner.pay(token, other)

    assert refused.code == "P1105"
    assert (await partner.status(other)).code == "P1201"
    assert (await partner.post("/bill/unlock", {"lockToken": token})).code == "P1107"
    assert (await partner.lock(bill)).code == "P1002"
    await evidence.paid_once(partner, bill, order)


async def test_a_transaction_id_that_named_one_payment_pays_no_other_bill(
    partner: PartnerClient, evidence: Evidence
) -> None:
    paid, bill, order, new_order = TestBill(), TestBill(), new_id(), new_id()
    assert (await partner.pay(await partner.locked(paid), order)).code == "P0000"
    token = await partner.locked(bill)

    refused = await partner.pay(token, order)

    assert refused.code == "P1106"
    await evidence.nothing_moved(bill)
    # The refusal came before anything moved, so the lock is still good for a payment of its own.
    assert (await partner.pay(token, new_order)).code == "P0000"
    await evidence.paid_once(partner, bill, new_order)
    await evidence.paid_once(partner, paid, order)


async def test_two_partners_may_give_their_payments_the_same_name(
    partner: PartnerClient, other_partner: PartnerClient, evidence: Evidence
) -> None:
    order, first, second = new_id(), TestBill(), TestBill()

    for each, bill in ((partner, first), (other_partner, second)):
        assert (await each.pay(await each.locked(bill), order)).code == "P0000"

    mine = await evidence.paid_once(partner, first, order)
    theirs = await evidence.paid_once(other_partner, second, order)
    assert mine.data["transactionId"] != theirs.data["transactionId"]
    foreign = await partner.status(theirs.data["transactionId"])
    assert foreign.code == "P1201"


async def test_an_amount_that_is_not_the_locked_one_moves_nothing(
    partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order = TestBill(), new_id()
    lock = await partner.lock(bill)

    refused = await partner.pay(lock.data["lockToken"], order, amount="1.00")

    assert refused.code == "P1104"
    await evidence.nothing_moved(bill)
    amount = lock.data["amount"]
    assert (await partner.pay(lock.data["lockToken"], order, amount=amount)).code == "P0000"
    await evidence.paid_once(partner, bill, order)
