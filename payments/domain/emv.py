"""Codes that customers scan or paste, in EMVCo's merchant-presented form: PIX's BR Code is one.

A text of fields: two digits of a tag, two of a length in characters, the value. The last one is 63,
the check sum of everything before its value. (EMVCo, QR Code Specification for Payment Systems,
Merchant-Presented Mode; Banco Central do Brasil, Manual de Padrões para Iniciação do Pix.)
"""

from binascii import crc_hqx
from collections.abc import Mapping
from typing import Final

from iso4217 import Currency

from payments.domain.money import Money, MoneyError

LONGEST: Final = 512
_FORM, _CURRENCY, _AMOUNT, _COUNTRY, _CHECK_SUM = "00", "53", "54", "58", "63"
_BY_NUMBER: Final = {f"{each.number:03}": each.code for each in Currency if each.number}


class CodeBroken(ValueError):
    """It is no such code, or not whole."""


def fields(code: str) -> Mapping[str, str]:
    """Value by tag, once its check sum fits. Raises CodeBroken."""
    if len(code) > LONGEST or not code.isprintable():
        raise CodeBroken("too long, or not a line of text")
    found = _split(code)
    if next(iter(found), "") != _FORM or found[_FORM] != "01":
        raise CodeBroken("another form")
    if next(reversed(found)) != _CHECK_SUM or found[_CHECK_SUM] != check_sum(code[:-4]):
        raise CodeBroken("its check sum does not fit")
    return found


def asks_for(code: str) -> tuple[Money, str]:
    """How much it asks for, and in which country (ISO 3166 alpha-2). Raises CodeBroken.

    A code without an amount leaves it to who pays: nobody can then hold it against an order.
    """
    found = fields(code)
    try:
        currency = _BY_NUMBER[found[_CURRENCY]]
        return Money.parse(found[_AMOUNT], currency), found[_COUNTRY]
    except KeyError as error:
        raise CodeBroken(f"no field {error}, or none that we know") from error
    except MoneyError as error:
        raise CodeBroken(f"its amount: {error}") from error


def check_sum(text: str) -> str:
    """CRC-16 with polynomial 1021 and initial value FFFF, over the UTF-8 bytes, tag 63 included."""
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


def _split(code: str) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = code
    while rest:
        tag, length, value = rest[:2], rest[2:4], ""
        if (tag + length).isdecimal() and (tag + length).isascii() and len(length) == 2:
            value = rest[4 : 4 + int(length)]
        if not value or len(value) != int(length) or tag in found:
            raise CodeBroken("it breaks off, or tells something twice")
        found[tag] = value
        rest = rest[4 + len(value) :]
    return found
