"""The operators' rule book: what may be kept, what a dry run says, and which switches there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from payments.adapters.routing.book import CelRuleBook
from payments.adapters.routing.router import CelRouter, check
from payments.domain.money import Money
from payments.domain.provider import kinds_for
from payments.domain.routing import Retries, Routed, Rule, RuleSet, Switch, Target
from payments.ports.routing import RuleRefused
from tests.unit.test_routing import KINDS, NORTH, NOW, SOUTH, STRIPE, Tables, order, switch


@pytest.mark.parametrize(
    ("each", "fallback", "words"),
    [
        ([Rule("a", "true", (NORTH,)), Rule("a", "true", (NORTH,))], [NORTH], "one name"),
        ([], [], "mandatory"),
        ([Rule("a", "true", ())], [NORTH], "a: no provider"),
        ([Rule("a", "true", (Target("GHOST"),))], [NORTH], "called GHOST"),
        ([Rule("a", "true", (Target("NORTH", -1),))], [NORTH], "0 or more"),
        ([Rule("a", "tru", (NORTH,))], [NORTH], "a: .*undeclared"),
        ([], [Target("GHOST")], "fallback: no provider is called GHOST"),
    ],
)
def test_rules_that_make_no_sense_are_refused(
    each: list[Rule], fallback: list[Target], words: str
) -> None:
    with pytest.raises(RuleRefused, match=words):
        check(each, fallback, frozenset(KINDS))


@dataclass
class Rows(Tables):
    kept: list[RuleSet] = field(default_factory=list)

    async def save(self, rules: Sequence[Rule], fallback: Sequence[Target], author: str) -> RuleSet:
        made = RuleSet(len(self.kept) + 1, tuple(rules), tuple(fallback), author, NOW)
        self.kept.append(made)
        return made

    async def activate(self, version: int, by: str) -> None:
        self.active = self.kept[version - 1]

    async def versions(self) -> Sequence[RuleSet]:
        return self.kept

    async def flip(self, switch: Switch) -> None:
        self.flips.append(switch)


async def test_a_dry_run_names_the_payments_that_would_go_elsewhere() -> None:
    rows = Rows()
    router = CelRouter(rows, lambda: KINDS)
    past: list[Routed] = []

    async def routed(last: int) -> Sequence[Routed]:
        return past[-last:]

    book = CelRuleBook(rows, router, lambda: frozenset(KINDS), routed)
    await book.activate((await book.save([], [NORTH, SOUTH], "ann")).version, "ann")
    for number in range(4):
        asked = order(f"pay_{number}", amount=Money(100_000 * (number + 1), "BDT"))
        decision = router.route(asked, Retries())
        past.append(Routed(asked.payment_id, decision, kinds_for(asked.method)))
    large = Rule("large", "amount >= 300000", (STRIPE,))
    proposed = await book.save([large], [NORTH, SOUTH], "ben")

    changed = await book.dry_run(proposed.version, 100)

    assert [each.payment_id for each in changed] == ["pay_2", "pay_3"]
    assert changed[0].before == ("NORTH", "SOUTH")
    assert changed[0].after == ("STRIPE", "NORTH", "SOUTH")
    with pytest.raises(LookupError):
        await book.dry_run(9, 100)


async def test_a_switch_for_nobody_is_refused() -> None:
    rows = Rows()

    async def routed(last: int) -> Sequence[Routed]:
        return ()

    book = CelRuleBook(rows, CelRouter(rows, lambda: KINDS), lambda: frozenset(KINDS), routed)
    with pytest.raises(LookupError, match="GHOST"):
        await book.flip(switch(provider="GHOST"))
    with pytest.raises(LookupError, match="bank_redirekt"):
        await book.flip(switch(method="bank_redirekt"))
    flips = [switch(provider="NORTH"), switch(method="card"), switch(method="bank_redirect")]
    # From before names were checked.
    flips.append(replace(switch(method="bank"), on=False))
    for flip in flips:
        await book.flip(flip)
    assert rows.flips == flips
