"""Everything this package raises, as one tree.

QuittanceError                    .idempotency_key  .retryable
├─ TransportError                 no answer arrived: the outcome is UNKNOWN, ask again with the key
├─ ForgedAnswer                   an answer came that the gateway did not sign for this question
├─ UnreadableAnswer               the gateway signed it, and this version cannot read it
├─ StillProcessing                wait() ran out of time  .last, see quittance.waiting
├─ WebhookRefused                 verify_webhook() says no, see quittance.webhooks
│  ├─ WebhookHeadersMissing
│  ├─ WebhookForged
│  ├─ WebhookStale
│  └─ WebhookUnreadable
└─ ApiError                       .code .http_status .message .data .trace .retry_after_s
   ├─ BillError                   P1
   │  ├─ BillNotFound             P1001
   │  ├─ AlreadyPaid              P1002
   │  ├─ BillerUnavailable        P1004
   │  ├─ BillLocked               P1101  .held_by_you .expires_at
   │  ├─ LockExpired              P1102
   │  ├─ LockUnknown              P1103
   │  ├─ AmountDiffers            P1104
   │  └─ TransactionUnknown       P1201
   ├─ PaymentDeclined             P20    .reason .transaction_id .payment_id
   │  └─ RefundFailed             P2111  .reason .refund_id .payment_id
   ├─ PaymentError                P21
   │  ├─ PaymentUnknown           P2101
   │  ├─ ReferenceUsed            P2102
   │  ├─ MethodRefused            P2103, P2104, P2105
   │  ├─ WrongStatus              P2106, P2109
   │  ├─ AmountTooLarge           P2107, P2108
   │  ├─ RefundUnknown            P2110
   │  ├─ CustomerUnknown          P2112
   │  └─ CaseUnknown              P2122
   ├─ DisputeError                P22    .reason
   │  ├─ PaymentDisputed          P2201
   │  ├─ DisputeUnknown           P2202
   │  ├─ DisputeAnswered          P2203, P2206
   │  └─ EvidenceRefused          P2204, P2205, P2207 to P2209
   ├─ PayoutError                 P3
   │  ├─ PayoutUnknown            P3001
   │  ├─ DestinationUnknown       P3002
   │  ├─ PayoutRefused            P3003, P3005 to P3008, P3010  .field .reason
   │  ├─ FundsInsufficient        P3004
   │  └─ PayoutFailed             P31    .reason .payout_id
   ├─ EndpointError
   │  ├─ EndpointUnknown          P2118
   │  ├─ EventUnknown             P2119
   │  └─ EndpointRefused          P2120, P2121
   ├─ AuthenticationError         P4
   ├─ InvalidRequest              P5     .field .reason
   ├─ RateLimited                 P5009
   ├─ StillInFlight               P5102
   └─ ServerError                 P9
"""

from collections.abc import Mapping
from datetime import datetime

from quittance.codes import RETRYABLE, known


class QuittanceError(Exception):
    """`idempotency_key` is the key the write was sent with: the same call with it is safe."""

    idempotency_key: str | None = None

    @property
    def retryable(self) -> bool:
        """Whether asking again may end otherwise later: with the same key, or with a new one and
        a new id of yours after a decline.
        """
        return False


class TransportError(QuittanceError):
    """No answer arrived. The gateway may have acted: a write's outcome is unknown, not failed."""

    @property
    def retryable(self) -> bool:
        return True


class ForgedAnswer(QuittanceError):
    """The answer was unsigned, altered, stale, or signed for another question. None of it is shown.

    For a write the outcome is unknown: something stands between this process and the gateway.
    """

    def __init__(self, why: str, http_status: int | None = None) -> None:
        super().__init__(why, http_status)
        self.why = why
        self.http_status = http_status

    def __str__(self) -> str:
        return self.why

    @property
    def retryable(self) -> bool:
        # An unsigned 502, 503 or 504 is most often the page of some proxy whose gateway restarts:
        # worth asking again, never worth believing.
        return self.http_status in {502, 503, 504}


class UnreadableAnswer(QuittanceError):
    """The gateway's own answer has a shape this version does not know. Update the package."""


class ApiError(QuittanceError):
    """The gateway said no, and signed it. Decide on `code`; quote `trace` when you ask about it."""

    # Positional, and all of it handed to Exception, so that the error survives pickling.
    def __init__(  # noqa: PLR0917
        self,
        code: str,
        http_status: int,
        message: str,
        data: Mapping[str, object],
        trace: str,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, http_status, message, data, trace, retry_after_s)
        self.code = known(code)
        self.http_status = http_status
        self.message = message
        self.data = data
        self.trace = trace
        # Seconds in the data are signed; the Retry-After header that says the same is not.
        signed_s = data.get("retryAfterS")
        self.retry_after_s = float(signed_s) if isinstance(signed_s, int) else retry_after_s

    def __str__(self) -> str:
        return f"{self.code} {self.message} (trace {self.trace})"

    @property
    def retryable(self) -> bool:
        return self.code in RETRYABLE

    def _word(self, name: str) -> str | None:
        value = self.data.get(name)
        return value if isinstance(value, str) else None


class BillError(ApiError):
    """The bill, or its lock, does not allow it. Nothing moved."""


class BillNotFound(BillError):
    pass


class AlreadyPaid(BillError):
    pass


class BillerUnavailable(BillError):
    pass


class BillLocked(BillError):
    """Somebody holds the lock for `retry_after_s` more seconds; `held_by_you` says it is you."""

    @property
    def held_by_you(self) -> bool:
        return self.data.get("heldByYou") is True

    @property
    def expires_at(self) -> datetime | None:
        moment = self._word("expiresAt")
        return None if moment is None else datetime.fromisoformat(moment)


class LockExpired(BillError):
    pass


class LockUnknown(BillError):
    pass


class AmountDiffers(BillError):
    pass


class TransactionUnknown(BillError):
    pass


class PaymentDeclined(ApiError):
    """A final no: nothing moved. A bill's lock, or what was reserved on a card, is released."""

    @property
    def reason(self) -> str | None:
        # A refund's `reason` is what you gave for it; why it failed stands beside it.
        return self._word("declineReason") or self._word("reason")

    @property
    def transaction_id(self) -> str | None:
        return self._word("transactionId")

    @property
    def payment_id(self) -> str | None:
        return self._word("paymentId") or self._word("id")


class RefundFailed(PaymentDeclined):
    """The money was not given back."""

    @property
    def refund_id(self) -> str | None:
        return self._word("id")


class PaymentError(ApiError):
    """The payment, or what it was to be made with, does not allow it. Nothing moved."""

    @property
    def reason(self) -> str | None:
        return self._word("reason")


class PaymentUnknown(PaymentError):
    pass


class ReferenceUsed(PaymentError):
    """The reference already names a payment, capture or refund with another content."""


class MethodRefused(PaymentError):
    """Unknown, used before, or entered for another amount, currency or customer."""


class WrongStatus(PaymentError):
    """Not possible as the payment stands; `reason` says how it does."""


class AmountTooLarge(PaymentError):
    """More than is left to capture or to refund."""


class RefundUnknown(PaymentError):
    pass


class CustomerUnknown(PaymentError):
    pass


class CaseUnknown(PaymentError):
    pass


class DisputeError(ApiError):
    """A dispute does not allow it. Nothing moved."""

    @property
    def reason(self) -> str | None:
        return self._word("reason")


class PaymentDisputed(DisputeError):
    """No refund: the money of the payment goes back by its dispute."""


class PayoutError(ApiError):
    """A payout or a destination does not allow it. Nothing moved."""


class PayoutUnknown(PayoutError):
    pass


class DestinationUnknown(PayoutError):
    pass


class PayoutRefused(PayoutError):
    """Its status, its destination or a limit does not allow it."""

    @property
    def field(self) -> str | None:
        return self._word("field")

    @property
    def reason(self) -> str | None:
        return self._word("reason")


class FundsInsufficient(PayoutError):
    """Your available funds do not cover amount and fee."""


class PayoutFailed(PayoutError):
    """It came to nothing, and the money is yours again."""

    @property
    def reason(self) -> str | None:
        return self._word("failureReason")

    @property
    def payout_id(self) -> str | None:
        return self._word("id")


class DisputeUnknown(DisputeError):
    pass


class DisputeAnswered(DisputeError):
    """It waits for no answer any more."""


class EvidenceRefused(DisputeError):
    """Too late, not there, too much, no such file, or the provider does not take it."""


class EndpointError(ApiError):
    """A webhook endpoint does not allow it."""


class EndpointUnknown(EndpointError):
    pass


class EventUnknown(EndpointError):
    pass


class EndpointRefused(EndpointError):
    """It is disabled, or one too many."""


class AuthenticationError(ApiError):
    """Who you are, or what you may do, was refused."""


class InvalidRequest(ApiError):
    """The request itself is wrong; sending it again will not help."""

    @property
    def field(self) -> str | None:
        return self._word("field")

    @property
    def reason(self) -> str | None:
        return self._word("reason")


class RateLimited(ApiError):
    pass


class StillInFlight(ApiError):
    """The first request with this key is still under way. Ask again with the same key."""


class ServerError(ApiError):
    """The gateway's fault. Ask again with the same key, or for the status of the transaction."""
