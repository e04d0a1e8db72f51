"""The page on payments by a code is held against the code: states, ends, fields, events."""

import re
from pathlib import Path

from api.case_schemas import CasesQuery, CasesView, CaseView
from api.method_schemas import CodeBody, CodeView, DisplayCodeView
from payments.domain.case import CASE_MOVES, CasePolicy, CaseReason
from payments.domain.codes import MEANINGS, Code
from payments.domain.events import EVENT_TYPES
from payments.domain.payment import FINAL, PAYMENT_MOVES, PaymentStatus

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "code-payments.md").read_text()
# The money is taken at once.
NEVER = {PaymentStatus.AUTHORIZED, PaymentStatus.PARTIALLY_CAPTURED}


def section(title: str) -> str:
    found = re.search(rf"^## \d\. {title}.*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[0]


def test_the_diagram_shows_every_move_of_a_payment_by_a_code_and_no_other() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", section("States"), re.MULTILINE))

    assert drawn == {
        (status.value, to.value)
        for status, moves in PAYMENT_MOVES.items()
        for to in moves
        if not {status, to} & NEVER
    }
    ends = re.findall(r"^ +(\w+) --> \[\*\]$", section("States"), re.MULTILINE)
    assert set(ends) == set(FINAL)


def test_every_status_and_every_ending_is_explained() -> None:
    for status in set(PaymentStatus) - NEVER:
        assert f"`{status}`" in section("States")
    told = set(re.findall(r"^\|[^|]*\| `(\w+)` \|", section("Endings"), re.MULTILINE))
    assert told == set(FINAL)
    codes = {Code(code) for code in re.findall(r"P\d{4}", section("Endings"))} - {Code.OK}
    assert {MEANINGS[code].http_status for code in codes} == {402}
    assert {Code.ACTION_EXPIRED, Code.CHALLENGE_CHANGED} <= codes


def test_every_field_is_named() -> None:
    told = set(re.findall(r"\w+", PAGE))

    for shape in (CodeBody, CodeView, DisplayCodeView, CasesQuery, CasesView, CaseView):
        assert {str(field.alias) for field in shape.model_fields.values()} <= told, shape


def test_every_event_that_is_named_exists() -> None:
    named = set(re.findall(r"(?:payment|case)\.[a-z_]+", section("Webhooks")))

    assert named <= set(EVENT_TYPES)
    assert f"payment.{PaymentStatus.REQUIRES_ACTION}" in named


def test_cases_are_drawn_and_every_reason_and_policy_is_explained() -> None:
    cases = section("Cases")

    drawn = set(re.findall(r"^ +(\w+) --> (\w+):", cases, re.MULTILINE))
    assert drawn == {
        (status.value, to.value) for status, moves in CASE_MOVES.items() for to in moves
    }
    for each in (*CaseReason, *CasePolicy):
        assert f"| `{each}` |" in cases
