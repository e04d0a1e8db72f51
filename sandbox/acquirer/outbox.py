"""Sends a webhook after every change, at least once, until it is taken or patience is over."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any

from sandbox.acquirer.behaviour import Conduct
from sandbox.acquirer.entries import Delivered, Entry, as_line
from sandbox.acquirer.events import Event, Forgery, event_of, forged, signed
from sandbox.acquirer.payments import Payment
from sandbox.acquirer.post import Poster
from sandbox.journal import Journal
from sandbox.moments import now

log = logging.getLogger("sandbox")

# After the first try; all in all less than half a minute.
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
# What was on its way when the process ended is sent again, but nothing older.
RESEND_WITHIN = timedelta(minutes=1)
REMEMBERED = 5_000


class Outbox:
    """`url` holds {acquirer}; without one, events are made and not sent."""

    def __init__(
        self,
        journal: Journal,
        conduct: Conduct,
        secrets: Mapping[str, bytes],
        url: str | None,
        copies: Callable[[Payment], int],
    ) -> None:
        self.url = url
        # Where browsers find the pages.
        self.public_url = ""
        self._journal = journal
        self._conduct = conduct
        self._secrets = secrets
        self._copies = copies
        self._poster = Poster()
        self._events: OrderedDict[str, Event] = OrderedDict()
        self._running: set[asyncio.Task[None]] = set()
        self._awake = False

    # What happens at the acquirers.

    def changed(self, payment: Payment, entry: Entry) -> None:
        """Also while the journal is read back; then nothing is sent yet."""
        told = payment.as_json(self.public_url)
        event = event_of(payment, entry, told, self._copies(payment))
        self._events[event.id] = event
        if len(self._events) > REMEMBERED:
            self._events.popitem(last=False)
        if self._awake:
            self._start(event)

    def fold(self, entry: Delivered) -> None:
        if entry.event in self._events:
            self._events[entry.event].delivered = True

    def resume(self) -> None:
        self._awake = True
        for event in list(self._events.values()):
            if not event.delivered and now() - event.at < RESEND_WITHIN:
                self._start(event)

    # What can be asked, and told by hand.

    def event(self, event_id: str) -> Event | None:
        return self._events.get(event_id)

    def events(self, acquirer: str | None, reference: str | None, most: int) -> list[Event]:
        """The newest first."""
        found: list[Event] = []
        for event in reversed(self._events.values()):
            if acquirer in (None, event.acquirer) and reference in (None, event.reference):
                found.append(event)
            if len(found) == most:
                break
        return found

    async def send(self, event: Event, times: int = 1) -> list[str]:
        """Now, whatever was sent before; what each copy came to."""
        await self._journal.synced()
        return list(await asyncio.gather(*(self._try(event) for _ in range(times))))

    def send_later(self, event: Event, delay_s: float) -> None:
        self._spawn(self._send_after(event, delay_s))

    async def forge(self, event: Event, how: Forgery) -> str:
        await self._journal.synced()
        headers, body = forged(event, how, self._secrets[event.acquirer])
        return await self._post(event.acquirer, headers, body)

    async def stop(self) -> None:
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._poster.close()

    # How it is sent.

    def _start(self, event: Event) -> None:
        if self.url is not None and self._conduct.of(event.acquirer).webhooks:
            self._spawn(self._deliver(event))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _deliver(self, event: Event) -> None:
        """Nobody is told what is not on the disk yet."""
        setting = self._conduct.of(event.acquirer)
        copies = max(event.copies, setting.webhook_copies) if event.copies else 0
        await self._journal.synced()
        if setting.webhook_delay_ms:
            await asyncio.sleep(setting.webhook_delay_ms / 1000)
        for pause_s in (*BACKOFF_S, 0.0):
            results = await asyncio.gather(*(self._try(event) for _ in range(copies)))
            if all(result.startswith("2") for result in results):
                event.delivered = True
                break
            await asyncio.sleep(pause_s)
        else:
            log.warning("webhook.given_up %s after %s", event.id, event.tries[-1])
        self._journal.append(as_line(Delivered(now(), event.id)))

    async def _send_after(self, event: Event, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await self.send(event)

    async def _try(self, event: Event) -> str:
        secret = self._secrets[event.acquirer]
        headers = signed(event.id, event.body, secret, now())
        result = await self._post(event.acquirer, headers, event.body)
        event.tries.append(result)
        return result

    async def _post(self, acquirer: str, headers: Mapping[str, str], body: bytes) -> str:
        if self.url is None:
            return "there is no address"
        url = self.url.replace("{acquirer}", acquirer)
        try:
            return str(await self._poster.post(url, headers, body))
        except TimeoutError:
            return "no answer in time"
        except OSError as error:
            return f"no answer: {type(error).__name__}"
