"""A rail in memory, and the accounts that it pays to."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from payments.domain.codes import Code
from payments.domain.destination import Account, Destination, DestinationKind
from payments.domain.outcome import OutcomeKind
from payments.domain.payout import PayoutOrder, PayoutStatus
from payments.domain.rail import (
    RailProfile,
    TransferAnswer,
    TransferQuestion,
    TransferState,
    Verification,
)
from payments.ports.payments import MoveRefused
from payments.ports.provider import Told
from payments.ports.rail import RailCapabilities, RailUnavailable
from tests.payout_factories import ACCOUNT, make_rail

TAKEN = TransferAnswer(OutcomeKind.ACCEPTED, TransferState.SENT, reference="tr_1")
PAID = replace(TAKEN, state=TransferState.PAID)
FAILED = replace(TAKEN, state=TransferState.FAILED, code=Code.ACCOUNT_UNKNOWN)
RETURNED = replace(TAKEN, state=TransferState.RETURNED, code=Code.BENEFICIARY_REFUSED)
DECLINED = TransferAnswer(OutcomeKind.DECLINED, code=Code.ACCOUNT_CLOSED, raw="ACCOUNT_CLOSED")
LOST = TransferAnswer(OutcomeKind.UNKNOWN, detail="no answer")
NOT_SENT = TransferAnswer(OutcomeKind.NOT_SENT, detail="no connection")


@dataclass
class FakeRail:
    """`answers` are to sendings, in order, and TAKEN after them; `now` is what it says when asked.

    A lost answer is of a transfer that it has, unless `forgets`.
    """

    answers: deque[TransferAnswer] = field(default_factory=deque)
    now: TransferAnswer | None = None
    forgets: bool = False
    silent: bool = False
    sent: list[str] = field(default_factory=list)
    asked: int = 0
    gate: asyncio.Event | None = None
    capabilities: RailCapabilities = field(
        default_factory=lambda: RailCapabilities("sandbox", True, timedelta())
    )

    async def verify(self, account: Account, currency: str) -> Verification:
        return Verification(verified=True)

    async def send(self, order: PayoutOrder, account: Account) -> TransferAnswer:
        assert account == ACCOUNT
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.popleft() if self.answers else TAKEN
        if answer.kind is OutcomeKind.DECLINED:
            # Asked for again, it is declined again.
            self.answers.appendleft(answer)
        has_it = answer.kind is OutcomeKind.ACCEPTED or (answer == LOST and not self.forgets)
        if has_it:
            self.sent.append(order.payout_id)
            self.now = self.now or (TAKEN if answer == LOST else answer)
        return answer

    async def inquire(self, question: TransferQuestion) -> TransferAnswer:
        self.asked += 1
        if self.silent:
            raise RailUnavailable("no answer")
        has_it = question.order.payout_id in self.sent
        return self.now if self.now is not None and has_it else NOT_SENT

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        raise NotImplementedError


@dataclass
class FakeRails:
    rail: FakeRail
    described: RailProfile = field(default_factory=make_rail)

    def get(self, rail_id: str) -> FakeRail | None:
        return self.rail if rail_id == "GIRO" else None

    def profile(self, rail_id: str) -> RailProfile | None:
        return self.described if rail_id == "GIRO" else None

    def taking(self, kind: DestinationKind, currency: str) -> RailProfile | None:
        return None


@dataclass
class FakeDestinations:
    """`payouts` are those of the record, by id; without them every one may leave."""

    forgotten: bool = False
    payouts: Mapping[str, Any] = field(default_factory=dict)

    async def add(self, destination: Destination, account: Account) -> Destination | Code:
        raise NotImplementedError

    async def verified(self, destination_id: str, word: Verification) -> Destination:
        raise NotImplementedError

    async def find(self, partner_id: str, destination_id: str) -> Destination | None:
        raise NotImplementedError

    async def named(self, partner_id: str, names: Sequence[str]) -> Mapping[str, Destination]:
        raise NotImplementedError

    async def list(self, partner_id: str, customer_id: str | None) -> Sequence[Destination]:
        raise NotImplementedError

    async def opened(self, destination_id: str) -> Account | None:
        return None if self.forgotten else ACCOUNT

    async def opened_for(self, order: PayoutOrder) -> Account | None:
        payout = self.payouts.get(order.payout_id)
        if payout is not None and payout.status is not PayoutStatus.QUEUED:
            raise MoveRefused(f"{order.payout_id} is {payout.status}, not to be sent")
        assert order.destination_id is not None, "it leaves over a rail"
        return await self.opened(order.destination_id)

    def fingerprint(self, partner_id: str, account: Account) -> str:
        raise NotImplementedError
