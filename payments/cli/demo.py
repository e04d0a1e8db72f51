"""Pay one bill against a running stack, step by step, and show what it left behind.

Everything is seen through the doors that others have: the partner's SDK, Temporal's own client, and
the ledger in PostgreSQL.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from quittance import AsyncQuittance, Lock, Transaction
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from payments.bootstrap import open_ledger
from payments.cli.tables import entries_table
from payments.domain import ids
from payments.domain.bill import BillRef

BILLER = "DESCO"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stack:
    """What stack.json says of a running stack."""

    api: str
    temporal_address: str
    temporal_ui: str
    database_url: str
    api_key: str
    secret: str

    @classmethod
    def read(cls, home: Path) -> "Stack":
        """Raises FileNotFoundError when no stack is running there."""
        told: dict[str, Any] = json.loads((home / "stack.json").read_text())
        partner = told["partners"][0]
        return cls(
            api=told["api"],
            temporal_address=told["temporalAddress"],
            temporal_ui=told["temporalUi"],
            database_url=told["databaseUrl"],
            api_key=partner["apiKey"],
            secret=partner["secret"],
        )


def fresh_bill() -> BillRef:
    """Every ten digit number is a bill; one that ends in 00 to 89 is an ordinary one."""
    number = f"{secrets.randbelow(10**8):08d}{secrets.randbelow(90):02d}"
    return BillRef(BILLER, number, datetime.now(UTC).strftime("%Y-%m"))


async def run(stack: Stack, console: Console) -> Transaction:
    """The scenario. Raises what the SDK raises when a step fails."""
    bill = fresh_bill()
    async with AsyncQuittance(stack.api, stack.api_key, stack.secret) as quittance:
        told = _Teller(console)
        found = await told(
            "look up",
            lambda: quittance.bills.lookup(bill.biller_id, bill.bill_number, bill.billing_period),
            lambda each: f"{each.customer_name} owes {each.amount} {each.currency}",
        )
        lock: Lock = await told(
            "lock",
            lambda: quittance.bills.lock(bill.biller_id, bill.bill_number, bill.billing_period),
            lambda each: f"until {each.expires_at:%H:%M:%S} UTC",
        )
        reference = f"DEMO-{secrets.token_hex(4).upper()}"
        await told(
            "pay",
            lambda: quittance.bills.pay(lock, reference, found.amount),
            lambda each: f"{each.state} as {each.transaction_id}",
        )
        paid = await told(
            "check",
            lambda: quittance.transactions.wait(reference),
            lambda each: f"{each.state}, biller's receipt {each.biller_reference}",
        )
    await _show_engine(stack, bill, console)
    await _show_ledger(stack, paid.transaction_id, console)
    _print_receipt(paid, console)
    return paid


class _Teller:
    """Runs a step and says in one line what came of it and how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def __call__(
        self, name: str, step: Callable[[], Awaitable[T]], tell: Callable[[T], str]
    ) -> T:
        started = time.perf_counter()
        result = await step()
        elapsed_ms = (time.perf_counter() - started) * 1000
        self._console.print(f"  [bold]{name:<8}[/] {tell(result)}  [dim]{elapsed_ms:.0f} ms[/]")
        return result


async def _show_engine(stack: Stack, bill: BillRef, console: Console) -> None:
    client = await Client.connect(stack.temporal_address)
    workflow_id = ids.bill_lock(bill)
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    events = len(history.events)
    console.print(f"  [bold]temporal[/] {workflow_id}: {events} events in its history")
    url = f"{stack.temporal_ui}/namespaces/default/workflows/{workflow_id}"
    console.print(f"           {url}", soft_wrap=True)


async def _show_ledger(stack: Stack, transaction_id: str, console: Console) -> None:
    async with open_ledger(stack.database_url) as ledger:
        entries = await ledger.entries(transaction_id)
    console.print(entries_table(transaction_id, entries))


def _print_receipt(paid: Transaction, console: Console) -> None:
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
    console.print(table)


def main(home: Path) -> None:
    asyncio.run(run(Stack.read(home), Console()))
