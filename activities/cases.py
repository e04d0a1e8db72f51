"""Steps of a case in our record: open it, close it. One write each."""

from temporalio import activity

from activities import failures
from payments.domain.case import Case, CaseEnd, CaseFound, Opened
from payments.ports.cases import Cases


class CaseActivities:
    """The key is the case's id: the same write twice is one write."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    @activity.defn(name="cases.open")
    async def open(self, found: CaseFound) -> Opened:
        """Into suspense with it, unless it pays for its payment."""
        with failures.translated():
            return await self._cases.open(found)

    @activity.defn(name="cases.close")
    async def close(self, end: CaseEnd) -> Case:
        """Say what became of the money: read model, ledger and event at once."""
        with failures.translated():
            return await self._cases.close(end)
