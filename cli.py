"""The command line: `python cli.py dev | demo | migrate | partner | ledger | trace | …`.

Each command is a few lines here; what it does lives in payments/cli or behind payments.bootstrap.
"""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from payments.config import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Quittance, the gateway.")
console = Console()


def home() -> Path:
    """Where the development stack keeps its state."""
    return Path(os.environ.get("QUITTANCE_HOME", ".quittance")).absolute()


@app.command()
def demo() -> None:
    """Pay one bill against the running stack and show what happened in Temporal and the ledger."""
    from payments.cli import demo as scenario

    scenario.main(home())
