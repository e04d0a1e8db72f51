"""Every code an answer of Quittance can carry. Decide on these, never on the message text.

P0 accepted · P1 bills · P2 declines · P3 payouts · P4 access · P5 request · P9 ours to fix.
"""

from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """A newer gateway may send codes this version does not list: they stay plain strings."""

    P0000 = "P0000"  # accepted
    P0001 = "P0001"  # pending: accepted, the outcome comes later

    P1001 = "P1001"  # the biller has no such bill
    P1002 = "P1002"  # the bill is already paid
    P1003 = "P1003"  # no such biller
    P1004 = "P1004"  # the biller does not answer now
    P1101 = "P1101"  # the bill is locked by a payer
    P1102 = "P1102"  # the lock expired: nothing moved, lock again
    P1103 = "P1103"  # no such lock
    P1104 = "P1104"  # the amount is not the locked bill's amount
    P1105 = "P1105"  # another transaction already uses this lock
    P1106 = "P1106"  # this transactionId already names another payment
    P1107 = "P1107"  # the lock is being paid or was paid: it cannot be given back
    P1201 = "P1201"  # no such transaction

    P2001 = "P2001"  # insufficient_funds
    P2002 = "P2002"  # do_not_honor
    P2003 = "P2003"  # stolen_card
    P2004 = "P2004"  # limit_exceeded
    P2005 = "P2005"  # risk_decline
    P2006 = "P2006"  # bank_unavailable
    P2007 = "P2007"  # account_blocked
    P2008 = "P2008"  # biller_declined
    P2009 = "P2009"  # card_declined
    P2010 = "P2010"  # expired_card
    P2011 = "P2011"  # wrong_security_code
    P2012 = "P2012"  # authentication_required
    P2013 = "P2013"  # authentication_failed
    P2014 = "P2014"  # network_forbids: never again with this card
    P2015 = "P2015"  # no_route: no provider can take it now
    P2016 = "P2016"  # challenge_changed: what came back is not what was ordered
    P2017 = "P2017"  # challenge_expired
    P2018 = "P2018"  # review_declined
    P2019 = "P2019"  # action_expired
    P2020 = "P2020"  # customer_canceled
    P2101 = "P2101"  # no such payment
    P2102 = "P2102"  # this reference already names another payment, capture or refund
    P2103 = "P2103"  # no such payment method
    P2104 = "P2104"  # this one-time payment method was used for another payment
    P2105 = "P2105"  # the method's client token is not for this payment
    P2106 = "P2106"  # not possible in the payment's present status
    P2107 = "P2107"  # more than is left of the authorisation
    P2108 = "P2108"  # more than is left of what was captured
    P2109 = "P2109"  # nothing of this payment was captured
    P2110 = "P2110"  # no such refund
    P2111 = "P2111"  # the refund was refused
    P2112 = "P2112"  # no such customer
    P2113 = "P2113"  # this currency is not enabled for you
    P2114 = "P2114"  # to providers alone: no such provider
    P2115 = "P2115"  # to providers alone: the signature does not fit
    P2116 = "P2116"  # to providers alone: this event came before with another body
    P2117 = "P2117"  # the provider does not answer now
    P2118 = "P2118"  # no such webhook endpoint
    P2119 = "P2119"  # no such event
    P2120 = "P2120"  # there are as many webhook endpoints as there can be
    P2121 = "P2121"  # the webhook endpoint is disabled; enable it first
    P2122 = "P2122"  # no such case

    P2201 = "P2201"  # the payment is disputed; its money goes back that way
    P2202 = "P2202"  # no such dispute
    P2203 = "P2203"  # not possible in the dispute's present status
    P2204 = "P2204"  # the time for evidence is over
    P2205 = "P2205"  # there is no such version of evidence
    P2206 = "P2206"  # the dispute was answered; that is possible once
    P2207 = "P2207"  # the provider refused the answer to the dispute
    P2208 = "P2208"  # the file is no whole one of the type it is said to be
    P2209 = "P2209"  # there is as much evidence as there can be

    P3001 = "P3001"  # no such payout
    P3002 = "P3002"  # no such destination
    P3003 = "P3003"  # not possible in the payout's present status
    P3004 = "P3004"  # your available funds do not cover amount and fee
    P3005 = "P3005"  # the rail has not verified this destination
    P3006 = "P3006"  # more than one payout may be
    P3007 = "P3007"  # too many payouts, or too much, within 24 hours
    P3008 = "P3008"  # nobody pays out to such destinations in this currency
    P3009 = "P3009"  # the rail does not answer now
    P3010 = "P3010"  # not all of it can go back by refunds
    P3101 = "P3101"  # payout_rejected: refused by the rail
    P3102 = "P3102"  # account_closed
    P3103 = "P3103"  # account_unknown
    P3104 = "P3104"  # beneficiary_refused: the other bank refused or returned it
    P3105 = "P3105"  # hold_rejected: after a review, or not approved in time
    P3106 = "P3106"  # destination_forgotten: with its customer

    P4001 = "P4001"  # the credentials are missing or wrong
    P4002 = "P4002"  # the timestamp is more than 60 seconds from the gateway's time
    P4003 = "P4003"  # this token request was used before
    P4004 = "P4004"  # the access token is missing, expired or not the gateway's
    P4005 = "P4005"  # not from this address
    P4006 = "P4006"  # the partner or key is suspended
    P4007 = "P4007"  # the access token lacks the scope for this
    P4008 = "P4008"  # the access token is for another product

    P5001 = "P5001"  # the body is not one JSON object
    P5002 = "P5002"  # a field is missing, unknown or of the wrong type
    P5003 = "P5003"  # a field has a refused value
    P5004 = "P5004"  # no such route
    P5005 = "P5005"  # the route does not take this method
    P5006 = "P5006"  # the body is not of a type that is taken there
    P5007 = "P5007"  # the body is too large
    P5008 = "P5008"  # answers are application/json and nothing else
    P5009 = "P5009"  # too many requests: wait and retry
    P5010 = "P5010"  # the request is not valid HTTP for the gateway
    P5011 = "P5011"  # the request's headers are too large
    P5012 = "P5012"  # the URL is too long
    P5013 = "P5013"  # the request did not arrive in time
    P5014 = "P5014"  # something in the request looks like a card number
    P5101 = "P5101"  # the Idempotency-Key was used for another request
    P5102 = "P5102"  # the first request with this key is still under way
    P5103 = "P5103"  # Idempotency-Key is 1 to 255 visible ASCII characters

    P5201 = "P5201"  # some rows are refused; nothing of the file was begun
    P5202 = "P5202"  # the file has too many rows
    P5203 = "P5203"  # the file cannot be read as one of rows
    P5204 = "P5204"  # no such batch
    P5205 = "P5205"  # not possible in the batch's present status

    P9001 = "P9001"  # something failed on the gateway's side
    P9002 = "P9002"  # not possible now: retry with the same key
    P9003 = "P9003"  # the outcome is not known yet: ask again with the same id or reference
    P9004 = "P9004"  # not possible now: retry with the same key


# After these asking again may end otherwise later: with the same key, or, where the gateway keeps
# its answer (P1101 and declines), with a new one. Equal to the column `retryable` of GET /v1/codes.
RETRYABLE: Final[frozenset[str]] = frozenset(
    {
        Code.P1004,
        Code.P1101,
        Code.P2006,
        Code.P2015,
        Code.P2117,
        Code.P3009,
        Code.P5009,
        Code.P5013,
        Code.P5102,
        Code.P9001,
        Code.P9002,
        Code.P9003,
        Code.P9004,
    }
)


def known(code: str) -> str:
    """The member of Code, or the plain string if it is newer than this version."""
    return Code.__members__.get(code, code)
