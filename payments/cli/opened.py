"""What every command does that needs the record: open it, work, and say plainly what cannot be.

What opens it is imported when it is opened: it takes a second, and most commands, and the
development stack, need none of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from rich.console import Console

from payments.config import Settings

if TYPE_CHECKING:
    from payments.bootstrap import Record, RuleDesk

Opened = TypeVar("Opened")
Told = TypeVar("Told")


def with_record(work: Callable[["Record"], Awaitable[None]]) -> None:
    from payments.bootstrap import open_record

    _with_opened(open_record, work)


def with_rule_book(work: Callable[["RuleDesk"], Awaitable[None]]) -> None:
    from payments.bootstrap import open_rule_book

    _with_opened(open_rule_book, work)


def heard(said: Coroutine[Any, Any, Told]) -> Told:
    """What it comes to. A LookupError or ValueError is told in red, and the command ends with 1."""
    try:
        return asyncio.run(said)
    except (LookupError, ValueError) as refused:
        Console(stderr=True).print(str(refused), style="red", markup=False)
        raise typer.Exit(1) from None


def there(found: Told | None, what: str) -> Told:
    """Raises LookupError when what was looked for is not there."""
    if found is None:
        raise LookupError(f"there is no {what}")
    return found


def _with_opened(
    opening: Callable[[Settings], AbstractAsyncContextManager[Opened]],
    work: Callable[[Opened], Awaitable[None]],
) -> None:
    async def run() -> None:
        async with opening(Settings.from_env()) as opened:
            await work(opened)

    heard(run())
