"""Decide on card payments as fast as it goes, and count the CPU time of each decision.

A decision is what a payment's first step works out by itself: risk, then the route by fifty rules
in CEL. Only the last of them holds, so that all are asked. Takes jobs on its standard input.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import uvloop

from bench import jobs
from payments.adapters.risk.limits import Limits
from payments.adapters.routing.router import CelRouter, check
from payments.domain import ids
from payments.domain.card import Card
from payments.domain.card_terms import CardTerms
from payments.domain.money import Money
from payments.domain.payment import (
    PaymentOrder,
)
from payments.domain.routing import Retries, Rule, RuleSet, Switch, Target

_KINDS: Final = {"NORTH": "sandbox", "SOUTH": "sandbox", "STRIPE": "stripe"}
_TARGETS: Final = (Target("NORTH", 70), Target("SOUTH", 30), Target("STRIPE", 0))
# Of the sorts that operators write; none of these holds for the payment below.
_SORTS: Final = (
    'bin.startsWith("5{n:02d}") && amount > {n}00',
    'currency == "EUR" && country in ["DE", "FR", "NL"] && amount >= {n}000',
    'brand == "amex" || (brand == "mastercard" && partner == "partner_{n}")',
    'country != "US" && (amount < {n}00 || amount > {n}000000)',
    'method == "card" && currency in ["BDT", "JPY"] && bin.matches("^4[0-{m}]")',
    'amount > 10000000 + {n} && !(country in ["GB", "IE"])',
    'partner == "partner_1{n:03d}" && brand == "visa"',
)
_RULES: Final = tuple(
    Rule(f"rule {n}", _SORTS[n % len(_SORTS)].format(n=n, m=n % 9), _TARGETS) for n in range(49)
)
_LAST: Final = Rule("the last", 'brand == "visa" && country == "US" && amount > 0', _TARGETS)
_CARD: Final = Card(
    token="tok_bench",
    brand="visa",
    bin="424242",
    last4="4242",
    exp_month=12,
    exp_year=2034,
    country="US",
    fingerprint="bench",
    aliases={"sandbox": "tok_bench", "stripe": "pm_card_visa"},
)
_TERMS: Final = CardTerms(
    currencies=frozenset({"USD"}),
    return_hosts=frozenset(),
    fee_flat_minor=30,
    fee_basis_points=140,
    hold_above={"USD": 10_000_000},
    block_above={"USD": 100_000_000},
)


class _Tables:
    """As an operator may have left them: rules, a switch that was turned off, one provider ill."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self._rules = RuleSet(1, (*_RULES, _LAST), _TARGETS, "bench", now)
        self._switches = (
            Switch(True, "bench", "a country", now, country="XX"),
            Switch(False, "bench", "over", now, provider="NORTH"),
        )
        check(self._rules.rules, self._rules.fallback, frozenset(_KINDS))

    async def fresh(self) -> None:
        """They do not change."""

    def rules(self) -> RuleSet:
        return self._rules

    def switches(self) -> Sequence[Switch]:
        return self._switches

    def unwell(self) -> frozenset[str]:
        return frozenset({"SOUTH"})


def _order() -> PaymentOrder:
    now, reference = datetime.now(UTC), f"order-{uuid4()}"
    return PaymentOrder(
        payment_id=ids.payment_id("partner_1", reference),
        partner_id="partner_1",
        reference=reference,
        amount=Money(12_50, "USD"),
        capture=True,
        card=_CARD,
        terms=_TERMS,
        trace="partner_1.20260430T082114123Z.7K3Q9XW2",
        created_at=now,
        deadline=now + timedelta(minutes=1),
        content="bench",
    )


async def main() -> None:
    risk, router, retries = Limits(), CelRouter(_Tables(), lambda: _KINDS), Retries()

    async def decide() -> float:
        order = _order()
        began_s = time.process_time()
        await risk.assess(order)
        await router.fresh()
        decision = router.route(order, retries)
        spent_s = time.process_time() - began_s
        assert decision.rule == _LAST.name, decision
        return spent_s * 1000

    async def run(job: jobs.Job) -> dict[str, Any]:
        spent_ms = sorted([await decide() for _ in range(job["count"])])
        values = {
            "decision_ms": statistics.mean(spent_ms),
            "decision_p99_ms": spent_ms[int(0.99 * len(spent_ms))],
        }
        return {"values": values, "count": len(spent_ms)}

    await jobs.serve(run)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
