"""What looks like a card number, however it is written, and what only looks a little like one."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from payments.domain.card_numbers import MASK, find, redact, redact_all

# Numbers that the networks and processors publish for tests.
PUBLISHED = {
    "visa": "4242424242424242",
    "visa of 13": "4222222222222",
    "visa of 19": "4000000000000000006",
    "mastercard": "5555555555554444",
    "mastercard 2-series": "2223003122003222",
    "amex": "378282246310005",
    "amex 34": "343434343434343",
    "diners 30": "30569309025904",
    "diners 36": "36227206271667",
    "diners 38": "38520000023237",
    "discover": "6011111111111117",
    "discover 65": "6510000000000000",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "unionpay of 19": "6205500000000000004",
    "maestro": "6759649826438453",
    "maestro of 12": "501800000009",
    "maestro of 19": "6799990100000000019",
    "mir": "2200000000000004",
    "troy": "9792030394440796",
    "rupay": "6074819900004939",
    "verve": "5060990580000217499",
    "elo": "5090000000000000",
    "uzcard": "8600123456789012",
    "napas": "9704000000000018",
    "dankort": "5019717010103742",
}
CARD = "4000056655665556"


def luhn(stem: str) -> str:
    """The stem with its check digit; the textbook's way, and not the module's."""
    for check in "0123456789":
        total = 0
        for place, digit in enumerate(reversed(stem + check)):
            value = int(digit) * (1 + place % 2)
            total += value - 9 if value > 9 else value
        if total % 10 == 0:
            return stem + check
    raise AssertionError(stem)


def in_digits_of(zero: str, number: str) -> str:
    return "".join(chr(ord(zero) + int(digit)) for digit in number)


@pytest.mark.parametrize("brand", PUBLISHED)
def test_every_brand_is_known(brand: str) -> None:
    number = PUBLISHED[brand]

    assert find(number) == (0, len(number))
    assert redact(f"pays with {number}, thanks") == f"pays with {MASK}, thanks"


@pytest.mark.parametrize("brand", PUBLISHED)
@pytest.mark.parametrize("step", range(1, 10))
def test_the_check_digit_decides(brand: str, step: int) -> None:
    number = PUBLISHED[brand]
    wrong = number[:-1] + str((int(number[-1]) + step) % 10)

    assert find(wrong) is None


@pytest.mark.parametrize("stem", ["1", "0", "7", "99", "2100", "2721", "31", "3100", "8500"])
@pytest.mark.parametrize("length", [13, 14, 15, 16, 19])
def test_a_range_of_no_brand_is_none(stem: str, length: int) -> None:
    assert find(luhn(stem.ljust(length - 1, "4"))) is None


@pytest.mark.parametrize("length", [12, 14, 15, 17, 18, 20, 25])
def test_a_length_that_its_brand_does_not_issue_is_none(length: int) -> None:
    assert find(luhn("4".ljust(length - 1, "2"))) is None


@pytest.mark.parametrize(
    "between", [*" -./_,:|·–—−\t\n\u00a0\u2007\u200b\u2060\ufeff", " - ", '", "']
)
@pytest.mark.parametrize(
    "groups", [(4, 4, 4, 4), (1,) * 16, (2,) * 8, (8, 8), (6, 10), (15, 1), (4, 6, 6), (4, 12)]
)
def test_groups_and_what_stands_between_them_hide_nothing(
    between: str, groups: tuple[int, ...]
) -> None:
    rest, parts = CARD, []
    for size in groups:
        parts.append(rest[:size])
        rest = rest[size:]
    text = between.join(parts)

    assert find(text) == (0, len(text))
    assert redact(f"<{text}>") == f"<{MASK}>"


@pytest.mark.parametrize(
    "zero",
    [
        *"0０٠۰०০๐០᠐",
        "\U0001d7ce",
        "\U0001d7d8",
        "\U0001d7e2",
        "\U0001d7ec",
        "\U0001d7f6",
        "\U0001fbf0",
    ],
)
def test_every_script_has_digits(zero: str) -> None:
    text = in_digits_of(zero, CARD)

    assert find(text) == (0, 16)
    assert find(" ".join(text)) == (0, 31)
    assert find(text[:8] + CARD[8:]) == (0, 16)


def test_digits_of_a_list_and_small_ones_are_digits() -> None:
    assert find("④⁰₀⁰⁰⁵⑥⁶⁵⑤⁶⁶⁵⑤⁵⑥") == (0, 16)


PERCENT = "".join(f"%{ord(digit):02X}" for digit in CARD)
ESCAPED = "".join(f"\\u{ord(digit):04x}" for digit in CARD)
FULL_WIDTH = in_digits_of("０", CARD)


@pytest.mark.parametrize(
    "text",
    [
        PERCENT,
        PERCENT.lower(),
        PERCENT.replace("%", "%25"),
        PERCENT.replace("%", "%2525"),
        CARD[:4] + "%20" + CARD[4:8] + "+" + CARD[8:12] + "%2d" + CARD[12:],
        "".join(f"%{octet:02X}" for octet in FULL_WIDTH.encode()),
        ESCAPED,
        ESCAPED.replace("\\", "\\\\"),
        "".join(f"\\u{ord(digit):04X}" for digit in FULL_WIDTH),
        in_digits_of("\U0001d7ce", CARD).encode("unicode_escape").decode(),
        "".join(
            f"\\ud835\\udf{0xCE + int(digit):02x}" if digit != "9" else digit for digit in CARD
        ),
        repr(FULL_WIDTH.encode())[2:-1],
        "\\n".join(CARD),
        "%".join([CARD[:4], CARD[4:8], CARD[8:12], CARD[12:]]),
    ],
)
def test_no_encoding_hides_it(text: str) -> None:
    assert find(text)
    assert redact(f"q={text}&r=1") == f"q={MASK}&r=1"


@pytest.mark.parametrize(
    "text",
    [
        f"PAN{CARD}",
        f"card={CARD};exp=12/26",
        f"order-{CARD}-1",
        f"{CARD}=26121011234567890",
        f"%B{CARD}^DOE/J^2612",
        f"1) {CARD} 2) nothing",
        f"{CARD} 123",
        f"12/26 {CARD[:4]} {CARD[4:]}",
        f"visa{CARD}exp1226",
        f"ORDER_{CARD}",
    ],
)
def test_neighbours_do_not_hide_it(text: str) -> None:
    start, end = find(text) or (0, 0)

    assert text[start:end].replace(" ", "") == CARD
    assert CARD not in redact(text)


def test_what_stands_before_an_encoded_one_stays_whole() -> None:
    comma, mixed = "%EF%BC%8C", "%EF%BC%94" + PERCENT.removeprefix("%34")

    assert redact(f"a{comma}{mixed}b") in {f"a{comma}{MASK}b", f"a{MASK}b"}
    assert redact(f"a{mixed}{comma}b") == f"a{MASK}{comma}b"


def test_every_number_of_a_text_is_taken_out_and_nothing_else() -> None:
    text = f"first {CARD}, then %34242424242424242 and 378282246310005; order 20261121"

    assert redact(text) == f"first {MASK}, then {MASK} and {MASK}; order 20261121"


def test_what_holds_none_stays_the_same_object() -> None:
    text = "a hundred and 20 µs %zz \\u12"

    assert redact(text) is text


@given(some.text(max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert find(redact(text)) is None


@given(some.text("0123456789 %\\u4２x-", max_size=80))
def test_nothing_is_left_of_what_was_found(text: str) -> None:
    found = find(text)

    assert found is None or 0 <= found[0] < found[1] <= len(text)
    assert find(redact(text)) is None


def test_a_whole_value_is_gone_through() -> None:
    value: dict[str, Any] = {
        "note": f"card {CARD}",
        CARD: [CARD, int(CARD), {"deep": f"{CARD[:8]} {CARD[8:]}"}],
        "count": 3,
        "yes": True,
        "nothing": None,
        "share": 0.4242424242424242,
        "big": float(CARD),
        "amount": Decimal("12.50"),
        "id": UUID("0190a6d5-7c3e-7000-8000-00000000000a"),
    }

    assert redact_all(value) == {
        "note": f"card {MASK}",
        MASK: [MASK, MASK, {"deep": MASK}],
        "count": 3,
        "yes": True,
        "nothing": None,
        "share": 0.4242424242424242,
        "big": MASK,
        "amount": Decimal("12.50"),
        "id": UUID("0190a6d5-7c3e-7000-8000-00000000000a"),
    }


@pytest.mark.parametrize("text", ["4 ", "44 ", "4444 ", "4242424242424241 ", "%34", "4", "\\u0034"])
def test_no_text_is_expensive(text: str) -> None:
    """A whole body of nearly a card number; work that grows with its square would take minutes."""
    assert find((text * 65_536)[:65_536] + "x") is None or text in {"4 ", "44 "}
