"""What the acquirers' doors are asked, field by field."""

from typing import Annotated, Literal

from pydantic import Field

from sandbox.answers import StrictBody

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:~-]{1,200}$")]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,3})?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
BankId = Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,40}$")]
Reason = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]
Url = Annotated[str, Field(pattern=r"^https?://[!-~]{1,2000}$")]


class PaymentBody(StrictBody):
    reference: Name
    amount: Amount
    currency: Currency
    capture: bool
    method: Name
    country: Country | None = None
    bank: BankId | None = None
    payee: Name
    threeDS: Literal["auto", "required"] = "auto"  # noqa: N815
    returnUrl: Url | None = None  # noqa: N815


class CaptureBody(StrictBody):
    reference: Name
    amount: Amount
    final: bool = False


class RefundBody(StrictBody):
    """`receipt` goes back instead of what was captured."""

    reference: Name
    amount: Amount
    receipt: Name | None = None


class EvidenceBody(StrictBody):
    """`texts` and `files` by what they are about; a file by its id."""

    reference: Name
    texts: dict[Name, Annotated[str, Field(min_length=1, max_length=20_000)]] = Field(
        default_factory=dict
    )
    files: dict[Name, Name] = Field(default_factory=dict)


class AcceptBody(StrictBody):
    reference: Name


class VoidBody(StrictBody):
    """Nothing but its key."""
