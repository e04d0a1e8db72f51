"""How a customer pays and what they have to do for it, as partners write and read it."""

import base64
from io import BytesIO
from typing import Annotated, Literal

import segno
from pydantic import Field, StringConstraints

from api.schemas import Asked, Told, rfc3339
from payments.domain.payment import NextAction, Payment

Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
BankId = Annotated[str, StringConstraints(pattern="^[A-Z0-9_]{2,40}$")]


class BankRedirectBody(Asked):
    """The customer says yes at their own bank. `country` is the bank's (ISO 3166 alpha-2).

    `bank` is the `id` of one of GET /v1/banks; without it the customer chooses at the provider.
    """

    type: Literal["bank_redirect"]
    country: Country
    bank: BankId | None = None


class CodeBody(Asked):
    """The customer pays a code in an app of theirs. `country` says whose scheme: BR is PIX."""

    type: Literal["code"]
    country: Country


class CardView(Told):
    type: Literal["card"] = "card"
    brand: str
    last4: str


class BankRedirectView(Told):
    """Without `bank` the customer chooses it at the provider."""

    type: Literal["bank_redirect"] = "bank_redirect"
    country: str
    bank: str | None = None


class CodeView(Told):
    type: Literal["code"] = "code"
    country: str


MethodTold = CardView | BankRedirectView | CodeView


class NextActionView(Told):
    """What the customer has to do: send the browser to `url` before `expiresAt`."""

    type: Literal["redirect"] = "redirect"
    url: str
    expires_at: str


class DisplayCodeView(Told):
    """What the customer has to do before `expiresAt`: pay the code, which all three of these are.

    `qrCode` is the picture, as the `src` of an <img>, `copyCode` its text to be pasted, and
    `deeplink` opens it on the telephone that it is shown on.
    """

    type: Literal["display_code"] = "display_code"
    qr_code: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    deeplink: str
    copy_code: str
    expires_at: str


ActionTold = Annotated[NextActionView | DisplayCodeView, Field(discriminator="type")]


def action_told(action: NextAction) -> NextActionView | DisplayCodeView:
    expires_at = rfc3339(action.expires_at)
    if action.copy_code is None:
        return NextActionView(url=action.url, expires_at=expires_at)
    return DisplayCodeView(
        qr_code=picture(action.copy_code),
        deeplink=action.url,
        copy_code=action.copy_code,
        expires_at=expires_at,
    )


def method_told(payment: Payment) -> MethodTold:
    if payment.bank is not None:
        return BankRedirectView(country=payment.bank.country, bank=payment.bank.bank)
    if payment.display is not None:
        return CodeView(country=payment.display.country)
    assert payment.card_brand is not None
    assert payment.card_last4 is not None
    return CardView(brand=payment.card_brand, last4=payment.card_last4)


def picture(code: str) -> str:
    """The code as an image, whole in a data URI. It is made for each answer and kept nowhere."""
    drawn = BytesIO()
    # Level M is what Banco Central do Brasil asks for.
    segno.make(code, error="m", micro=False, boost_error=False).save(
        drawn, kind="svg", scale=4, xmldecl=False, svgns=True
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode()}"
