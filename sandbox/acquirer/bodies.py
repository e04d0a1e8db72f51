"""What the acquirers' doors are asked, field by field."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:~-]{1,200}$")]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,3})?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
BankId = Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,40}$")]
Reason = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]
Url = Annotated[str, Field(pattern=r"^https?://[!-~]{1,2000}$")]


class PaymentBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
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


class CaptureBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reference: Name
    amount: Amount
    final: bool = False


class RefundBody(BaseModel):
    """`receipt` goes back instead of what was captured."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reference: Name
    amount: Amount
    receipt: Name | None = None


class EvidenceBody(BaseModel):
    """`texts` and `files` by what they are about; a file by its id."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reference: Name
    texts: dict[Name, Annotated[str, Field(min_length=1, max_length=20_000)]] = Field(
        default_factory=dict
    )
    files: dict[Name, Name] = Field(default_factory=dict)


class AcceptBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reference: Name


class VoidBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
