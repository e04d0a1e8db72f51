"""Codes that customers scan or paste: how they are written, whose schemes, and who pays them.

EMVCo's merchant-presented form: tag, length, value, and at the end a CRC-16 over all of it.
"""

from binascii import crc_hqx
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.behaviour import ORDINARY, Instruction
from sandbox.acquirer.entries import NOT_AUTHENTICATED, Decline, Order, Page, ThreeDs, Verdict
from sandbox.acquirer.payer import Decision


@dataclass(frozen=True, slots=True)
class Scheme:
    """`number` is the currency's in ISO 4217, `place` the tag under which the scheme stands."""

    country: str
    currency: str
    number: str
    name: str
    place: str
    city: str


SCHEMES = {
    scheme.country: scheme
    for scheme in (
        Scheme("BR", "BRL", "986", "br.gov.bcb.pix", "26", "BRASILIA"),
        Scheme("BD", "BDT", "050", "bd.gov.bb.banglaqr", "26", "DHAKA"),
        Scheme("SG", "SGD", "702", "sg.paynow", "26", "SINGAPORE"),
        Scheme("TH", "THB", "764", "A000000677010111", "29", "BANGKOK"),
    )
}


@dataclass(frozen=True, slots=True)
class App:
    """The customer's own app. It only ever pays, and what comes is what was typed into it."""

    page: Page = Page.CODE
    instruction: Instruction = ORDINARY
    refunds_fail_later: bool = False
    webhook_copies: int = 1
    counts_late: bool = False
    unanswered: ThreeDs = NOT_AUTHENTICATED

    def opening(self, order: Order) -> ThreeDs | Verdict | None:  # noqa: ARG002
        return None

    def answered(self, decision: Decision) -> ThreeDs | Verdict | None:  # noqa: ARG002
        """Nobody says yes or no: money comes, or it does not."""
        return None

    def objection(self, three_ds: ThreeDs) -> Decline | None:  # noqa: ARG002
        return None

    def decline_named(self, reason: str) -> Decline:
        return Decline(reason, None, None, reason.lower())


APP = App()


def scheme_for(order: Order) -> Scheme | None:
    scheme = SCHEMES.get(order.country or "")
    return scheme if scheme is not None and scheme.currency == order.currency else None


def code_for(order: Order, url: str) -> str:
    """What the QR code holds: who gets how much, and where its app finds the payment."""
    scheme = scheme_for(order)
    assert scheme is not None, "a code is only opened for a scheme that there is"
    parts = urlsplit(url)
    place = _field("00", scheme.name) + _field("25", parts.netloc + parts.path)
    return sealed(
        _field("00", "01")
        + _field("01", "12")
        + _field(scheme.place, place)
        + _field("52", "0000")
        + _field("53", scheme.number)
        + _field("54", amount_written(order.amount_minor, order.currency))
        + _field("58", scheme.country)
        + _field("59", order.payee[:25])
        + _field("60", scheme.city)
        + _field("62", _field("05", "***"))
    )


def sealed(fields: str) -> str:
    """With its check sum."""
    open_end = f"{fields}6304"
    return f"{open_end}{crc_hqx(open_end.encode(), 0xFFFF):04X}"


def challenge_of(code: str) -> str | None:
    """The name at the end of the address in a pasted code; None for what is no code of ours."""
    if sealed(code[:-8]) != code:
        return None
    for scheme in SCHEMES.values():
        place = _value(code, scheme.place)
        address = _value(place, "25") if place is not None else None
        if address is not None:
            return address.rpartition("/")[2]
    return None


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02}{value}"


def _value(fields: str, tag: str) -> str | None:
    while len(fields) > 4 and fields[2:4].isdecimal():
        found, end = fields[:2], 4 + int(fields[2:4])
        if found == tag:
            return fields[4:end]
        fields = fields[end:]
    return None
