"""The sandbox as a process: open the journal, open both listeners, run until SIGTERM or Ctrl-C."""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from sandbox.biller.app import BillerDoor
from sandbox.biller.behaviour import Conduct
from sandbox.biller.books import Books
from sandbox.biller.clearing import Clearing
from sandbox.biller.entries import entry_from
from sandbox.control_app import ControlDoor
from sandbox.journal import Journal, JournalBroken
from sandbox.listener import Listener

log = logging.getLogger("sandbox")

# Two waits of this length at most, so that the process ends within two seconds of its signal.
GRACE_S = 0.4


async def run(*, host: str, port: int, biller_port: int, journal_path: Path) -> int:
    """Return the exit status."""
    stopping = _stop_on_signals()
    try:
        journal = Journal(journal_path)
        books = Books(journal.append)
        journal.replay(lambda fields: books.fold(entry_from(fields)))
    except (JournalBroken, OSError) as error:
        log.error("journal.unusable %s", error)  # noqa: TRY400 (the message says it all)
        return 1
    conduct, clearing = Conduct(), Clearing(books, journal)
    try:
        biller = Listener(
            BillerDoor(books, journal, conduct, clearing).app(), host=host, port=biller_port
        )
        control = Listener(ControlDoor(books, journal, conduct, biller).app(), host=host, port=port)
    except OSError as error:
        log.error("port.unusable %s", error)  # noqa: TRY400 (the message says it all)
        return 1
    clearing.resume()
    await biller.open()
    await control.open()
    _announce(control, biller, journal)
    broken = await _first(stopping, journal.broken)
    await asyncio.gather(biller.shut_down(grace_s=GRACE_S), control.shut_down(grace_s=GRACE_S))
    await clearing.stop()
    await journal.close()
    log.info("sandbox.stopped")
    return 1 if broken else 0


def _announce(control: Listener, biller: Listener, journal: Journal) -> None:
    """One line of JSON on standard output, so that a parent learns which ports a 0 became."""
    ready = {
        "event": "sandbox.ready",
        "control": control.url,
        "biller": biller.url,
        "journal": str(journal.path),
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


def _stop_on_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stopping.set)
    return stopping


async def _first(stopping: asyncio.Event, broken: asyncio.Event) -> bool:
    """Wait for either; true when the journal broke."""
    waits = [asyncio.create_task(event.wait()) for event in (stopping, broken)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return broken.is_set()
