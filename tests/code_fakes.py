"""Codes as a provider would write them, for tests that need no sandbox."""

from typing import Final

from payments.domain import emv
from payments.domain.money import Money

_NUMBERS: Final = {"BRL": "986", "BDT": "050", "USD": "840"}


def code_over(amount: Money, country: str = "BR", **changes: str) -> str:
    """`changes` replace fields by tag, as _54="1.00"; an empty one is left out."""
    values = {
        "00": "01",
        "26": "0014br.gov.bcb.pix2512pix.test/c/1",
        "52": "0000",
        "53": _NUMBERS[amount.currency],
        "54": str(amount),
        "58": country,
        "59": "Fulano de Tal",
        "60": "BRASILIA",
        "62": "0503***",
    } | {tag.removeprefix("_"): value for tag, value in changes.items()}
    open_end = "".join(f"{tag}{len(value):02}{value}" for tag, value in values.items() if value)
    return f"{open_end}6304{emv.check_sum(open_end + '6304')}"
