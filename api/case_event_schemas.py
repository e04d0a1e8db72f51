"""What webhooks say of cases."""

from typing import Literal

from api.event_parts import Amount, Currency, Happened, Moment


class CaseData(Happened):
    """`reference` is the payment's own; `policy` what you have agreed on for this `reason`."""

    id: str
    payment_id: str
    reference: str
    reason: Literal["late", "double", "amount"]
    amount: Amount
    currency: Currency
    policy: Literal["refund", "accept", "operator"]
    received_at: Moment
    opened_at: Moment


class CaseOpenedData(CaseData):
    status: Literal["open"]


class CaseClosedData(CaseData):
    """`fee` is what accepted money costs."""

    status: Literal["refunded", "accepted"]
    fee: Amount
    closed_at: Moment
