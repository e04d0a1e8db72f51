"""Where a payment at a bank goes: to those who take banks, by rules and switches that know it."""

from dataclasses import asdict

import pytest
from pydantic import TypeAdapter

from payments.adapters.routing.conditions import Condition
from payments.domain.method import BankRedirect
from payments.domain.payment import PaymentOrder
from payments.domain.routing import Decision, Facts, Rule, Switch
from tests.unit.test_routing import (
    FACTS,
    NORTH,
    SOUTH,
    STRIPE,
    Tables,
    order,
    route,
    rules,
    switch,
)


def at_a_bank(bank: BankRedirect) -> PaymentOrder:
    return order(card=None, bank=bank)


@pytest.mark.parametrize("bank", [BankRedirect("BD", "SUNNY"), BankRedirect("BD")])
def test_a_bank_payment_goes_only_to_those_who_take_banks(bank: BankRedirect) -> None:
    decision = route(Tables(rules(fallback=[STRIPE, NORTH, SOUTH])), at_a_bank(bank))

    assert decision.providers == ("NORTH", "SOUTH")
    assert [(each.provider, each.reason) for each in decision.rejected] == [
        ("STRIPE", "cannot take this method")
    ]
    assert decision.facts == Facts(
        *(125_000, "BDT", "BD", "", "", "bank_redirect", "partner_1", bank.bank or "")
    )


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("method == 'bank_redirect'", True),
        ("method == 'bank_redirect' && bank == 'SUNNY' && country == 'BD'", True),
        ("bank == ''", False),
        ("brand == 'visa' || bin.startsWith('4')", False),
        ("method == 'card'", False),
    ],
)
def test_rules_know_a_bank_payment(when: str, holds: bool) -> None:
    tables = Tables(rules(Rule("asked", when, (SOUTH,)), fallback=[NORTH]))

    decision = route(tables, at_a_bank(BankRedirect("BD", "SUNNY")))

    assert decision.rule == ("asked" if holds else "fallback")


@pytest.mark.parametrize(
    ("flip", "providers"),
    [
        (switch(method="bank_redirect"), ()),
        (switch(method="card"), ("NORTH", "SOUTH")),
        (switch(method="bank_redirect", provider="NORTH"), ("SOUTH",)),
        (switch(method="bank_redirect", country="GB"), ("NORTH", "SOUTH")),
        (switch(country="BD"), ()),
    ],
)
def test_a_kill_switch_stops_banks_by_their_method(
    flip: Switch, providers: tuple[str, ...]
) -> None:
    asked = at_a_bank(BankRedirect("BD", "SUNNY"))

    assert route(Tables(rules(), [flip]), asked).providers == providers


def test_no_card_network_forbids_a_bank_payment() -> None:
    asked = at_a_bank(BankRedirect("BD"))

    assert route(Tables(rules()), asked, last_24h=500, last_30d=500).providers == ("NORTH", "SOUTH")


def test_what_was_decided_before_rules_knew_of_banks_is_still_read() -> None:
    """From a row of the record, and from the history of a payment that is under way."""
    old = asdict(FACTS)
    del old["bank"]
    decided = {"version": 1, "rule": "fallback", "providers": ["NORTH"], "facts": old}

    decision = TypeAdapter(Decision).validate_python(decided)

    assert decision.facts == FACTS
    assert Condition("bank == ''").holds(asdict(decision.facts))
