"""The operators' rule book: nothing is kept that CEL has not checked."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from payments.adapters.routing.router import CelRouter, check
from payments.domain.method import MethodType
from payments.domain.routing import Routed, Rule, RuleSet, Switch, Target
from payments.ports.routing import Changed


class RuleRows(Protocol):
    """Where versions and flips are kept."""

    def rules(self) -> RuleSet | None: ...

    def switches(self) -> Sequence[Switch]: ...

    async def save(
        self, rules: Sequence[Rule], fallback: Sequence[Target], author: str
    ) -> RuleSet: ...

    async def activate(self, version: int, by: str) -> None: ...

    async def versions(self) -> Sequence[RuleSet]: ...

    async def flip(self, switch: Switch) -> None: ...


class CelRuleBook:
    """See payments.ports.routing.RuleBook. `known` names every provider there is."""

    def __init__(
        self,
        rows: RuleRows,
        router: CelRouter,
        known: Callable[[], frozenset[str]],
        routed: Callable[[int], Awaitable[Sequence[Routed]]],
    ) -> None:
        self._rows = rows
        self._router = router
        self._known = known
        self._routed = routed

    async def save(self, rules: Sequence[Rule], fallback: Sequence[Target], author: str) -> RuleSet:
        check(rules, fallback, self._known())
        return await self._rows.save(rules, fallback, author)

    async def activate(self, version: int, by: str) -> None:
        await self._rows.activate(version, by)

    async def active(self) -> RuleSet | None:
        return self._rows.rules()

    async def versions(self) -> Sequence[RuleSet]:
        return await self._rows.versions()

    async def flip(self, switch: Switch) -> None:
        if switch.provider is not None and switch.provider not in self._known():
            raise LookupError(f"no provider is called {switch.provider}")
        # A misspelt one would stop nothing, and nobody would know; to switch it off stays possible.
        if switch.on and switch.method is not None and switch.method not in set(MethodType):
            raise LookupError(f"no method is called {switch.method}")
        await self._rows.flip(switch)

    async def switches(self) -> Sequence[Switch]:
        return self._rows.switches()

    async def dry_run(self, version: int, last: int) -> Sequence[Changed]:
        """Raises LookupError."""
        wanted = next((each for each in await self.versions() if each.version == version), None)
        if wanted is None:
            raise LookupError(f"there is no version {version}")
        changes = []
        for payment in await self._routed(last):
            facts = payment.decision.facts
            if facts is None:
                continue
            after = self._router.by(wanted, payment.payment_id, facts, payment.kinds)
            if after.providers != payment.decision.providers:
                before = payment.decision.providers
                changes.append(Changed(payment.payment_id, before, after.providers))
        return changes
