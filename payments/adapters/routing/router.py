"""Route a payment: the networks' rules, then the switches, then the operators' rules. No I/O."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Final, Protocol

import structlog

from payments.adapters.routing.conditions import RuleBroken, condition
from payments.domain.method import type_of
from payments.domain.payment import PaymentOrder
from payments.domain.provider import kinds_for
from payments.domain.routing import (
    Decision,
    Facts,
    Rejected,
    Retries,
    Rule,
    RuleSet,
    Switch,
    Target,
    forbidden,
    is_switched_off,
)
from payments.ports.routing import RuleRefused

_LEFT_TO: Final = "fallback"

log = structlog.get_logger()


class RouteTables(Protocol):
    """What the decision is made from, held in memory."""

    async def fresh(self) -> None: ...

    def rules(self) -> RuleSet | None:
        """The active version; None before there is one."""

    def switches(self) -> Sequence[Switch]: ...

    def unwell(self) -> frozenset[str]:
        """Providers that lately left most questions unanswered."""


class CelRouter:
    """`kinds` names the providers that take new payments, with their kind."""

    def __init__(self, tables: RouteTables, kinds: Callable[[], Mapping[str, str]]) -> None:
        self._tables = tables
        self._kinds = kinds

    async def fresh(self) -> None:
        await self._tables.fresh()

    def route(self, order: PaymentOrder, retries: Retries) -> Decision:
        rules = self._tables.rules()
        facts = facts_of(order)
        reason = forbidden(order.method.brand, retries)
        if reason is not None:
            # Above every rule of ours: breaking it costs the partner fines, or its acceptance.
            return Decision(rules.version if rules else 0, f"network: {reason}", (), facts=facts)
        if rules is None:
            return Decision(0, "no rules are active", (), facts=facts)
        return self.by(rules, order.payment_id, facts, kinds_for(order.method))

    def by(self, rules: RuleSet, payment_id: str, facts: Facts, kinds: frozenset[str]) -> Decision:
        """The decision of one version of the rules: also what a dry run asks."""
        rejected: list[Rejected] = []
        rule, wished = _matching(rules, facts, rejected)
        wanted = [*_ordered(wished, payment_id), *_ordered(rules.fallback, payment_id)]
        chosen: list[str] = []
        for provider in dict.fromkeys(wanted):
            reason = self._why_not(provider, facts, kinds)
            if reason is None:
                chosen.append(provider)
            else:
                rejected.append(Rejected(provider, reason))
        # Health only demotes: when all are unwell, the first is still tried.
        unwell = self._tables.unwell()
        chosen.sort(key=lambda provider: provider in unwell)
        return Decision(rules.version, rule, tuple(chosen), tuple(rejected), facts)

    def _why_not(self, provider: str, facts: Facts, kinds: frozenset[str]) -> str | None:
        kind = self._kinds().get(provider)
        if kind is None:
            return "takes no new payments"
        if kind not in kinds:
            return "cannot take this method"
        if is_switched_off(self._tables.switches(), provider, facts.method, facts.country):
            return "switched off"
        return None


def facts_of(order: PaymentOrder) -> Facts:
    method = order.method
    return Facts(
        amount=order.amount.minor,
        currency=order.amount.currency,
        country=method.country,
        bin=method.bin,
        brand=method.brand,
        method=type_of(method),
        partner=order.partner_id,
        bank=(order.bank and order.bank.bank) or "",
    )


def _matching(
    rules: RuleSet, facts: Facts, rejected: list[Rejected]
) -> tuple[str, Sequence[Target]]:
    """The first rule that holds, or the fallback alone. A broken rule never stops a payment."""
    asked = asdict(facts)
    for rule in rules.rules:
        try:
            if condition(rule.when).holds(asked):
                return rule.name, rule.targets
        except RuleBroken as broken:
            rejected.append(Rejected(f"rule {rule.name}", str(broken)))
            log.warning("routing.rule_broken", rule=rule.name, version=rules.version)
    return _LEFT_TO, ()


def _ordered(targets: Sequence[Target], payment_id: str) -> Iterator[str]:
    """One of those with a weight, by the payment's own hash; then all in the order they stand."""
    total = sum(target.weight for target in targets)
    if total:
        digest = sha256(payment_id.encode()).digest()
        ticket = int.from_bytes(digest[:8], "big") % total
        for target in targets:
            if ticket < target.weight:
                yield target.provider
                break
            ticket -= target.weight
    for target in targets:
        yield target.provider


def check(rules: Sequence[Rule], fallback: Sequence[Target], known: frozenset[str]) -> None:
    """Everything that can be known when rules are saved. Raises RuleRefused."""
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        raise RuleRefused("two rules have one name")
    if not fallback:
        raise RuleRefused("the fallback is mandatory")
    for name, targets in [*((rule.name, rule.targets) for rule in rules), ("fallback", fallback)]:
        if not targets:
            raise RuleRefused(f"{name}: no provider")
        for target in targets:
            if target.provider not in known:
                raise RuleRefused(f"{name}: no provider is called {target.provider}")
            if target.weight < 0:
                raise RuleRefused(f"{name}: a weight is 0 or more")
    for rule in rules:
        try:
            condition(rule.when)
        except RuleRefused as refused:
            raise RuleRefused(f"{rule.name}: {refused}") from None
