"""`cli.py trace`: what one request was, from its trace alone and then from its row."""

from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from payments.bootstrap import open_record
from payments.config import Settings
from payments.domain.trace import Trace


async def show(settings: Settings, text: str, console: Console) -> bool:
    """Print the trace's parts and its request-log row. False when there is no such row."""
    trace = Trace.parse(text)
    table = Table(title=text, title_justify="left", show_header=False)
    table.add_row("partner", trace.partner)
    table.add_row("received at", trace.at.isoformat(timespec="milliseconds"))
    async with open_record(settings) as record:
        row = await record.request_log.find(text)
    if row is not None:
        for name, value in asdict(row).items():
            table.add_row(name, str(value))
    console.print(table)
    return row is not None
