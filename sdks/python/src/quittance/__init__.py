"""Quittance for partners: look up, lock and pay bills, with every answer verified.

What a partner needs is imported from here; the modules below are the package's own business.
"""

from quittance.access import sign_token_request
from quittance.async_client import AsyncQuittance
from quittance.client import Quittance
from quittance.codes import Code
from quittance.errors import (
    AlreadyPaid,
    AmountDiffers,
    ApiError,
    AuthenticationError,
    BillError,
    BillerUnavailable,
    BillLocked,
    BillNotFound,
    ForgedAnswer,
    InvalidRequest,
    LockExpired,
    LockUnknown,
    PaymentDeclined,
    QuittanceError,
    RateLimited,
    ServerError,
    StillInFlight,
    StillProcessing,
    TransactionUnknown,
    TransportError,
    UnreadableAnswer,
)
from quittance.results import (
    Bill,
    BillState,
    CodeMeaning,
    Health,
    Lock,
    ReleasedLock,
    Transaction,
    TransactionState,
)
from quittance.retries import Retries
from quittance.version import __version__

__all__ = [
    "AlreadyPaid",
    "AmountDiffers",
    "ApiError",
    "AsyncQuittance",
    "AuthenticationError",
    "Bill",
    "BillError",
    "BillLocked",
    "BillNotFound",
    "BillState",
    "BillerUnavailable",
    "Code",
    "CodeMeaning",
    "ForgedAnswer",
    "Health",
    "InvalidRequest",
    "Lock",
    "LockExpired",
    "LockUnknown",
    "PaymentDeclined",
    "Quittance",
    "QuittanceError",
    "RateLimited",
    "ReleasedLock",
    "Retries",
    "ServerError",
    "StillInFlight",
    "StillProcessing",
    "Transaction",
    "TransactionState",
    "TransactionUnknown",
    "TransportError",
    "UnreadableAnswer",
    "__version__",
    "sign_token_request",
]
