"""What has a format of its own is no card number, whatever its digits are."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from payments.domain.card_numbers import find, redact

CARD = "4000056655665556"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DE89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "GB29 NWBK 6016 1331 9268 19",
        "FR14 2004 1010 0505 0001 3M02 606",
        "partner_36123456.20261121T060446123Z.7K3Q9XW2",
        "2026-11-30 03:04:46.123456",
        "2026-11-30T03:04:46.123456Z",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.6778.204 Safari/537.36",
        "0.4242424242424242",
        "+49 151 23456789",
        "+62 812 3456 7890",
        "36.112.123.200:51234",
        "2606:4700:4700::1114",
        "[2606:4700:4700:0:0:0:0:1114]:443",
        "4242 4242 and 4242 4242",
        "4242a4242b4242c4242",
    ],
)
def test_what_has_another_format_is_none(text: str) -> None:
    assert find(text) is None
    assert redact(text) is text


def test_a_format_is_looked_at_and_not_believed() -> None:
    assert find("42424242-4242-4242-0000-000000000000")
    assert find("DE00 4242 4242 4242 4242")
    assert find(f"+{CARD}")
    assert find("4242:4242:4242:4242")
    assert find("4242.4242.4242.4242")


@given(some.uuids().map(str).filter(re.compile("[a-f].*[a-f]").search))
def test_no_uuid_is_one(text: str) -> None:
    assert find(text) is None
    assert find(f"key {text}, {text.upper()}") is None


@given(some.binary(min_size=16, max_size=64).map(bytes.hex))
def test_no_digest_is_one(text: str) -> None:
    assert find(text) is None or sum(each.isalpha() for each in text) < 2


@given(
    some.datetimes(timezones=some.just(UTC)).map(
        lambda at: at.replace(day=min(at.day, 28), year=2000 + at.year % 100)
    )
)
def test_no_time_is_one(at: datetime) -> None:
    for text in (
        at.isoformat(),
        at.isoformat(" "),
        at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        f"{at:%Y%m%d%H%M%S}",
        f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}",
        f"{at:%Y%m%dT%H%M%S%f}Z",
        f"{at:%a, %d %b %Y %H:%M:%S} GMT",
        f"{at:%b %d %H:%M:%S}.{at.microsecond:06d}",
    ):
        assert find(text) is None, text


@given(some.integers(10**9, 2 * 10**9 - 1), some.sampled_from([1, 10**3, 10**6, 10**9]))
def test_no_count_of_time_is_one(seconds: int, unit: int) -> None:
    assert find(str(seconds * unit)) is None


@given(some.integers(0, 10**11 - 1).map(lambda number: f"{number:010d}"))
def test_no_short_number_is_one(text: str) -> None:
    assert find(text) is None


@given(some.from_regex(r"\A[A-Z]{2}[0-9]{2}[A-Z0-9]{11,26}\Z"))
def test_no_iban_is_one(text: str) -> None:
    account = text[:2] + "00" + text[4:]
    remainder = int("".join(str(int(each, 36)) for each in account[4:] + account[:4])) % 97
    iban = f"{text[:2]}{98 - remainder:02d}{text[4:]}"
    grouped = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))

    assert find(iban) is None
    assert find(grouped) is None
