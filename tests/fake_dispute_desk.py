"""The fake provider's disputes: its books, a script for how it takes answers, and a log."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from payments.domain.charge import Answer
from payments.domain.dispute import DisputeStatus, Found, Response, became_of
from payments.domain.evidence import Said
from payments.domain.outcome import OutcomeKind
from payments.ports.provider import ProviderUnavailable
from tests.provider_script import How

_AFTER = {
    (Response.EVIDENCE, DisputeStatus.NEEDS_RESPONSE): DisputeStatus.UNDER_REVIEW,
    (Response.EVIDENCE, DisputeStatus.WARNING_NEEDS_RESPONSE): DisputeStatus.WARNING_UNDER_REVIEW,
    (Response.ACCEPTANCE, DisputeStatus.NEEDS_RESPONSE): DisputeStatus.LOST,
    (Response.ACCEPTANCE, DisputeStatus.WARNING_NEEDS_RESPONSE): DisputeStatus.WARNING_CLOSED,
}
NO_WORD = Answer(OutcomeKind.UNKNOWN, detail="no answer")
TOO_EARLY = timedelta(seconds=30)


@dataclass
class FakeDisputeDesk:
    """`said` lists the answers that had an effect, in order, with what was in them."""

    calls: list[str] = field(default_factory=list)
    unreachable: bool = False
    # It takes calls but answers no question.
    silent: bool = False
    disputes: dict[str, Found] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    responses: deque[How | OutcomeKind] = field(default_factory=deque)

    async def dispute(self, reference: str) -> Found | None:
        self.calls.append(f"dispute {reference}")
        if self.unreachable or self.silent:
            raise ProviderUnavailable("no answer")
        return self.disputes.get(reference)

    async def respond(self, said: Said) -> Answer:
        self.calls.append(f"respond {said.key}")
        how = self.responses.popleft() if self.responses else How.ORDINARY
        if self.unreachable or how is How.UNREACHABLE:
            return Answer(OutcomeKind.NOT_SENT, detail="connection refused")
        if how is How.LOSE_REQUEST:
            return NO_WORD
        if how is OutcomeKind.DECLINED:
            return Answer(OutcomeKind.DECLINED, detail="refused")
        there = self.disputes[said.reference]
        if said.key not in {each.key for each in self.said}:
            after = _AFTER.get((said.response, there.status))
            if after is None:
                return Answer(OutcomeKind.DECLINED, detail=f"it is {there.status}")
            self.said.append(said)
            self.disputes[said.reference] = replace(there, status=after, answered=True)
        if how is How.BREAK:
            raise KeyError("receipt")
        if how is How.LOSE_ANSWER:
            return NO_WORD
        return Answer(OutcomeKind.ACCEPTED, reference=said.reference)

    async def responded(self, reference: str, response: Response, *, sent_by: datetime) -> Answer:
        self.calls.append(f"responded {reference}")
        if self.unreachable or self.silent:
            return NO_WORD
        kind = became_of(response, self.disputes[reference])
        if kind is OutcomeKind.NOT_SENT and self.clock() < sent_by + TOO_EARLY:
            return Answer(OutcomeKind.UNKNOWN, detail="too early to tell")
        return Answer(kind, reference=reference)

    # What happens over there without us

    def decide(self, reference: str, status: DisputeStatus, **changes: object) -> None:
        there = self.disputes[reference]
        self.disputes[reference] = replace(there, status=status, **changes)  # type: ignore[arg-type]  # by name

    def clock(self) -> datetime:
        raise NotImplementedError
