"""An ordinary bill, from the look-up to the receipt, as a partner with one of the SDKs pays it."""

import asyncio
from decimal import Decimal

import pytest
from quittance import AsyncQuittance, Quittance, Transaction, TransactionState

from tests.evidence import Evidence, minor
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id

# Currency and what the seeds have agreed on: a flat fee in minor units, and 25 basis points.
BILLERS = {"DESCO": ("BDT", 500), "TOKYOGAS": ("JPY", 30), "BAHWATER": ("BHD", 50)}


def pay(gateway: RunningGateway, bill: TestBill, order: str) -> Transaction:
    key = gateway.partner()
    with Quittance(gateway.api, key.api_key, key.secret) as quittance:
        found = quittance.bills.lookup(**asked(bill))
        assert (found.state, found.currency) == ("PAYABLE", BILLERS[bill.biller_id][0])
        lock = quittance.bills.lock(**asked(bill))
        assert lock.amount == found.amount
        assert (lock.expires_at - lock.locked_at).total_seconds() == 300
        assert quittance.bills.lookup(**asked(bill)).state == "LOCKED"
        paid = quittance.bills.pay(lock, order, found.amount)
        assert quittance.bills.lookup(**asked(bill)).state == "PAID"
        status = quittance.transactions.status(paid.transaction_id)
    assert (status.paid_at, status.biller_reference) == (paid.paid_at, paid.biller_reference)
    return paid


async def pay_async(gateway: RunningGateway, bill: TestBill, order: str) -> Transaction:
    key = gateway.partner()
    async with AsyncQuittance(gateway.api, key.api_key, key.secret) as quittance:
        found = await quittance.bills.lookup(**asked(bill))
        lock = await quittance.bills.lock(**asked(bill))
        assert lock.amount == found.amount
        paid = await quittance.bills.pay(lock, order)
        status = await quittance.transactions.wait(order)
    assert (status.paid_at, status.biller_reference) == (paid.paid_at, paid.biller_reference)
    return paid


@pytest.mark.parametrize("biller_id", BILLERS)
@pytest.mark.parametrize("sdk", ["sync", "async"])
async def test_an_ordinary_bill_is_paid_once(
    gateway: RunningGateway,
    partner: PartnerClient,
    evidence: Evidence,
    biller_id: str,
    sdk: str,
) -> None:
    bill, order = TestBill(biller_id=biller_id), new_id()

    if sdk == "sync":
        paid = await asyncio.to_thread(pay, gateway, bill, order)
    else:
        paid = await pay_async(gateway, bill, order)

    assert paid.state is TransactionState.PAID
    assert paid.partner_transaction_id == order
    assert paid.locked_at is not None
    assert paid.paid_at is not None
    assert paid.locked_at < paid.paid_at
    currency, flat_minor = BILLERS[biller_id]
    assert paid.fee == fee_of(paid.amount, currency, flat_minor)
    status = await evidence.paid_once(partner, bill, order)
    assert Decimal(status.data["amount"]) == paid.amount
    assert set(await evidence.postings(paid.transaction_id)) == {"paid"}
    assert paid.biller_reference is not None
    assert paid.biller_reference.startswith(f"{biller_id}-")


def asked(bill: TestBill) -> dict[str, str]:
    return {
        "biller_id": bill.biller_id,
        "bill_number": bill.number,
        "billing_period": bill.billing_period,
    }


def fee_of(amount: Decimal, currency: str, flat_minor: int) -> Decimal:
    """The flat part and a quarter of a per cent; what is less than a minor unit is not charged."""
    digits = {"BDT": 2, "JPY": 0, "BHD": 3}[currency]
    return Decimal(flat_minor + minor(str(amount), currency) // 400).scaleb(-digits)
