"""What every part of a webhook's body is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Amount = Annotated[str, StringConstraints(pattern=r"^\d{1,18}(\.\d{1,4})?$")]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Code = Annotated[str, StringConstraints(pattern=r"^P\d{4}$")]


class Happened(BaseModel):
    """Base of what webhooks say. By the names that partners read, and no other members."""

    model_config = ConfigDict(
        alias_generator=to_camel, serialize_by_alias=True, extra="forbid", frozen=True, strict=True
    )
