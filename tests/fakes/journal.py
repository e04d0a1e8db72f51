"""The two logs in memory."""

from dataclasses import dataclass, field

from payments.ports.journal import CallRow, RequestRow
from payments.ports.record import RecordUnavailable


@dataclass
class FakeCallLog:
    rows: list[CallRow] = field(default_factory=list)
    unavailable: bool = False

    async def record(self, row: CallRow) -> None:
        if self.unavailable:
            raise RecordUnavailable("connection refused")
        self.rows.append(row)


@dataclass
class FakeRequestLog:
    """`rows` by trace, in order."""

    rows: dict[str, RequestRow] = field(default_factory=dict)

    async def record(self, row: RequestRow) -> None:
        self.rows.setdefault(row.trace, row)

    async def find(self, trace: str) -> RequestRow | None:
        return self.rows.get(trace)
