"""Money: strings in, minor units inside, strings out; nothing is ever rounded silently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.bill import Agreement
from payments.domain.money import LARGEST_MINOR, Money, MoneyError, digits


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1250.00", "BDT", 125000),
        ("1250", "BDT", 125000),
        ("0.01", "EUR", 1),
        ("1250", "JPY", 1250),
        ("1.250", "BHD", 1250),
        ("1.2", "BHD", 1200),
    ],
)
def test_a_decimal_string_becomes_minor_units(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "kind"),
    [
        ("0", "BDT", "not_positive"),
        ("-1", "BDT", "format"),
        ("-0.00", "BDT", "format"),
        ("+1", "BDT", "format"),
        ("0.001", "EUR", "digits"),
        ("1.5", "JPY", "digits"),
        ("1.2345", "BHD", "digits"),
        ("1,250.00", "BDT", "format"),
        (" 12.50", "BDT", "format"),
        ("12.5\x00", "BDT", "format"),
        ("1_000", "BDT", "format"),
        ("1e3", "BDT", "format"),
        ("0x10", "BDT", "format"),
        ("NaN", "BDT", "format"),
        ("", "BDT", "format"),
        (".5", "BDT", "format"),
        ("5.", "BDT", "format"),
        ("007", "BDT", "format"),
        ("١٢", "BDT", "format"),
        ("9" * 17, "BDT", "too_large"),
        ("9999999999999999", "BDT", "too_large"),
        ("1", "eur", "currency"),
        ("1", "XXX", "currency"),
        ("1", "XTS", "currency"),
        ("1", "XAU", "currency"),
        ("1", "BTC", "currency"),
        ("1", "ЕUR", "currency"),
        ("1", "", "currency"),
    ],
)
def test_what_is_not_money_is_refused_by_kind(text: str, currency: str, kind: str) -> None:
    with pytest.raises(MoneyError) as refused:
        Money.parse(text, currency)
    assert refused.value.kind == kind


@given(
    st.integers(min_value=1, max_value=LARGEST_MINOR),
    st.sampled_from(["BDT", "JPY", "BHD", "CLF", "XOF"]),
)
def test_what_is_written_reads_back_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(str(money), currency) == money


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(AssertionError):
        Money(1, "BDT") + Money(1, "JPY")


def test_a_negative_amount_is_written_with_its_sign() -> None:
    assert str(-Money(5, "BDT")) == "-0.05"
    assert str(-Money(5, "JPY")) == "-5"


def test_the_last_cent_of_a_fee_stays_with_the_partner() -> None:
    agreement = Agreement(fee_flat_minor=100, fee_basis_points=150)
    assert agreement.fee(Money(999, "BDT")) == Money(114, "BDT")


def test_digits_follow_iso_4217() -> None:
    assert [digits(each) for each in ("BDT", "JPY", "BHD", "CLF")] == [2, 0, 3, 4]
