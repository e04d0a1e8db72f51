"""Routing rules, kill switches and provider health: read from memory, changed by operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from payments.domain.payment import PaymentOrder
from payments.domain.routing import Decision, Retries, Rule, RuleSet, Switch, Target


class RuleRefused(ValueError):
    """The rules cannot be saved. The text names the rule and says what is wrong, and where."""


class Router(Protocol):
    """Decides without I/O: its directories are kept true by the database's notifications."""

    async def fresh(self) -> None:
        """Return when rules and switches are true as of a second ago; mostly that is at once."""

    def route(self, order: PaymentOrder, retries: Retries) -> Decision:
        """The providers to try, in order; none when the networks or the switches forbid it.

        The weighted choice hashes the payment's id, so the same payment always gets the same route.
        """


@dataclass(frozen=True, slots=True)
class Changed:
    """A past payment that the proposed rules would send elsewhere."""

    payment_id: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class RuleBook(Protocol):
    """The operator's side. Every version is kept for ever."""

    async def save(self, rules: Sequence[Rule], fallback: Sequence[Target], author: str) -> RuleSet:
        """Type-check and store as the next version, not active yet. Raises RuleRefused."""

    async def activate(self, version: int, by: str) -> None:
        """From now on new payments are routed by this version. Raises LookupError."""

    async def active(self) -> RuleSet | None: ...

    async def versions(self) -> Sequence[RuleSet]: ...

    async def dry_run(self, version: int, last: int) -> Sequence[Changed]:
        """Route the last payments again by a version, and say what would have been different."""

    async def flip(self, switch: Switch) -> None:
        """Turn a kill switch on or off; each flip is an audited row."""

    async def switches(self) -> Sequence[Switch]:
        """Each switch as it stands."""
