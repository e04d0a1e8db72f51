"""A rail whose every call leaves one row in the call log; of an account nothing is in it."""

from collections.abc import Mapping
from datetime import datetime

from payments.domain.destination import Account
from payments.domain.payout import PayoutOrder
from payments.domain.rail import TransferAnswer, TransferQuestion, Verification
from payments.outside.recorder import Recorder
from payments.ports.journal import CallLog
from payments.ports.provider import Told
from payments.ports.rail import Rail, RailCapabilities, RailUnavailable


class RecordedRail:
    def __init__(self, rail_id: str, rail: Rail, calls: CallLog) -> None:
        self._rail = rail
        self._recorded = Recorder(rail_id, calls, RailUnavailable).recorded

    @property
    def capabilities(self) -> RailCapabilities:
        return self._rail.capabilities

    async def verify(self, account: Account, currency: str) -> Verification:
        return await self._recorded(
            "verify",
            f"…{account.number[-4:]}",
            lambda: self._rail.verify(account, currency),
            lambda word: "verified" if word.verified else "refused",
            secret=account.number,
        )

    async def send(self, order: PayoutOrder, account: Account) -> TransferAnswer:
        return await self._recorded(
            "send",
            order.payout_id,
            lambda: self._rail.send(order, account),
            _word,
            secret=account.number,
        )

    async def inquire(self, question: TransferQuestion) -> TransferAnswer:
        return await self._recorded(
            "inquire transfer",
            question.order.payout_id,
            lambda: self._rail.inquire(question),
            _word,
        )

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        return self._rail.webhook(raw, headers, now)


def _word(answer: TransferAnswer) -> str:
    return f"{answer.kind} {answer.state or ''}".rstrip()
