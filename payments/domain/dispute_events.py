"""What partners are told of disputes, by the names of the events."""

from typing import Final

from payments.domain.dispute import CLOSED, DisputeStatus

CREATED: Final = "dispute.created"
UPDATED: Final = "dispute.updated"
EVIDENCE_DUE: Final = "dispute.evidence_due"
DISPUTE_CLOSED: Final = "dispute.closed"


def event_of(status: DisputeStatus) -> str:
    """What a move to this status is told as."""
    return DISPUTE_CLOSED if status in CLOSED else UPDATED
