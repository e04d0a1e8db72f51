"""The rails' house: books, timers and webhooks, put together."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sandbox.acquirer.names import new_name
from sandbox.answers import Refused
from sandbox.journal import Journal
from sandbox.moments import now
from sandbox.rail.behaviour import AT_ONCE, Behaviour, Conduct
from sandbox.rail.books import MOVES, Books, Came, Moved, Order, Taken, Transfer, TransferState
from sandbox.rail.outbox import Outbox

S = TransferState
# So many times later than it was paid, so that both are told.
RETURNS_AFTER = 10
_ENDS = {
    Behaviour.FAIL_LATER: (S.FAILED, "ACCOUNT_UNKNOWN"),
    Behaviour.RETURN_UNPAID: (S.RETURNED, "BENEFICIARY_REFUSED"),
}


class RailHouse:
    def __init__(
        self,
        journal: Journal,
        secrets: Mapping[str, str],
        webhook_secrets: Mapping[str, bytes],
        webhook_url: str | None,
    ) -> None:
        self.journal = journal
        self.secrets = secrets
        self.conduct = Conduct()
        self.books = Books(journal.append)
        self.outbox = Outbox(self.books, journal, self.conduct, webhook_secrets, webhook_url)
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def fold(self, fields: Mapping[str, Any]) -> None:
        changed = self.books.fold_line(fields)
        if changed is not None:
            self.outbox.changed(changed, now())

    def resume(self) -> None:
        self.outbox.resume()
        for transfer in self.books.all():
            self._watch(transfer)

    async def stop(self) -> None:
        waiting = list(self._waiting.values())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self.outbox.stop()

    def came(self, rail: str, reference: str, key: str | None) -> None:
        self.books.enter(Came(now(), rail, reference, key))

    def take(self, rail: str, order: Order, key: str | None, then: Behaviour) -> Transfer:
        """Book it, or find it. Raises Refused."""
        if key is not None and self.books.keyed(rail, key) not in (None, order.reference):
            raise Refused(422, "KEY_REUSED")
        earlier = self.books.transfer(rail, order.reference)
        if earlier is not None:
            if earlier.order != order:
                raise Refused(409, "REFERENCE_USED")
            return earlier
        if then is Behaviour.DECLINE:
            raise Refused(422, "ACCOUNT_CLOSED")
        moment = now()
        at_once = rail in AT_ONCE and then not in (*_ENDS, Behaviour.UNDECIDED)
        state = S.PAID if at_once else S.SENT
        entry = Taken(
            *(moment, rail, new_name("tr"), order, key, state, then),
            due_at=self._due(rail, state, then),
        )
        taken = self.books.enter(entry)
        assert taken is not None, "what is taken is a transfer"
        self.outbox.changed(taken, moment)
        self._watch(taken)
        return taken

    def move(
        self, transfer: Transfer, state: TransferState, reason: str | None, *, goes_on: bool = False
    ) -> None:
        """Raises Refused for what cannot follow."""
        if transfer.state not in MOVES.get(state, ()):
            raise Refused(409, "WRONG_STATE", state=transfer.state)
        moment = now()
        due_at = self._due(transfer.rail, state, transfer.then) if goes_on else None
        moved = self.books.enter(Moved(moment, transfer.rail, transfer.id, state, reason, due_at))
        assert moved is not None, "what is moved is a transfer"
        self.outbox.changed(moved, moment)
        self._watch(moved)

    def _due(self, rail: str, state: TransferState, then: Behaviour) -> Any:
        """When it goes on by itself; None: never."""
        stays = state is S.PAID and then is not Behaviour.RETURN_LATER
        if stays or state in (S.FAILED, S.RETURNED) or then is Behaviour.UNDECIDED:
            return None
        waits_ms = self.conduct.of(rail).decides_after_ms
        return now() + timedelta(milliseconds=waits_ms * (RETURNS_AFTER if state is S.PAID else 1))

    def _watch(self, transfer: Transfer) -> None:
        if transfer.due_at is not None and transfer.id not in self._waiting:
            self._waiting[transfer.id] = asyncio.create_task(self._wait(transfer))

    async def _wait(self, transfer: Transfer) -> None:
        while transfer.due_at is not None:
            await asyncio.sleep(max(0.0, (transfer.due_at - now()).total_seconds()))
            if transfer.due_at is not None:
                self._come_due(transfer)
            await self.journal.synced()
        self._waiting.pop(transfer.id, None)

    def _come_due(self, transfer: Transfer) -> None:
        if transfer.state is S.PAID:
            self.move(transfer, S.RETURNED, "BENEFICIARY_REFUSED")
            return
        state, reason = _ENDS.get(transfer.then, (S.PAID, None))
        self.move(transfer, state, reason, goes_on=True)
