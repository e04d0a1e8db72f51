"""Codes of EMVCo's form: read as published ones are, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain import emv
from payments.domain.charge import Answer, ChallengeAsked
from payments.domain.emv import CodeBroken, asks_for, check_sum, fields
from payments.domain.method import DisplayCode
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from tests.card_factories import NOW, make_bank_order, make_code_order
from tests.code_fakes import code_over

# The example of Banco Central do Brasil's Manual de Padrões para Iniciação do Pix.
PUBLISHED = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR"
    "5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)
TEN = Money(1_000, "BRL")
GOOD = code_over(TEN)


def test_the_published_example_is_read() -> None:
    read = fields(PUBLISHED)

    assert check_sum(PUBLISHED[:-4]) == "1D3D"
    assert read["26"] == "0014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
    assert (read["53"], read["58"], read["59"]) == ("986", "BR", "Fulano de Tal")


def test_a_code_says_what_it_asks_for_and_where() -> None:
    assert asks_for(GOOD) == (TEN, "BR")
    assert asks_for(code_over(TEN, _54="10")) == (TEN, "BR")


def test_a_code_that_leaves_the_amount_to_who_pays_is_none() -> None:
    with pytest.raises(CodeBroken, match="54"):
        asks_for(PUBLISHED)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "63041D3D",
        GOOD[:-1],
        f"{GOOD}0",
        f"{GOOD[:-4]}0000",
        GOOD[:-4] + GOOD[-4:].lower(),
        GOOD.replace("10.00", "11.00"),
        GOOD.replace("BRASILIA", "BRASILIE"),
        code_over(TEN, _00="02"),
        code_over(TEN, _54="0.00"),
        code_over(TEN, _54="-1"),
        code_over(TEN, _54="1e3"),
        code_over(TEN, _54="10.001"),
        code_over(TEN, _54="9" * 30),
        code_over(TEN, _53="999"),
        code_over(TEN, _53="xyz"),
        code_over(TEN, _53="\u0669\u0668\u0666"),
        code_over(TEN, _54=""),
        code_over(TEN, _58=""),
        code_over(TEN, _59="line\nbreak"),
        code_over(TEN, _59="x" * 99, _60="y" * 99, _61="z" * 99, _64="a" * 99, _65="b" * 99),
    ],
    ids=ascii,
)
def test_what_is_no_whole_code_is_none(code: str) -> None:
    with pytest.raises(CodeBroken):
        asks_for(code)


@pytest.mark.parametrize("length", ["+3", " 3", "0x", "\u0660\u0663", "3"])
def test_a_length_is_two_digits(length: str) -> None:
    open_end = f"000201{'59'}{length}abc6304"

    with pytest.raises(CodeBroken):
        fields(open_end + check_sum(open_end))


def test_what_is_told_twice_is_not_told() -> None:
    open_end = "00020154041.005404 9.06304"

    with pytest.raises(CodeBroken):
        fields(open_end + check_sum(open_end))


@given(st.text(max_size=200))
def test_nothing_that_is_pasted_breaks_the_reader(text: str) -> None:
    for code in (text, GOOD + text, text + GOOD, GOOD[: len(text)] + text):
        try:
            emv.asks_for(code)
        except CodeBroken:
            continue
        assert code == GOOD


@pytest.mark.parametrize(
    ("code", "is_it"),
    [
        (GOOD, True),
        (code_over(Money(1_001, "BRL")), False),
        (code_over(Money(1_000, "BDT")), False),
        (code_over(TEN, "PT"), False),
        (PUBLISHED, False),
        (None, False),
    ],
    ids=ascii,
)
def test_a_code_is_shown_only_when_it_asks_for_what_was_ordered(
    code: str | None, is_it: bool
) -> None:
    order = make_code_order(amount=TEN, display=DisplayCode("BR"))
    asked = ChallengeAsked("https://pix.test/1", NOW, code)

    assert Answer(OutcomeKind.PENDING, challenge=asked).is_of(order) is is_it
    # A bank's page has none.
    assert Answer(OutcomeKind.PENDING, challenge=asked).is_of(make_bank_order())
