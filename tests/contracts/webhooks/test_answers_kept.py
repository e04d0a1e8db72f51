"""What is read out of a receiver's answer: how long to wait, and what the log keeps of it."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from payments.adapters.webhooks.sender import LONGEST_KEPT_BYTES, kept, retry_after_s

NOW = datetime(2026, 11, 21, 9, 30, 0, tzinfo=UTC)
DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("86400", DAY_S),
        ("86401", DAY_S),
        ("9" * 5_000, DAY_S),
        ("Sat, 21 Nov 2026 09:30:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 10:30:30 +0100", 30.0),
        ("Sat, 21 Nov 2026 09:30:30 -0000", 30.0),
        ("Saturday, 21-Nov-26 09:30:30 GMT", 30.0),
        ("Sat Nov 21 09:30:30 2026", 30.0),
        ("Sat, 21 Nov 2026 09:29:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY_S),
        ("", None),
        ("-1", None),
        ("+7", None),
        ("1.5", None),
        ("1e3", None),
        ("٧", None),
        ("soon", None),
        ("7, 8", None),
        ("Sat, 99 Nov 2026 09:30:30 GMT", None),
        ("Sat, 21 Nov 99999 09:30:30 GMT", None),
        (f"Sat, 21 Nov {'9' * 30} 09:30:30 GMT", None),
        ("Sat, 21 Nov 2026 09:30:30 +9999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after_s(text, NOW) == seconds


def test_a_date_without_a_zone_is_utc_wherever_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Dhaka")
    time.tzset()
    try:
        assert retry_after_s("Sat Nov 21 09:30:30 2026", NOW) == 30.0
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text(max_size=40))
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
def test_any_retry_after_is_within_a_day_or_none(text: str) -> None:
    seconds = retry_after_s(text, NOW)

    assert seconds is None or 0 <= seconds <= DAY_S


def test_a_short_answer_is_kept_as_it_is() -> None:
    assert kept("grüße".encode()) == "grüße"
    assert kept(b"") == ""


def test_what_is_no_text_is_kept_as_far_as_it_is_one() -> None:
    assert kept(b"a\x00b\xffc") == "a\ufffdb\ufffdc"


def test_a_character_at_the_end_is_not_cut_in_two() -> None:
    assert kept(b"x" + "é".encode() * 2_000) == "x" + "é" * ((LONGEST_KEPT_BYTES - 1) // 2)


@pytest.mark.parametrize("before", [2_030, 2_040, 2_047, 3_500, 4_080, 4_090, 5_000])
def test_no_part_of_a_card_number_is_kept_wherever_it_stands(before: int) -> None:
    text = kept(b"x" * before + b" 4111111111111111 " + b"y" * 5_000)

    assert "4" not in text
    assert len(text) == LONGEST_KEPT_BYTES


def test_card_numbers_that_shrink_the_text_bring_no_half_one_into_it() -> None:
    written = "".join(f"\\u00{ord(digit):x}" for digit in "4111111111111111") + " "
    text = kept(written.encode() * 100)

    assert text.replace("[card number]", "").strip() == ""


@given(st.binary(max_size=5_000))
def test_whatever_comes_is_kept_in_2_kb_of_text(content: bytes) -> None:
    text = kept(content)

    assert len(text.encode()) <= LONGEST_KEPT_BYTES
    assert "\x00" not in text
