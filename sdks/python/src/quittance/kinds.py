"""Which class of the tree of errors a code leads to."""

from collections.abc import Mapping
from typing import Final

from quittance.codes import Code
from quittance.errors import (
    AlreadyPaid,
    AmountDiffers,
    AmountTooLarge,
    ApiError,
    AuthenticationError,
    BillError,
    BillerUnavailable,
    BillLocked,
    BillNotFound,
    CustomerUnknown,
    DestinationUnknown,
    DisputeError,
    EndpointRefused,
    EndpointUnknown,
    EventUnknown,
    FundsInsufficient,
    InvalidRequest,
    LockExpired,
    LockUnknown,
    MethodRefused,
    PaymentDeclined,
    PaymentDisputed,
    PaymentError,
    PaymentUnknown,
    PayoutError,
    PayoutFailed,
    PayoutRefused,
    PayoutUnknown,
    RateLimited,
    ReferenceUsed,
    RefundFailed,
    RefundUnknown,
    ServerError,
    StillInFlight,
    TransactionUnknown,
    WrongStatus,
)


def kind_of(code: str) -> type[ApiError]:
    """The narrowest class of the tree for this code."""
    return _BY_CODE.get(code) or _BY_FAMILY.get(code[:3]) or _BY_FAMILY.get(code[:2]) or ApiError


_BY_CODE: Final[Mapping[str, type[ApiError]]] = {
    Code.P1001: BillNotFound,
    Code.P1002: AlreadyPaid,
    Code.P1004: BillerUnavailable,
    Code.P1101: BillLocked,
    Code.P1102: LockExpired,
    Code.P1103: LockUnknown,
    Code.P1104: AmountDiffers,
    Code.P1201: TransactionUnknown,
    Code.P2101: PaymentUnknown,
    Code.P2102: ReferenceUsed,
    Code.P2103: MethodRefused,
    Code.P2104: MethodRefused,
    Code.P2105: MethodRefused,
    Code.P2106: WrongStatus,
    Code.P2107: AmountTooLarge,
    Code.P2108: AmountTooLarge,
    Code.P2109: WrongStatus,
    Code.P2110: RefundUnknown,
    Code.P2111: RefundFailed,
    Code.P2112: CustomerUnknown,
    Code.P2118: EndpointUnknown,
    Code.P2119: EventUnknown,
    Code.P2120: EndpointRefused,
    Code.P2121: EndpointRefused,
    Code.P2201: PaymentDisputed,
    Code.P3001: PayoutUnknown,
    Code.P3002: DestinationUnknown,
    Code.P3003: PayoutRefused,
    Code.P3004: FundsInsufficient,
    Code.P3005: PayoutRefused,
    Code.P3006: PayoutRefused,
    Code.P3007: PayoutRefused,
    Code.P3008: PayoutRefused,
    Code.P5009: RateLimited,
    Code.P5102: StillInFlight,
}
_BY_FAMILY: Final[Mapping[str, type[ApiError]]] = {
    "P1": BillError,
    "P20": PaymentDeclined,
    "P21": PaymentError,
    "P22": DisputeError,
    "P31": PayoutFailed,
    "P3": PayoutError,
    "P4": AuthenticationError,
    "P5": InvalidRequest,
    "P9": ServerError,
}
