"""Every code an answer can carry: one table for the API, OpenAPI, SDK enums, /v1/codes and docs.

A partner decides on the code. The message is for people and may change; the number never does.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """The first word of every envelope."""

    OK = "OK"
    PENDING = "PENDING"
    ERROR = "ERROR"


class Actor(StrEnum):
    """Who should act on an answer with this code."""

    NOBODY = "nobody"
    PARTNER = "partner"
    CUSTOMER = "customer"
    BILLER = "biller"
    PROVIDER = "provider"
    QUITTANCE = "quittance"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one code says. `reason` is the stable word for it, in declines the field's own term."""

    http_status: int
    status: Status
    reason: str
    retryable: bool
    actor: Actor
    message: str


class Code(StrEnum):
    """P0 accepted · P1 bills · P2 declines · P3 payouts · P4 access · P5 request · P9 ours."""

    OK = "P0000"
    PENDING = "P0001"

    BILL_NOT_FOUND = "P1001"
    BILL_ALREADY_PAID = "P1002"
    BILLER_UNKNOWN = "P1003"
    BILLER_UNAVAILABLE = "P1004"
    BILL_LOCKED = "P1101"
    LOCK_EXPIRED = "P1102"
    LOCK_UNKNOWN = "P1103"
    AMOUNT_DIFFERS = "P1104"
    LOCK_USED = "P1105"
    TRANSACTION_ID_USED = "P1106"
    LOCK_BEING_PAID = "P1107"
    TRANSACTION_UNKNOWN = "P1201"

    INSUFFICIENT_FUNDS = "P2001"
    DO_NOT_HONOR = "P2002"
    STOLEN_CARD = "P2003"
    LIMIT_EXCEEDED = "P2004"
    RISK_DECLINE = "P2005"
    BANK_UNAVAILABLE = "P2006"
    ACCOUNT_BLOCKED = "P2007"
    BILLER_DECLINED = "P2008"
    CARD_DECLINED = "P2009"
    EXPIRED_CARD = "P2010"
    WRONG_SECURITY_CODE = "P2011"
    AUTHENTICATION_REQUIRED = "P2012"
    AUTHENTICATION_FAILED = "P2013"
    NETWORK_FORBIDS = "P2014"
    NO_ROUTE = "P2015"
    CHALLENGE_CHANGED = "P2016"
    CHALLENGE_EXPIRED = "P2017"
    REVIEW_DECLINED = "P2018"
    ACTION_EXPIRED = "P2019"
    CUSTOMER_CANCELED = "P2020"

    PAYMENT_UNKNOWN = "P2101"
    REFERENCE_USED = "P2102"
    METHOD_UNKNOWN = "P2103"
    METHOD_USED = "P2104"
    CLIENT_TOKEN_INVALID = "P2105"
    PAYMENT_STATE = "P2106"
    CAPTURE_TOO_LARGE = "P2107"
    REFUND_TOO_LARGE = "P2108"
    REFUND_NOT_POSSIBLE = "P2109"
    REFUND_UNKNOWN = "P2110"
    REFUND_FAILED = "P2111"
    CUSTOMER_UNKNOWN = "P2112"
    CURRENCY_REFUSED = "P2113"
    PROVIDER_UNKNOWN = "P2114"
    WEBHOOK_FORGED = "P2115"
    WEBHOOK_CHANGED = "P2116"
    PROVIDER_UNAVAILABLE = "P2117"
    ENDPOINT_UNKNOWN = "P2118"
    EVENT_UNKNOWN = "P2119"
    TOO_MANY_ENDPOINTS = "P2120"
    ENDPOINT_DISABLED = "P2121"
    CASE_UNKNOWN = "P2122"

    PAYMENT_DISPUTED = "P2201"
    DISPUTE_UNKNOWN = "P2202"
    DISPUTE_STATE = "P2203"
    EVIDENCE_TOO_LATE = "P2204"
    EVIDENCE_MISSING = "P2205"
    DISPUTE_ANSWERED = "P2206"
    ANSWER_REFUSED = "P2207"
    FILE_REFUSED = "P2208"
    TOO_MUCH_EVIDENCE = "P2209"

    PAYOUT_UNKNOWN = "P3001"
    DESTINATION_UNKNOWN = "P3002"
    PAYOUT_STATE = "P3003"
    FUNDS_INSUFFICIENT = "P3004"
    DESTINATION_UNVERIFIED = "P3005"
    PAYOUT_LIMIT = "P3006"
    PAYOUT_VELOCITY = "P3007"
    NO_RAIL = "P3008"
    RAIL_UNAVAILABLE = "P3009"
    DESTINATION_NEEDED = "P3010"
    PAYOUT_REJECTED = "P3101"
    ACCOUNT_CLOSED = "P3102"
    ACCOUNT_UNKNOWN = "P3103"
    BENEFICIARY_REFUSED = "P3104"
    HOLD_REJECTED = "P3105"
    DESTINATION_FORGOTTEN = "P3106"

    CREDENTIALS_WRONG = "P4001"
    CLOCK_SKEW = "P4002"
    REQUEST_REPLAYED = "P4003"
    TOKEN_INVALID = "P4004"
    ADDRESS_REFUSED = "P4005"
    SUSPENDED = "P4006"
    SCOPE_MISSING = "P4007"
    AUDIENCE_WRONG = "P4008"

    BODY_MALFORMED = "P5001"
    FIELD_MALFORMED = "P5002"
    FIELD_REFUSED = "P5003"
    ROUTE_UNKNOWN = "P5004"
    METHOD_REFUSED = "P5005"
    CONTENT_TYPE_REFUSED = "P5006"
    BODY_TOO_LARGE = "P5007"
    NOT_ACCEPTABLE = "P5008"
    RATE_LIMITED = "P5009"
    REQUEST_MALFORMED = "P5010"
    HEADERS_TOO_LARGE = "P5011"
    TARGET_TOO_LONG = "P5012"
    REQUEST_TOO_SLOW = "P5013"
    CARD_NUMBER = "P5014"
    KEY_REUSED = "P5101"
    KEY_IN_FLIGHT = "P5102"
    KEY_MALFORMED = "P5103"
    ROWS_REFUSED = "P5201"
    TOO_MANY_ROWS = "P5202"
    FILE_MALFORMED = "P5203"
    BATCH_UNKNOWN = "P5204"
    BATCH_STATE = "P5205"

    INTERNAL = "P9001"
    ENGINE_UNAVAILABLE = "P9002"
    OUTCOME_UNKNOWN = "P9003"
    RECORD_UNAVAILABLE = "P9004"

    @property
    def meaning(self) -> Meaning:
        return MEANINGS[self]


def _refused(http: int, reason: str, actor: Actor, message: str, *, retry: bool = False) -> Meaning:
    return Meaning(http, Status.ERROR, reason, retry, actor, message)


_PARTNER, _CUSTOMER, _BILLER, _OURS = Actor.PARTNER, Actor.CUSTOMER, Actor.BILLER, Actor.QUITTANCE
_PROVIDER = Actor.PROVIDER

MEANINGS: Final[dict[Code, Meaning]] = {
    Code.OK: Meaning(200, Status.OK, "ok", False, Actor.NOBODY, "Payment accepted"),
    Code.PENDING: Meaning(
        202, Status.PENDING, "pending", False, Actor.NOBODY, "Accepted; the outcome comes later"
    ),
    Code.BILL_NOT_FOUND: _refused(404, "bill_not_found", _CUSTOMER, "The biller has no such bill"),
    Code.BILL_ALREADY_PAID: _refused(409, "already_paid", _CUSTOMER, "The bill is already paid"),
    Code.BILLER_UNKNOWN: _refused(404, "biller_unknown", _PARTNER, "No such biller"),
    Code.BILLER_UNAVAILABLE: _refused(
        503, "biller_unavailable", _BILLER, "The biller does not answer now", retry=True
    ),
    Code.BILL_LOCKED: _refused(
        409, "bill_locked", _PARTNER, "The bill is locked by a payer", retry=True
    ),
    Code.LOCK_EXPIRED: _refused(
        409, "lock_expired", _PARTNER, "The lock expired; nothing moved; lock again"
    ),
    Code.LOCK_UNKNOWN: _refused(404, "lock_unknown", _PARTNER, "No such lock"),
    Code.AMOUNT_DIFFERS: _refused(
        422, "amount_differs", _PARTNER, "The amount is not the locked bill's amount"
    ),
    Code.LOCK_USED: _refused(
        409, "lock_used", _PARTNER, "Another transaction already uses this lock"
    ),
    Code.TRANSACTION_ID_USED: _refused(
        409, "transaction_id_used", _PARTNER, "This transactionId already names another payment"
    ),
    Code.LOCK_BEING_PAID: _refused(
        409, "lock_being_paid", _PARTNER, "The lock is being paid or was paid"
    ),
    Code.TRANSACTION_UNKNOWN: _refused(404, "transaction_unknown", _PARTNER, "No such transaction"),
    Code.INSUFFICIENT_FUNDS: _refused(
        402, "insufficient_funds", _CUSTOMER, "Declined: insufficient funds"
    ),
    Code.DO_NOT_HONOR: _refused(402, "do_not_honor", _CUSTOMER, "Declined by the issuer"),
    Code.STOLEN_CARD: _refused(402, "stolen_card", _CUSTOMER, "Declined: card reported stolen"),
    Code.LIMIT_EXCEEDED: _refused(402, "limit_exceeded", _CUSTOMER, "Declined: limit exceeded"),
    Code.RISK_DECLINE: _refused(402, "risk_decline", _CUSTOMER, "Declined for risk"),
    Code.BANK_UNAVAILABLE: _refused(
        402, "bank_unavailable", _BILLER, "Declined: the bank was unavailable", retry=True
    ),
    Code.ACCOUNT_BLOCKED: _refused(
        402, "account_blocked", _CUSTOMER, "Declined: the biller blocked this account"
    ),
    Code.BILLER_DECLINED: _refused(402, "biller_declined", _CUSTOMER, "Declined by the biller"),
    Code.CARD_DECLINED: _refused(402, "card_declined", _CUSTOMER, "Declined"),
    Code.EXPIRED_CARD: _refused(402, "expired_card", _CUSTOMER, "Declined: the card has expired"),
    Code.WRONG_SECURITY_CODE: _refused(
        402, "wrong_security_code", _CUSTOMER, "Declined: wrong security code"
    ),
    Code.AUTHENTICATION_REQUIRED: _refused(
        402, "authentication_required", _CUSTOMER, "Declined: the issuer wants a challenge"
    ),
    Code.AUTHENTICATION_FAILED: _refused(
        402, "authentication_failed", _CUSTOMER, "Declined: the challenge failed"
    ),
    Code.NETWORK_FORBIDS: _refused(
        402, "network_forbids", _PARTNER, "The card network forbids another try with this card"
    ),
    Code.NO_ROUTE: _refused(
        402, "no_route", _OURS, "No provider can take this payment now", retry=True
    ),
    Code.CHALLENGE_CHANGED: _refused(
        402, "challenge_changed", _PROVIDER, "What came back is not what was ordered"
    ),
    Code.CHALLENGE_EXPIRED: _refused(
        402, "challenge_expired", _CUSTOMER, "The challenge was not finished in time"
    ),
    Code.REVIEW_DECLINED: _refused(402, "review_declined", _OURS, "Declined after a review"),
    Code.ACTION_EXPIRED: _refused(
        402, "action_expired", _CUSTOMER, "The customer did not act in time"
    ),
    Code.CUSTOMER_CANCELED: _refused(
        402, "customer_canceled", _CUSTOMER, "The customer said no at the bank"
    ),
    Code.PAYMENT_UNKNOWN: _refused(404, "payment_unknown", _PARTNER, "No such payment"),
    Code.REFERENCE_USED: _refused(
        409, "reference_used", _PARTNER, "This reference already names another one"
    ),
    Code.METHOD_UNKNOWN: _refused(404, "method_unknown", _PARTNER, "No such payment method"),
    Code.METHOD_USED: _refused(
        409, "method_used", _PARTNER, "This one-time payment method was used for another payment"
    ),
    Code.CLIENT_TOKEN_INVALID: _refused(
        422, "client_token_invalid", _PARTNER, "The client token is not for this payment"
    ),
    Code.PAYMENT_STATE: _refused(
        409, "payment_state", _PARTNER, "Not possible in the payment's present status"
    ),
    Code.CAPTURE_TOO_LARGE: _refused(
        422, "capture_too_large", _PARTNER, "More than is left of the authorisation"
    ),
    Code.REFUND_TOO_LARGE: _refused(
        422, "refund_too_large", _PARTNER, "More than is left of what was captured"
    ),
    Code.REFUND_NOT_POSSIBLE: _refused(
        409, "refund_not_possible", _PARTNER, "Nothing of this payment was captured"
    ),
    Code.REFUND_UNKNOWN: _refused(404, "refund_unknown", _PARTNER, "No such refund"),
    Code.REFUND_FAILED: _refused(402, "refund_failed", _CUSTOMER, "The refund was refused"),
    Code.CUSTOMER_UNKNOWN: _refused(404, "customer_unknown", _PARTNER, "No such customer"),
    Code.CURRENCY_REFUSED: _refused(
        422, "currency_refused", _PARTNER, "This currency is not enabled for you"
    ),
    Code.PROVIDER_UNKNOWN: _refused(404, "provider_unknown", _PROVIDER, "No such provider"),
    Code.WEBHOOK_FORGED: _refused(401, "webhook_forged", _PROVIDER, "The signature does not fit"),
    Code.WEBHOOK_CHANGED: _refused(
        409, "webhook_changed", _PROVIDER, "This event came before with another body"
    ),
    Code.PROVIDER_UNAVAILABLE: _refused(
        503, "provider_unavailable", _PROVIDER, "The provider does not answer now", retry=True
    ),
    Code.ENDPOINT_UNKNOWN: _refused(404, "endpoint_unknown", _PARTNER, "No such webhook endpoint"),
    Code.EVENT_UNKNOWN: _refused(404, "event_unknown", _PARTNER, "No such event"),
    Code.TOO_MANY_ENDPOINTS: _refused(
        409, "too_many_endpoints", _PARTNER, "There are as many webhook endpoints as there can be"
    ),
    Code.ENDPOINT_DISABLED: _refused(
        409, "endpoint_disabled", _PARTNER, "The webhook endpoint is disabled; enable it first"
    ),
    Code.CASE_UNKNOWN: _refused(404, "case_unknown", _PARTNER, "No such case"),
    Code.PAYMENT_DISPUTED: _refused(
        409, "payment_disputed", _PARTNER, "The payment is disputed; its money goes back that way"
    ),
    Code.PAYOUT_UNKNOWN: _refused(404, "payout_unknown", _PARTNER, "No such payout"),
    Code.DESTINATION_UNKNOWN: _refused(404, "destination_unknown", _PARTNER, "No such destination"),
    Code.PAYOUT_STATE: _refused(
        409, "payout_state", _PARTNER, "Not possible in the payout's present status"
    ),
    Code.FUNDS_INSUFFICIENT: _refused(
        409, "funds_insufficient", _PARTNER, "Your available funds do not cover amount and fee"
    ),
    Code.DESTINATION_UNVERIFIED: _refused(
        422, "destination_unverified", _PARTNER, "The rail has not verified this destination"
    ),
    Code.PAYOUT_LIMIT: _refused(422, "payout_limit", _PARTNER, "More than one payout may be"),
    Code.PAYOUT_VELOCITY: _refused(
        422, "payout_velocity", _PARTNER, "Too many payouts, or too much, within 24 hours"
    ),
    Code.NO_RAIL: _refused(
        422, "no_rail", _PARTNER, "Nobody pays out to such destinations in this currency"
    ),
    Code.RAIL_UNAVAILABLE: _refused(
        503, "rail_unavailable", _PROVIDER, "The rail does not answer now", retry=True
    ),
    Code.DESTINATION_NEEDED: _refused(
        422, "destination_needed", _PARTNER, "Not all of it can go back by refunds"
    ),
    Code.PAYOUT_REJECTED: _refused(402, "payout_rejected", _PROVIDER, "Refused by the rail"),
    Code.ACCOUNT_CLOSED: _refused(402, "account_closed", _CUSTOMER, "The account is closed"),
    Code.ACCOUNT_UNKNOWN: _refused(402, "account_unknown", _CUSTOMER, "There is no such account"),
    Code.BENEFICIARY_REFUSED: _refused(
        402, "beneficiary_refused", _CUSTOMER, "The other bank refused or returned it"
    ),
    Code.HOLD_REJECTED: _refused(
        402, "hold_rejected", _OURS, "Rejected after a review, or not approved in time"
    ),
    Code.DESTINATION_FORGOTTEN: _refused(
        402, "destination_forgotten", _PARTNER, "The destination was forgotten with its customer"
    ),
    Code.DISPUTE_UNKNOWN: _refused(404, "dispute_unknown", _PARTNER, "No such dispute"),
    Code.DISPUTE_STATE: _refused(
        409, "dispute_state", _PARTNER, "Not possible in the dispute's present status"
    ),
    Code.EVIDENCE_TOO_LATE: _refused(
        422, "evidence_too_late", _PARTNER, "The time for evidence is over"
    ),
    Code.EVIDENCE_MISSING: _refused(
        422, "evidence_missing", _PARTNER, "There is no such version of evidence"
    ),
    Code.DISPUTE_ANSWERED: _refused(
        409, "dispute_answered", _PARTNER, "The dispute was answered; that is possible once"
    ),
    Code.ANSWER_REFUSED: _refused(
        409, "answer_refused", _PROVIDER, "The provider refused the answer to the dispute"
    ),
    Code.FILE_REFUSED: _refused(
        422, "file_refused", _PARTNER, "The file is no whole one of the type it is said to be"
    ),
    Code.TOO_MUCH_EVIDENCE: _refused(
        409, "too_much_evidence", _PARTNER, "There is as much evidence as there can be"
    ),
    Code.CREDENTIALS_WRONG: _refused(
        401, "credentials_wrong", _PARTNER, "The credentials are missing or wrong"
    ),
    Code.CLOCK_SKEW: _refused(
        401, "clock_skew", _PARTNER, "The timestamp is more than 60 seconds from our time"
    ),
    Code.REQUEST_REPLAYED: _refused(
        401, "request_replayed", _PARTNER, "This token request was used before"
    ),
    Code.TOKEN_INVALID: _refused(
        401, "token_invalid", _PARTNER, "The access token is missing, expired or not ours"
    ),
    Code.ADDRESS_REFUSED: _refused(403, "address_refused", _PARTNER, "Not from this address"),
    Code.SUSPENDED: _refused(403, "suspended", _PARTNER, "The partner or key is suspended"),
    Code.SCOPE_MISSING: _refused(
        403, "scope_missing", _PARTNER, "The access token lacks the scope for this"
    ),
    Code.AUDIENCE_WRONG: _refused(
        403, "audience_wrong", _PARTNER, "The access token is for another product"
    ),
    Code.BODY_MALFORMED: _refused(
        400, "body_malformed", _PARTNER, "The body is not one JSON object"
    ),
    Code.FIELD_MALFORMED: _refused(
        400, "field_malformed", _PARTNER, "A field is missing, unknown or of the wrong type"
    ),
    Code.FIELD_REFUSED: _refused(422, "field_refused", _PARTNER, "A field has a refused value"),
    Code.ROUTE_UNKNOWN: _refused(404, "route_unknown", _PARTNER, "No such route"),
    Code.METHOD_REFUSED: _refused(
        405, "method_refused", _PARTNER, "The route does not take this method"
    ),
    Code.CONTENT_TYPE_REFUSED: _refused(
        415, "content_type_refused", _PARTNER, "The body is not of a type that is taken here"
    ),
    Code.BODY_TOO_LARGE: _refused(413, "body_too_large", _PARTNER, "The body is too large"),
    Code.NOT_ACCEPTABLE: _refused(406, "not_acceptable", _PARTNER, "Answers are application/json"),
    Code.RATE_LIMITED: _refused(
        429, "rate_limited", _PARTNER, "Too many requests; wait and retry", retry=True
    ),
    Code.REQUEST_MALFORMED: _refused(
        400, "request_malformed", _PARTNER, "The request is not valid HTTP for us"
    ),
    Code.HEADERS_TOO_LARGE: _refused(
        431, "headers_too_large", _PARTNER, "The request's headers are too large"
    ),
    Code.TARGET_TOO_LONG: _refused(414, "target_too_long", _PARTNER, "The URL is too long"),
    Code.REQUEST_TOO_SLOW: _refused(
        408, "request_too_slow", _PARTNER, "The request did not arrive in time", retry=True
    ),
    Code.CARD_NUMBER: _refused(
        422, "card_number_refused", _PARTNER, "Something in the request looks like a card number"
    ),
    Code.KEY_REUSED: _refused(
        422, "key_reused", _PARTNER, "The Idempotency-Key was used for another request"
    ),
    Code.KEY_IN_FLIGHT: _refused(
        409, "key_in_flight", _PARTNER, "The first request with this key is under way", retry=True
    ),
    Code.KEY_MALFORMED: _refused(
        400, "key_malformed", _PARTNER, "Idempotency-Key is 1 to 255 visible ASCII characters"
    ),
    Code.ROWS_REFUSED: _refused(
        422, "rows_refused", _PARTNER, "Some rows are refused; nothing of the file was begun"
    ),
    Code.TOO_MANY_ROWS: _refused(422, "too_many_rows", _PARTNER, "The file has too many rows"),
    Code.FILE_MALFORMED: _refused(
        400, "file_malformed", _PARTNER, "The file cannot be read as one of rows"
    ),
    Code.BATCH_UNKNOWN: _refused(404, "batch_unknown", _PARTNER, "No such batch"),
    Code.BATCH_STATE: _refused(
        409, "batch_state", _PARTNER, "Not possible in the batch's present status"
    ),
    Code.INTERNAL: _refused(500, "internal", _OURS, "Something failed on our side", retry=True),
    Code.ENGINE_UNAVAILABLE: _refused(
        503, "engine_unavailable", _OURS, "Not possible now; retry with the same key", retry=True
    ),
    Code.OUTCOME_UNKNOWN: _refused(
        503,
        "outcome_unknown",
        _OURS,
        "The outcome is not known yet; ask again with the same id or reference",
        retry=True,
    ),
    Code.RECORD_UNAVAILABLE: _refused(
        503, "record_unavailable", _OURS, "Not possible now; retry with the same key", retry=True
    ),
}
