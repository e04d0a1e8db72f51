"""A risk and a router that say the same of every payment."""

from dataclasses import dataclass, field

from payments.domain.payment import Assessment, PaymentOrder, Verdict
from payments.domain.routing import Decision, Rejected, Retries


@dataclass
class FixedRisk:
    """Says the same of every payment."""

    verdict: Verdict = Verdict.PASS

    async def assess(self, order: PaymentOrder) -> Assessment:
        return Assessment(self.verdict, f"always {self.verdict}")


@dataclass
class FixedRoute:
    """The same providers for every payment; those in `off` take no new ones."""

    providers: tuple[str, ...] = ("NORTH", "SOUTH")
    challenge: bool = False
    off: set[str] = field(default_factory=set)

    async def fresh(self) -> None:
        pass

    def route(self, order: PaymentOrder, retries: Retries) -> Decision:
        usable = () if retries.never else tuple(p for p in self.providers if p not in self.off)
        rejected = tuple(
            Rejected(p, "never" if retries.never else "off")
            for p in self.providers
            if p not in usable
        )
        return Decision(1, "fixed", usable, rejected, challenge=self.challenge)

    def blocked(self, provider: str, country: str) -> bool:
        return provider in self.off
