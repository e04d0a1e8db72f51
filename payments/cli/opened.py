"""What every command does that needs the record: open it, work, and say plainly what cannot be."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import typer
from rich.console import Console

from payments.bootstrap import Record, open_record
from payments.config import Settings

Opened = TypeVar("Opened")


def with_record(work: Callable[[Record], Awaitable[None]]) -> None:
    with_opened(open_record, work)


def with_opened(
    opening: Callable[[Settings], AbstractAsyncContextManager[Opened]],
    work: Callable[[Opened], Awaitable[None]],
) -> None:
    """A LookupError or ValueError is told in red, and the command ends with 1."""

    async def run() -> None:
        async with opening(Settings.from_env()) as opened:
            await work(opened)

    try:
        asyncio.run(run())
    except (LookupError, ValueError) as refused:
        Console(stderr=True).print(str(refused), style="red", markup=False)
        raise typer.Exit(1) from None
