"""What lists go on after: a delivery by its event, and by its round from the second on."""

from payments.domain import ids
from payments.domain.webhook import DeliveryRef


def name_of(ref: DeliveryRef) -> str:
    again = f".{ref.round}" if ref.round > 1 else ""
    return ids.event_name(ref.event_id) + again


def ref_of(name: str, endpoint_id: str) -> DeliveryRef:
    """The inverse of name_of(). Raises ValueError."""
    event_id, _, number = name.partition(".")
    return DeliveryRef(ids.event_of_name(event_id), endpoint_id, int(number or 1))
