"""A payout rail as an operator describes it, and what goes between it and us."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from payments.domain.business_days import is_business_day, next_business_day
from payments.domain.codes import Code
from payments.domain.destination import DestinationKind
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.partner import Standing
from payments.domain.payout import PayoutOrder


class RailKind(StrEnum):
    """Which adapter speaks to it."""

    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a rail's transfers arrive: what comes before `cut_off` on a business day goes that day,
    and is there `business_days` later, or within `takes` where a rail never closes. Its `calendar`
    says which days those are: see business_days.
    """

    zone: str
    cut_off: time
    business_days: int
    takes: timedelta
    calendar: str | None = None

    def arrival(self, sent_at: datetime) -> datetime:
        """The honest end of it: no later than this, if the rail keeps its word. UTC in, UTC out."""
        if not self.business_days:
            return sent_at + self.takes
        local = sent_at.astimezone(ZoneInfo(self.zone))
        day = local.date()
        is_late = local.timetz().replace(tzinfo=None) >= self.cut_off
        if is_late or not is_business_day(day, self.calendar):
            day = next_business_day(day, self.calendar)
        for _ in range(self.business_days):
            day = next_business_day(day, self.calendar)
        end = datetime.combine(day, time(23, 59, 59), ZoneInfo(self.zone))
        return end.astimezone(sent_at.tzinfo)


@dataclass(frozen=True, slots=True)
class RailProfile:
    """One rail, the address of its API, and what it promises (see ports.rail.RailCapabilities).

    The secrets are opened here and sealed wherever they are kept.
    """

    id: str
    kind: RailKind
    base_url: str
    secret: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    settles_within: timedelta
    pays: frozenset[DestinationKind]
    currencies: frozenset[str]
    timetable: Timetable
    honours_idempotency_keys: bool = True
    standing: Standing = Standing.ACTIVE

    def takes(self, kind: DestinationKind, currency: str) -> bool:
        is_active = self.standing is Standing.ACTIVE
        return is_active and kind in self.pays and currency in self.currencies


class TransferState(StrEnum):
    """Where a transfer is at its rail."""

    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class TransferAnswer:
    """How one call ended. ACCEPTED: the rail has the transfer, and `state` says where it is.

    DECLINED: it never took it. `code` and `raw` say why it did not take it, or why it came to
    nothing. `amount` is what the rail says it is of: another one is never believed.
    """

    kind: OutcomeKind
    state: TransferState | None = None
    reference: str | None = None
    amount: Money | None = None
    arrives_at: datetime | None = None
    code: Code | None = None
    raw: str | None = None
    detail: str = ""
    retry_after_s: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether asking again would be of no use now."""
        return self.kind not in (OutcomeKind.UNKNOWN, OutcomeKind.PENDING)

    @property
    def is_over(self) -> bool:
        """Whether the rail has said its last word, but for a return."""
        ended = self.state is not None and self.state is not TransferState.SENT
        return self.kind is OutcomeKind.DECLINED or ended


@dataclass(frozen=True, slots=True)
class TransferQuestion:
    """What became of this transfer? `sent_by` is the latest moment at which a try can have left."""

    order: PayoutOrder
    sent_by: datetime


@dataclass(frozen=True, slots=True)
class Verification:
    """The rail's word on an account. `reason` is its own, when it refuses."""

    verified: bool
    reason: str | None = None
