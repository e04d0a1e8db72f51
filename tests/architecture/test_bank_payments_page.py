"""The page on payments at banks is held against the code: states, ends, fields, events, banks."""

import re
from pathlib import Path

from api.bank_schemas import BanksQuery, BanksView, BankView
from api.method_schemas import BankRedirectBody, BankRedirectView, NextActionView
from payments.domain.codes import MEANINGS, Code
from payments.domain.events import EVENT_TYPES
from payments.domain.payment import FINAL, PAYMENT_MOVES, PaymentStatus
from sandbox.acquirer.banks import offered

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "bank-payments.md").read_text()
# A bank takes the money at once.
NEVER = {PaymentStatus.AUTHORIZED, PaymentStatus.PARTIALLY_CAPTURED}


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, number
    return found[0]


def test_the_diagram_shows_every_move_of_a_payment_at_a_bank_and_no_other() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", PAGE, re.MULTILINE))

    assert drawn == {
        (status.value, to.value)
        for status, moves in PAYMENT_MOVES.items()
        for to in moves
        if not {status, to} & NEVER
    }
    assert set(re.findall(r"^ +(\w+) --> \[\*\]$", PAGE, re.MULTILINE)) == set(FINAL)


def test_every_status_and_every_ending_is_explained() -> None:
    for status in set(PaymentStatus) - NEVER:
        assert f"`{status}`" in section(3)
    told = set(re.findall(r"^\|[^|]*\| `(\w+)` \|", section(7), re.MULTILINE))
    assert told == set(FINAL)
    codes = {Code(code) for code in re.findall(r"P\d{4}", section(7))} - {Code.OK}
    assert {MEANINGS[code].http_status for code in codes} == {402}
    assert {Code.ACTION_EXPIRED, Code.CUSTOMER_CANCELED} <= codes


def test_every_field_is_named() -> None:
    told = set(re.findall(r"\w+", PAGE))

    for shape in (BankRedirectBody, BankRedirectView, NextActionView):
        assert {str(field.alias) for field in shape.model_fields.values()} <= told, shape
    for listed in (BanksQuery, BanksView, BankView):
        assert {str(field.alias) for field in listed.model_fields.values()} <= told, listed


def test_every_event_that_is_named_exists() -> None:
    named = set(re.findall(r"payment\.[a-z_]+", section(5) + section(8)))

    assert named <= set(EVENT_TYPES)
    assert f"payment.{PaymentStatus.REQUIRES_ACTION}" in named


def test_every_test_bank_is_there_for_every_currency() -> None:
    named = set(re.findall(r"^\| ([A-Z]+) \|", section(8), re.MULTILINE))

    assert named
    for currency in ("GBP", "EUR", "USD"):
        assert named <= {bank.id for bank in offered("GB", currency)}
