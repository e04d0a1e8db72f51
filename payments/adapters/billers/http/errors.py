"""What the biller's own words for "no" mean to us."""

from collections.abc import Mapping
from typing import Final

from payments.domain.codes import Code

# A refusal to look up, to hold, or to pay. What is not here is no refusal that we understand.
REFUSALS: Final[Mapping[str, Code]] = {
    "BILL_NOT_FOUND": Code.BILL_NOT_FOUND,
    "BILLER_NOT_FOUND": Code.BILLER_UNKNOWN,
    "ALREADY_PAID": Code.BILL_ALREADY_PAID,
    "HELD": Code.BILL_LOCKED,
    "AMOUNT_DIFFERS": Code.AMOUNT_DIFFERS,
}

# Why a payment was declined. A reason we do not know is still a decline: BILLER_DECLINED.
DECLINES: Final[Mapping[str, Code]] = {
    "ACCOUNT_BLOCKED": Code.ACCOUNT_BLOCKED,
    "BANK_UNAVAILABLE": Code.BANK_UNAVAILABLE,
    "DO_NOT_HONOR": Code.DO_NOT_HONOR,
    "INSUFFICIENT_FUNDS": Code.INSUFFICIENT_FUNDS,
    "LIMIT_EXCEEDED": Code.LIMIT_EXCEEDED,
    "RISK_DECLINE": Code.RISK_DECLINE,
    "STOLEN_CARD": Code.STOLEN_CARD,
}


def decline(reason: str) -> Code:
    return DECLINES.get(reason) or REFUSALS.get(reason) or Code.BILLER_DECLINED
