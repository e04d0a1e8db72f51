"""Where a payment goes: the networks first, then switches, then the operators' rules."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

import pytest

from payments.adapters.routing.conditions import Condition, RuleBroken
from payments.adapters.routing.router import CelRouter
from payments.domain.card import Card
from payments.domain.card_terms import CardTerms
from payments.domain.money import Money
from payments.domain.payment import (
    PaymentOrder,
)
from payments.domain.routing import Decision, Facts, Retries, Rule, RuleSet, Switch, Target
from payments.ports.routing import RuleRefused

NOW = datetime(2026, 4, 30, tzinfo=UTC)
# Without a weight beside it, NORTH always comes first.
NORTH, SOUTH, STRIPE = Target("NORTH"), Target("SOUTH", 0), Target("STRIPE", 0)
KINDS = {"NORTH": "sandbox", "SOUTH": "sandbox", "STRIPE": "stripe"}
FACTS = Facts(125_000, "BDT", "BD", "424242", "visa", "card", "partner_1")
CARD = Card(
    *("tok_1", "visa", "424242", "4242", 12, 2030, "BD", "f" * 64),
    aliases={"sandbox": "tok_1", "stripe": "pm_1"},
)
TERMS = CardTerms(frozenset({"BDT"}), frozenset(), 30, 140, {}, {})


def order(payment_id: str = "pay_1", **changes: object) -> PaymentOrder:
    asked = PaymentOrder(
        payment_id,
        "partner_1",
        "order-1",
        Money(125_000, "BDT"),
        capture=True,
        card=CARD,
        terms=TERMS,
        trace="partner_1.20260430T000000000Z.00000000",
        created_at=NOW,
        deadline=NOW,
        content="0" * 64,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


@dataclass
class Tables:
    """The router's tables, as a test wants them."""

    active: RuleSet | None = None
    flips: list[Switch] = field(default_factory=list)
    ill: frozenset[str] = frozenset()

    async def fresh(self) -> None: ...

    def rules(self) -> RuleSet | None:
        return self.active

    def switches(self) -> Sequence[Switch]:
        return self.flips

    def unwell(self) -> frozenset[str]:
        return self.ill


def rules(*each: Rule, fallback: Sequence[Target] = (NORTH, SOUTH)) -> RuleSet:
    return RuleSet(1, each, tuple(fallback), "ann", NOW)


def route(tables: Tables, asked: PaymentOrder | None = None, **tries: object) -> Decision:
    retries = Retries(**tries)  # type: ignore[arg-type]
    return CelRouter(tables, lambda: KINDS).route(asked or order(), retries)


def switch(**named: object) -> Switch:
    return Switch(on=True, by="ann", why="drill", at=NOW, **named)  # type: ignore[arg-type]


# Conditions


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("currency == 'BDT' && amount >= 100000", True),
        ("bin.startsWith('4242') && country in ['BD', 'IN']", True),
        ("brand == 'mastercard' || partner == 'partner_2'", False),
        ("method == 'card'", True),
        ("method == 'bank_redirect' || bank != ''", False),
    ],
)
def test_a_condition_is_true_or_false(when: str, holds: bool) -> None:
    assert Condition(when).holds(asdict(FACTS)) is holds


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("amont > 5", "undeclared reference to 'amont'"),
        ("amount > '5'", "no matching overload"),
        ("amount", "is of type INT"),
        ("amount > 5 &&", "Syntax error"),
        ("", "Syntax error"),
        ("amount > 1 " + "|| amount > 1 " * 200, "at most 2000 characters"),
    ],
)
def test_a_wrong_condition_is_refused_when_it_is_saved(when: str, words: str) -> None:
    with pytest.raises(RuleRefused, match=words):
        Condition(when)


@pytest.mark.parametrize("when", ["amount / 0 > 1", "amount + 9223372036854775807 > 0"])
def test_an_error_is_never_taken_for_true(when: str) -> None:
    with pytest.raises(RuleBroken):
        Condition(when).holds(asdict(FACTS))


# Rules


def test_the_first_rule_that_holds_decides_and_the_fallback_comes_behind() -> None:
    tables = Tables(
        rules(
            Rule("japan", "country == 'JP'", (NORTH,)),
            Rule("large", "amount > 100000", (STRIPE,)),
            Rule("visa", "brand == 'visa'", (SOUTH,)),
        )
    )

    decision = route(tables)

    assert (decision.rule, decision.version) == ("large", 1)
    assert decision.providers == ("STRIPE", "NORTH", "SOUTH")
    assert decision.facts == FACTS


def test_a_broken_rule_is_explained_and_stops_nobody() -> None:
    tables = Tables(rules(Rule("odd", "amount / 0 > 1", (STRIPE,))))

    decision = route(tables)

    assert decision.rule == "fallback"
    assert decision.providers == ("NORTH", "SOUTH")
    assert [each.provider for each in decision.rejected] == ["rule odd"]


def test_weights_share_the_first_place_and_one_payment_always_gets_the_same() -> None:
    split = (Target("NORTH", 70), Target("SOUTH", 30), Target("STRIPE", 0))
    tables = Tables(rules(Rule("split", "true", split)))

    routes = [route(tables, order(f"pay_{number}")).providers for number in range(2000)]

    first = Counter(each[0] for each in routes)
    assert first["STRIPE"] == 0
    assert 1300 < first["NORTH"] < 1500
    assert all(len(set(each)) == 3 for each in routes)
    assert routes == [route(tables, order(f"pay_{number}")).providers for number in range(2000)]


def test_a_provider_that_cannot_take_the_card_is_left_out_and_the_reason_kept() -> None:
    tables = Tables(rules(fallback=[NORTH, STRIPE, Target("GONE")]))
    only_sandbox = replace(CARD, aliases={"sandbox": "tok_1"})

    decision = route(tables, order(card=only_sandbox))

    assert decision.providers == ("NORTH",)
    reasons = {each.provider: each.reason for each in decision.rejected}
    assert reasons == {
        "STRIPE": "cannot take this method",
        "GONE": "takes no new payments",
    }


def test_without_active_rules_there_is_no_route() -> None:
    assert route(Tables()).providers == ()


# Above the rules


@pytest.mark.parametrize(
    ("brand", "tries", "forbidden"),
    [
        ("visa", {"last_30d": 19}, False),
        ("visa", {"last_30d": 20}, True),
        ("mastercard", {"last_24h": 9, "last_30d": 34}, False),
        ("mastercard", {"last_24h": 10}, True),
        ("mastercard", {"last_30d": 35}, True),
        ("amex", {"last_24h": 500, "last_30d": 500}, False),
        ("amex", {"never": True}, True),
    ],
)
def test_the_networks_forbid_above_every_rule(
    brand: str, tries: dict[str, object], forbidden: bool
) -> None:
    tables = Tables(rules(Rule("all", "true", (NORTH,))))

    decision = route(tables, order(card=replace(CARD, brand=brand)), **tries)

    assert (decision.providers == ()) is forbidden
    assert decision.rule.startswith("network: ") is forbidden


@pytest.mark.parametrize(
    ("flip", "providers"),
    [
        (switch(provider="NORTH"), ("SOUTH",)),
        (switch(country="BD"), ()),
        (switch(country="US"), ("NORTH", "SOUTH")),
        (switch(provider="NORTH", country="US"), ("NORTH", "SOUTH")),
        (switch(method="card"), ()),
        (switch(method="bank_redirect"), ("NORTH", "SOUTH")),
        (switch(), ()),
        (replace(switch(provider="NORTH"), on=False), ("NORTH", "SOUTH")),
    ],
)
def test_a_kill_switch_stops_what_it_names(flip: Switch, providers: tuple[str, ...]) -> None:
    assert route(Tables(rules(), [flip])).providers == providers


def test_an_unwell_provider_comes_last_but_is_not_given_up() -> None:
    assert route(Tables(rules(), ill=frozenset({"NORTH"}))).providers == ("SOUTH", "NORTH")
    everybody = frozenset({"NORTH", "SOUTH"})
    assert route(Tables(rules(), ill=everybody)).providers == ("NORTH", "SOUTH")
