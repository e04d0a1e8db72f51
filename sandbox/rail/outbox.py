"""Sends a webhook after every change of a transfer, until it is taken or patience is over."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.acquirer.events import signed
from sandbox.acquirer.post import Poster
from sandbox.journal import Journal
from sandbox.moments import now, written
from sandbox.rail.behaviour import WEBHOOK_COPIES, Conduct
from sandbox.rail.books import Books, Told, Transfer

log = logging.getLogger("sandbox")

BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
RESEND_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    rail: str
    at: datetime
    body: bytes
    copies: int


class Outbox:
    """`url` holds {acquirer}; without one, events are made and not sent."""

    def __init__(
        self,
        books: Books,
        journal: Journal,
        conduct: Conduct,
        secrets: Mapping[str, bytes],
        url: str | None,
    ) -> None:
        self._books = books
        self._journal = journal
        self._conduct = conduct
        self._secrets = secrets
        self._url = url
        self._poster = Poster()
        self._running: set[asyncio.Task[None]] = set()
        self._left: list[Event] = []
        self._untaken: dict[str, Event] = {}
        self._awake = False

    def changed(self, transfer: Transfer, at: datetime) -> None:
        """Also while the journal is read back; then nothing is sent yet."""
        event = _event(transfer, at)
        if self._awake:
            self._start(event)
        else:
            self._left.append(event)

    def resume(self) -> None:
        self._awake = True
        for event in self._left:
            if event.id not in self._books.told and now() - event.at < RESEND_WITHIN:
                self._start(event)
        self._left.clear()

    def send_again(self, rail: str) -> int:
        """Once more, at once, what nobody has taken yet; how many events that is."""
        untaken = [event for event in self._untaken.values() if event.rail == rail]
        for event in untaken:
            self._start(event)
        return len(untaken)

    async def stop(self) -> None:
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._poster.close()

    def _start(self, event: Event) -> None:
        if self._url is not None and self._conduct.of(event.rail).webhooks and event.copies:
            self._untaken[event.id] = event
            task = asyncio.create_task(self._deliver(event, self._url))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _deliver(self, event: Event, url: str) -> None:
        """Nobody is told what is not on the disk yet."""
        await self._journal.synced()
        for pause_s in (*BACKOFF_S, 0.0):
            tries = (self._try(event, url) for _ in range(event.copies))
            results = await asyncio.gather(*tries)
            if all(result.startswith("2") for result in results):
                self._untaken.pop(event.id, None)
                break
            await asyncio.sleep(pause_s)
        else:
            log.warning("webhook.given_up %s", event.id)
        self._books.enter(Told(now(), event.rail, event.id))

    async def _try(self, event: Event, url: str) -> str:
        headers = signed(event.id, event.body, self._secrets[event.rail], now())
        try:
            posted = self._poster.post(url.replace("{acquirer}", event.rail), headers, event.body)
            return str(await posted)
        except TimeoutError:
            return "no answer in time"
        except OSError as error:
            return f"no answer: {type(error).__name__}"


def _event(transfer: Transfer, at: datetime) -> Event:
    """The same change has the same event id after a restart."""
    event_id = f"evt_{transfer.id}_{transfer.sequence}"
    content: dict[str, Any] = {
        "type": "transfer.updated",
        "id": event_id,
        "timestamp": written(at),
        "data": {"rail": transfer.rail, "transfer": transfer.as_json()},
    }
    copies = WEBHOOK_COPIES.get(transfer.order.shown[-2:], 1)
    body = json.dumps(content, separators=(",", ":")).encode()
    return Event(event_id, transfer.rail, at, body, copies)
