"""Pay one bill and one card payment against a running stack, and show what they left behind."""

import asyncio
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from quittance import Lock, Transaction
from rich.console import Console
from rich.table import Table

from payments.cli import demo_card
from payments.cli.demo_stage import Stack, Stage
from payments.domain import ids
from payments.domain.bill import BillRef

BILLER: Final = "DESCO"


def fresh_bill() -> BillRef:
    """Every ten digit number is a bill; one that ends in 00 to 89 is an ordinary one."""
    number = f"{secrets.randbelow(10**8):08d}{secrets.randbelow(90):02d}"
    return BillRef(BILLER, number, datetime.now(UTC).strftime("%Y-%m"))


async def run(stage: Stage) -> None:
    """Both scenes. Raises what the SDK raises when a step fails."""
    await _pay_a_bill(stage)
    await demo_card.pay_by_card(stage)


async def _pay_a_bill(stage: Stage) -> None:
    bill = fresh_bill()
    async with stage.stack.partner() as quittance:
        found = await stage.told(
            "look up",
            lambda: quittance.bills.lookup(bill.biller_id, bill.bill_number, bill.billing_period),
            lambda each: f"{each.customer_name} owes {each.amount} {each.currency}",
        )
        lock: Lock = await stage.told(
            "lock",
            lambda: quittance.bills.lock(bill.biller_id, bill.bill_number, bill.billing_period),
            lambda each: f"until {each.expires_at:%H:%M:%S} UTC",
        )
        reference = f"DEMO-{secrets.token_hex(4).upper()}"
        await stage.told(
            "pay",
            lambda: quittance.bills.pay(lock, reference, found.amount),
            lambda each: f"{each.state} as {each.transaction_id}",
        )
        paid = await stage.told(
            "check",
            lambda: quittance.transactions.wait(reference),
            lambda each: f"{each.state}, biller's receipt {each.biller_reference}",
        )
    await stage.show_engine(ids.bill_lock(bill))
    await stage.show_ledger(paid.transaction_id)
    stage.console.print(_receipt(paid))


def _receipt(paid: Transaction) -> Table:
    table = Table(title="Receipt", title_justify="left", show_header=False)
    rows = {
        "transaction": paid.transaction_id,
        "yours": paid.partner_transaction_id,
        "bill": f"{paid.biller_id} {paid.bill_number} of {paid.billing_period}",
        "amount": f"{paid.amount} {paid.currency}",
        "fee": f"{paid.fee} {paid.currency}",
        "paid at": f"{paid.paid_at:%Y-%m-%d %H:%M:%S} UTC" if paid.paid_at else "",
        "biller's receipt": paid.biller_reference or "",
        "trace": paid.trace,
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def main(home: Path) -> None:
    asyncio.run(run(Stage(Stack.read(home), Console())))
