"""What webhooks say of disputes."""

from typing import Literal

from api.event_parts import Amount, Currency, Happened, Moment

# fmt: off
DisputeReason = Literal[
    "fraudulent", "duplicate", "not_received", "not_as_described", "credit_not_processed",
    "subscription_canceled", "unrecognized", "general",
]
# fmt: on


class DisputeData(Happened):
    """`alreadyReturned` is what of `amount` had gone back before, by refunds or other disputes."""

    id: str
    payment_id: str
    amount: Amount
    currency: Currency
    fee: Amount
    already_returned: Amount
    reason: DisputeReason
    provider_reason: str
    due_at: Moment | None = None
    created_at: Moment
    updated_at: Moment


class DisputeCreatedData(DisputeData):
    status: Literal["warning_needs_response", "needs_response"]


class DisputeUpdatedData(DisputeData):
    status: Literal[
        "warning_needs_response", "warning_under_review", "needs_response", "under_review"
    ]


class EvidenceDueData(DisputeData):
    """`isLast`: there is no other reminder of `dueAt`."""

    status: Literal["warning_needs_response", "needs_response"]
    due_at: Moment
    is_last: bool


class DisputeClosedData(DisputeData):
    status: Literal["warning_closed", "won", "lost"]
