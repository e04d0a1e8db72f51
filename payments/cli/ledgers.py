"""`cli.py ledger`: balances, and the entries of one transaction."""

from rich.console import Console
from rich.table import Table

from payments.bootstrap import open_record
from payments.cli.tables import entries_table
from payments.config import Settings


async def balances(settings: Settings, console: Console) -> None:
    """Debits are positive. The sums of one currency add up to zero, always."""
    async with open_record(settings) as record:
        found = await record.ledger.balances()
    table = Table("account", "currency")
    table.add_column("balance", justify="right")
    for balance in found:
        table.add_row(balance.account, balance.amount.currency, str(balance.amount))
    console.print(table)


async def show(settings: Settings, subject: str, console: Console) -> bool:
    """False when nothing was ever posted about it."""
    async with open_record(settings) as record:
        entries = await record.ledger.entries(subject)
    console.print(entries_table(subject, entries))
    return bool(entries)
