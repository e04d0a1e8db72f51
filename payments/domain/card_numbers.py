"""What looks like a card number: a known brand's range and length, and Luhn's check digit.

However it is written: in groups, in any digits of Unicode, percent-encoded or escaped. What has a
format of its own by which it can be told (a UUID, a digest, an IBAN, a time, an IP address, a phone
number) is none.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv6Address
from itertools import accumulate
from typing import Any, Final

from payments.domain.card_ranges import SHORTEST, lengths_of, luhn_sums

Span = tuple[int, int]

MASK: Final = "[card number]"
_SMALLEST: Final = 10 ** (SHORTEST - 1)

_TEN_DIGITS: Final = b"0123456789"
# Up to four characters stand between two digits: `, ` in quotes on both sides.
_CHAIN: Final = re.compile(r"[0-9](?:[^0-9A-Za-z]{0,4}+[0-9]){11,}", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
_ESCAPES: Final = re.compile(
    r"(?P<octets>(?:(?:%|\\+x)[0-9A-Fa-f]{2})+)"
    r"|(?P<units>(?:\\+u[0-9A-Fa-f]{4})+)"
    r"|(?P<point>\\+U00[0-9A-Fa-f]{6})"
    r"|(?P<space>\\+[nrt])",
    re.ASCII,
)
_HEX_PAIRS: Final = re.compile(r"[0-9A-Fa-f]{2}", re.ASCII)
# Whoever encodes what is encoded already does it once, perhaps twice.
_ROUNDS: Final = 3


def find(text: str) -> Span | None:
    """Where the first one stands."""
    return None if _is_harmless(text) else next(_spans(text), None)


def _is_harmless(text: str) -> bool:
    """At a glance: most texts have too few digits, and no other way to write one."""
    if len(text) < SHORTEST:
        return True
    if not text.isascii() or "%" in text or "\\" in text:
        return False
    return len(text) - len(text.encode().translate(None, _TEN_DIGITS)) < SHORTEST


def redact(text: str) -> str:
    """The text without any."""
    if find(text) is None:
        return text
    parts, done = [], 0
    for start, end in sorted(_spans(text)):
        if start >= done:
            parts += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def redact_all(value: Any) -> Any:
    """The same for everything in a JSON value, names and numbers included."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact_all(name): redact_all(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_all(each) for each in value]
    if isinstance(value, (int, float)):
        is_short = -_SMALLEST < value < _SMALLEST
        return value if is_short or find(str(value)) is None else MASK
    return value


def _spans(text: str) -> Iterator[Span]:
    """In every reading of the text, so that what is no escape hides nothing by looking like one."""
    for plain, places in _readings(text):
        for chain in _CHAIN.finditer(plain):
            for start, end in _numbers(plain, chain.span()):
                yield (places[start], places[end]) if places else (start, end)


def _numbers(plain: str, chain: Span) -> Iterator[Span]:
    """A number begins and ends with a group of digits, and is the longest from there."""
    groups = [group.span() for group in _DIGITS.finditer(plain, *chain)]
    digits = "".join(plain[start:end] for start, end in groups)
    sums = luhn_sums(digits)
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    count = 0
    for start, end in groups:
        starts[count] = start
        count += end - start
        ends[count] = end
    done = 0
    for first, start in starts.items():
        if first < done:
            continue
        for length in lengths_of(digits[first : first + 4]):
            last = first + length
            if (
                last in ends
                and (sums[last % 2][last] - sums[last % 2][first]) % 10 == 0
                and not _has_a_format(plain, (start, ends[last]), length)
            ):
                done = last
                yield start, ends[last]
                break


def _readings(text: str) -> Iterator[tuple[str, list[int] | None]]:
    """The text in ASCII digits, with fewer escapes each time, and where each character came from.

    None says that nothing moved.
    """
    places = None
    yield _plain(text), None
    for _ in range(_ROUNDS):
        if ("%" not in text and "\\" not in text) or _ESCAPES.search(text) is None:
            break
        text, places = _unescaped(text, places or list(range(len(text) + 1)))
        yield _plain(text), places


def _plain(text: str) -> str:
    return text if text.isascii() else "".join(map(_ascii, text))


def _unescaped(text: str, places: list[int]) -> tuple[str, list[int]]:
    parts: list[str] = []
    kept: list[int] = []
    done = 0
    for escape in _ESCAPES.finditer(text):
        start, end = escape.span()
        decoded, widths = _decoded(escape)
        unit = (end - start) // sum(widths)
        starts = accumulate(widths[:-1], initial=0)
        parts += [text[done:start], decoded]
        kept += places[done:start]
        kept += [places[start + each * unit] for each in starts]
        done = end
    return "".join([*parts, text[done:]]), kept + places[done:]


def _decoded(escape: re.Match[str]) -> tuple[str, Sequence[int]]:
    """What it stands for, and how much of what was written each character takes."""
    octets = bytes.fromhex("".join(_HEX_PAIRS.findall(escape[0])))
    match escape.lastgroup:
        case "octets":
            try:
                text = octets.decode()
            except UnicodeDecodeError:
                return octets.decode("latin-1"), [1] * len(octets)
            return text, [len(each.encode()) for each in text]
        case "units":
            text = octets.decode("utf-16-be", errors="replace")
            return text, [len(each.encode("utf-16-be")) for each in text]
        case "point":
            return octets.decode("utf-32-be", errors="replace")[:1], [1]
        case _:
            return " ", [1]


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    return "x" if character.isalpha() else " "


def _has_a_format(plain: str, number: Span, digits: int) -> bool:
    """Whether the number is, or is a part of, something that is recognised by its own format."""
    start, end = number
    # No format is longer, but a digest, and half of that is told as well.
    begin = max(0, start - 64)
    around = plain[begin : end + 64]
    return any(
        each.start() < end - begin and start - begin < each.end() and is_one(each[0], digits)
        for pattern, is_one in _FORMATS
        for each in pattern.finditer(around)
    )


def _has_letters(written: str, _: int) -> bool:
    """A number in base 16 of this length without two letters is no work of chance."""
    return sum(character.isalpha() for character in written) >= 2


def _is_iban(written: str, _: int) -> bool:
    """ISO 13616: the remainder by 97 is 1."""
    account = written.replace(" ", "")
    return int("".join(str(int(each, 36)) for each in account[4:] + account[:4])) % 97 == 1


def _is_ipv6(written: str, _: int) -> bool:
    """Eight groups of one or two digits could be, but nobody has such an address."""
    if all(len(group) < 3 for group in written.split(":")):
        return False
    try:
        IPv6Address(written)
    except ValueError:
        return False
    return True


def _is_phone(_: str, digits: int) -> bool:
    """Longer ones exist, but not as long as today's cards."""
    return digits <= 13


def _always(_: str, __: int) -> bool:
    return True


def _word(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])", re.ASCII)


_HEX: Final = "[0-9A-Fa-f]"
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_FORMATS: Final[tuple[tuple[re.Pattern[str], Callable[[str, int], bool]], ...]] = (
    (_word(f"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"), _has_letters),
    (re.compile(f"{_HEX}{{24,}}"), _has_letters),
    (_word("[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?"), _is_iban),
    # A time of day; a date and a time without separators, as in our traces.
    (re.compile(r"(?<![0-9])[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?![0-9])"), _always),
    (re.compile(r"(?<![0-9])20[0-9]{6}T[0-9]{6}"), _always),
    (re.compile(f"(?<![0-9A-Za-z:])(?:{_HEX}{{0,4}}:){{2,7}}{_HEX}{{0,4}}"), _is_ipv6),
    (_word(rf"(?<![.]){_OCTET}(?:\.{_OCTET}){{3}}(?![.])"), _always),
    # A fraction. A card number in groups has more than three digits before the first dot.
    (re.compile(r"(?<![0-9.])[0-9]{1,3}\.[0-9]{4,}(?![0-9.])"), _always),
    (re.compile(r"\+[0-9](?:[ ().-]{0,2}[0-9]){6,14}(?![0-9])"), _is_phone),
)
