"""How money looks in a terminal."""

from collections.abc import Sequence

from rich.table import Table

from payments.ports.ledger import PostedEntry


def entries_table(subject: str, entries: Sequence[PostedEntry]) -> Table:
    """Postings as an accountant reads them: debits left, credits right."""
    table = Table("posting", "account", title=f"Ledger: {subject}", title_justify="left")
    for side in ("debit", "credit"):
        table.add_column(side, justify="right")
    for entry in entries:
        debit = entry.amount.minor > 0
        told = f"{entry.amount if debit else -entry.amount} {entry.amount.currency}"
        sides = (told, "") if debit else ("", told)
        table.add_row(entry.key.partition(":")[0], entry.account, *sides)
    return table
