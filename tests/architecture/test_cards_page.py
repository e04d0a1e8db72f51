"""What the chapter on cards says is held against the code: states, moves, fields, scopes."""

import re
from pathlib import Path

from api.card_schemas import CustomerView, MethodView, PaymentBody, PaymentView, RefundView
from api.schemas import Asked, Told
from payments.domain.partner import Scope
from payments.domain.payment import FINAL, PAYMENT_MOVES, PaymentStatus
from payments.ports.inbox import InboundState

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cards.md").read_text()


def names(shape: type[Asked] | type[Told]) -> set[str]:
    return {str(field.alias) for field in shape.model_fields.values()}


def test_the_diagram_of_a_payment_shows_every_move_and_no_other() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", PAGE, re.MULTILINE))

    assert drawn == {
        (status.value, to.value) for status, moves in PAYMENT_MOVES.items() for to in moves
    }
    ends = set(re.findall(r"^ +(\w+) --> \[\*\]$", PAGE, re.MULTILINE))
    assert ends == set(FINAL)


def test_every_status_is_explained() -> None:
    for status in PaymentStatus:
        assert re.search(rf"^\| .*`{status}`.* \|", PAGE, re.MULTILINE), status
    for state in InboundState:
        assert state is InboundState.RECEIVED or f"`{state}`" in PAGE


def test_every_field_is_named() -> None:
    told = set(re.findall(r"\w+", PAGE))

    for shape in (PaymentBody, PaymentView, RefundView, CustomerView, MethodView):
        assert names(shape) <= told, shape


def test_every_scope_for_cards_is_named() -> None:
    for scope in (Scope.POST_PAYMENT, Scope.READ_PAYMENT, Scope.POST_REFUND):
        assert f"| `{scope}` |" in PAGE
