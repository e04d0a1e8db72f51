"""The trace: readable without a look-up, and its parser takes nothing else for one."""

from datetime import UTC, datetime

import pytest

from payments.domain.trace import Trace

AT = datetime(2026, 4, 30, 8, 21, 14, 123456, tzinfo=UTC)


def test_a_trace_names_partner_time_and_chance() -> None:
    assert str(Trace.make("partner_12", AT, bytes(5))) == "partner_12.20260430T082114123Z.00000000"
    assert str(Trace.make("anon", AT, b"\xff" * 5)) == "anon.20260430T082114123Z.ZZZZZZZZ"


def test_what_was_written_parses_back() -> None:
    trace = Trace.make("partner_12", AT, b"\x01\x23\x45\x67\x89")
    assert Trace.parse(str(trace)) == trace


@pytest.mark.parametrize(
    "text",
    [
        "",
        "partner_12",
        "partner_12.20260430T082114123Z",
        "partner_12.20260430T082114Z.7K3Q9XW2",
        "partner_12.20260430T082114123Z.7K3Q9XWI",
        "Partner.20260430T082114123Z.7K3Q9XW2",
        "partner_12.20261330T082114123Z.7K3Q9XW2",
        "partner_12.20260430T082114123Z.7K3Q9XW2\n",
        "a.b.20260430T082114123Z.7K3Q9XW2",
    ],
)
def test_anything_else_is_not_a_trace(text: str) -> None:
    with pytest.raises(ValueError):
        Trace.parse(text)
