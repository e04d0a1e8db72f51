"""The sandbox as a process: open the journal, open every door, run until SIGTERM or Ctrl-C."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.acquirer.house import House, Settings
from sandbox.biller.app import BillerDoor
from sandbox.biller.behaviour import Conduct
from sandbox.biller.books import Books
from sandbox.biller.clearing import Clearing
from sandbox.biller.entries import entry_from
from sandbox.control_app import ControlDoor
from sandbox.journal import Journal, JournalBroken
from sandbox.listener import Listener
from sandbox.receiver.app import ReceiverDoor
from sandbox.receiver.behaviour import Conduct as Manners
from sandbox.receiver.post import Post

log = logging.getLogger("sandbox")

# Two waits of this length at most, so that the process ends within two seconds of its signal.
GRACE_S = 0.4


@dataclass(frozen=True, slots=True)
class Doors:
    """The ports; 0 takes a free one. `acquirer_url` is what browsers know the acquirers by."""

    host: str
    control: int
    biller: int
    acquirer: int
    receiver: int
    acquirer_url: str | None = None


async def run(doors: Doors, journal_path: Path, settings: Settings) -> int:
    """Return the exit status."""
    stopping = _stop_on_signals()
    try:
        journal = Journal(journal_path)
    except (JournalBroken, OSError) as error:
        log.error("journal.unusable %s", error)  # noqa: TRY400 (the message says it all)
        return 1
    books, house = Books(journal.append), House(journal, settings)
    conduct, clearing = Conduct(), Clearing(books, journal)
    post, manners = Post(journal.append), Manners()
    try:
        biller = Listener(
            BillerDoor(books, journal, conduct, clearing).app(), host=doors.host, port=doors.biller
        )
        acquirer = Listener(house.app, host=doors.host, port=doors.acquirer)
        receiver = Listener(
            ReceiverDoor(post, journal, manners).app(), host=doors.host, port=doors.receiver
        )
        door = ControlDoor(
            books, house, journal, conduct, post, manners, biller, acquirer, receiver
        )
        control = Listener(door.app(), host=doors.host, port=doors.control)
    except OSError as error:
        log.error("port.unusable %s", error)  # noqa: TRY400 (the message says it all)
        return 1
    house.open(doors.acquirer_url or acquirer.url)
    try:
        journal.replay(lambda fields: _fold(fields, books, house, post))
    except (JournalBroken, OSError) as error:
        log.error("journal.unusable %s", error)  # noqa: TRY400 (the message says it all)
        return 1
    clearing.resume()
    house.resume()
    listeners = {"control": control, "biller": biller, "acquirer": acquirer, "receiver": receiver}
    for listener in listeners.values():
        await listener.open()
    _announce(listeners, journal)
    broken = await _first(stopping, journal.broken)
    await asyncio.gather(*(one.shut_down(grace_s=GRACE_S) for one in listeners.values()))
    await clearing.stop()
    await house.stop()
    await journal.close()
    log.info("sandbox.stopped")
    return 1 if broken else 0


def _fold(fields: Mapping[str, Any], books: Books, house: House, post: Post) -> None:
    """All houses write to one journal, so that they share its fsyncs."""
    if "biller" in fields:
        books.fold(entry_from(fields))
    elif "receiver" in fields:
        post.fold(fields)
    else:
        house.fold(fields)


def _announce(listeners: Mapping[str, Listener], journal: Journal) -> None:
    """One line of JSON on standard output, so that a parent learns which ports a 0 became."""
    urls = {name: listener.url for name, listener in listeners.items()}
    ready = {"event": "sandbox.ready", **urls, "journal": str(journal.path)}
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
