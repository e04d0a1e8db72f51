"""The test cards: every number that the vault takes, and what each of them does."""

from dataclasses import dataclass
from enum import StrEnum

from sandbox.acquirer.behaviour import ORDINARY, Behaviour, Instruction, instruction_for
from sandbox.acquirer.entries import (
    NOT_AUTHENTICATED,
    Decline,
    Order,
    Page,
    PaymentState,
    ThreeDs,
    Verdict,
)
from sandbox.acquirer.payer import Decision

VERSION = "2.2.0"
FAILED = ThreeDs("failed", VERSION)


class ThreeDsProfile(StrEnum):
    """What the issuer does when a payment is to be authenticated."""

    ON_DEMAND = "on_demand"  # a challenge when the merchant requires one, else nothing
    ALWAYS = "always"  # a challenge every time
    FRICTIONLESS = "frictionless"  # authenticated without asking the customer
    UNAVAILABLE = "unavailable"  # authentication breaks down


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    number: str
    story: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    decline: Decline | None = None
    # A decline with 65 is over once the customer was authenticated.
    soft: bool = False
    three_ds: ThreeDsProfile = ThreeDsProfile.ON_DEMAND
    instruction: Instruction = ORDINARY
    refunds_fail_later: bool = False
    webhook_copies: int = 1
    # Stripe's own test payment method that is most like it.
    stripe: str = "pm_card_visa"

    @property
    def bin(self) -> str:
        return self.number[:6]

    @property
    def page(self) -> Page:
        return Page.CHALLENGE

    @property
    def counts_late(self) -> bool:
        return False

    @property
    def unanswered(self) -> ThreeDs:
        return FAILED

    def opening(self, order: Order) -> ThreeDs | Verdict | None:
        match self.three_ds:
            case ThreeDsProfile.UNAVAILABLE:
                return _ended(AUTHENTICATION_UNAVAILABLE)
            case ThreeDsProfile.FRICTIONLESS:
                return ThreeDs("frictionless", VERSION, self._eci)
            case ThreeDsProfile.ALWAYS:
                return None
            case ThreeDsProfile.ON_DEMAND:
                return None if order.three_ds == "required" else NOT_AUTHENTICATED

    def answered(self, decision: Decision) -> ThreeDs | Verdict | None:
        match decision:
            case Decision.APPROVE:
                return ThreeDs("challenged", VERSION, self._eci)
            case Decision.FAIL:
                return _ended(AUTHENTICATION_FAILED)
            case Decision.CANCEL:
                return _ended(AUTHENTICATION_CANCELED)
            case _:
                return None

    def objection(self, three_ds: ThreeDs) -> Decline | None:
        return None if self.soft and three_ds.result == "challenged" else self.decline

    def decline_named(self, reason: str) -> Decline:
        return decline_for(reason)

    @property
    def _eci(self) -> str:
        return "02" if self.brand == "mastercard" else "05"


# ISO 8583 response codes, and Mastercard's merchant advice where it gives one.
DECLINES = {
    decline.reason: decline
    for decline in (
        Decline("DO_NOT_HONOR", "05", None, "do_not_honor"),
        Decline("INSUFFICIENT_FUNDS", "51", None, "insufficient_funds"),
        Decline("LOST_CARD", "41", None, "lost_card"),
        Decline("STOLEN_CARD", "43", None, "stolen_card"),
        Decline("EXPIRED_CARD", "54", None, "expired_card"),
        Decline("RISK_DECLINE", "59", None, "suspected_fraud"),
        Decline("LIMIT_EXCEEDED", "61", None, "exceeds_amount_limit"),
        Decline("AUTHENTICATION_REQUIRED", "65", None, "authentication_required"),
        Decline("WRONG_SECURITY_CODE", "82", None, "incorrect_cvc"),
        Decline("BANK_UNAVAILABLE", "91", None, "issuer_unavailable"),
        Decline("NEVER_AGAIN", "05", "03", "do_not_try_again"),
        Decline("AUTHENTICATION_FAILED", None, None, "authentication_failed"),
    )
}
AUTHENTICATION_FAILED = DECLINES["AUTHENTICATION_FAILED"]
AUTHENTICATION_CANCELED = Decline("AUTHENTICATION_FAILED", None, None, "authentication_canceled")
AUTHENTICATION_UNAVAILABLE = Decline(
    "AUTHENTICATION_FAILED", None, None, "authentication_unavailable"
)


def _ended(decline: Decline) -> Verdict:
    return Verdict(PaymentState.DECLINED, FAILED, decline)


def decline_for(reason: str) -> Decline:
    """A reason that nobody knows is told with the code that says nothing."""
    return DECLINES.get(reason) or Decline(reason, "05", None, reason.lower())


def _declined(number: str, reason: str, stripe: str = "pm_card_chargeDeclined") -> Card:
    decline = DECLINES[reason]
    story = f"declined: {reason} ({decline.network_code})"
    return Card(decline.raw, number, story, decline=decline, stripe=stripe)


def _misbehaving(number: str, behaviour: Behaviour, story: str) -> Card:
    return Card(behaviour, number, story, instruction=instruction_for(behaviour))


_SUCCESSES = (
    Card("visa", "4242424242424242", "succeeds"),
    Card("visa_other", "4111111111111111", "succeeds"),
    Card(
        *("visa_debit", "4000056655665556", "succeeds"),
        funding="debit",
        stripe="pm_card_visa_debit",
    ),
    Card("visa_gb", "4000008260000000", "succeeds", country="GB", stripe="pm_card_gb"),
    Card("visa_jp", "4000003920000003", "succeeds", country="JP", stripe="pm_card_jp"),
    Card("visa_bd", "4000000500000007", "succeeds", country="BD"),
    Card(
        *("mastercard", "5555555555554444", "succeeds", "mastercard"),
        stripe="pm_card_mastercard",
    ),
    Card(
        *("mastercard_prepaid", "5105105105105100", "succeeds", "mastercard"),
        funding="prepaid",
        stripe="pm_card_mastercard_prepaid",
    ),
    Card("amex", "378282246310005", "succeeds (CVC of four digits)", "amex", stripe="pm_card_amex"),
    Card("discover", "6011111111111117", "succeeds", "discover", stripe="pm_card_discover"),
    Card("jcb", "3566002020360505", "succeeds", "jcb", country="JP", stripe="pm_card_jcb"),
)
_DECLINED = (
    _declined("4000000000000002", "DO_NOT_HONOR"),
    _declined("4000000000009995", "INSUFFICIENT_FUNDS", "pm_card_chargeDeclinedInsufficientFunds"),
    _declined("4000000000009979", "STOLEN_CARD", "pm_card_chargeDeclinedStolenCard"),
    _declined("4000000000009987", "LOST_CARD", "pm_card_chargeDeclinedLostCard"),
    _declined("4000000000000069", "EXPIRED_CARD", "pm_card_chargeDeclinedExpiredCard"),
    _declined("4000000000006975", "LIMIT_EXCEEDED"),
    _declined("4100000000000019", "RISK_DECLINE", "pm_card_chargeDeclinedFraudulent"),
    _declined("4000000000000119", "BANK_UNAVAILABLE", "pm_card_chargeDeclinedProcessingError"),
    _declined("4000000000000127", "WRONG_SECURITY_CODE", "pm_card_chargeDeclinedIncorrectCvc"),
    Card(
        *("never_again", "5200000000000411"),
        "declined: NEVER_AGAIN (05, merchant advice 03: do not try again)",
        "mastercard",
        decline=DECLINES["NEVER_AGAIN"],
        stripe="pm_card_chargeDeclined",
    ),
)
_AUTHENTICATED = (
    Card(
        *("challenge", "4000000000003220", "3DS: a challenge every time"),
        three_ds=ThreeDsProfile.ALWAYS,
        stripe="pm_card_threeDSecure2Required",
    ),
    Card(
        *("frictionless", "4000000000003055", "3DS: frictionless"),
        three_ds=ThreeDsProfile.FRICTIONLESS,
        stripe="pm_card_threeDSecureOptional",
    ),
    Card(
        *("challenge_declined", "4000008400001629"),
        "3DS: a challenge; when approved, declined: DO_NOT_HONOR (05)",
        three_ds=ThreeDsProfile.ALWAYS,
        decline=DECLINES["DO_NOT_HONOR"],
        stripe="pm_card_threeDSecureRequiredChargeDeclined",
    ),
    Card(
        *("soft_decline", "4000000000003063"),
        "declined: AUTHENTICATION_REQUIRED (65); with threeDS=required a challenge, then succeeds",
        decline=DECLINES["AUTHENTICATION_REQUIRED"],
        soft=True,
        stripe="pm_card_authenticationRequired",
    ),
    Card(
        *("three_ds_unavailable", "4000000000003097"),
        "3DS breaks down: declined: AUTHENTICATION_FAILED",
        three_ds=ThreeDsProfile.UNAVAILABLE,
        stripe="pm_card_threeDSecure2Required",
    ),
)
_MISBEHAVING = (
    _misbehaving(
        "4000000000000341", Behaviour.HANG_AFTER_EFFECT, "succeeds, but the answer never comes*"
    ),
    _misbehaving(
        "4000000000000358", Behaviour.ERROR_AFTER_EFFECT, "succeeds, but answers HTTP 500*"
    ),
    _misbehaving(
        "4000000000000366", Behaviour.RESET_AFTER_EFFECT, "succeeds, but the connection is reset*"
    ),
    _misbehaving("4000000000000374", Behaviour.PENDING, "PENDING; succeeds after 3 s"),
    Card(
        *("duplicate_webhooks", "4000000000000382", "succeeds; every webhook comes three times"),
        webhook_copies=3,
    ),
    _misbehaving(
        "4000000000000390",
        Behaviour.CONTRADICT,
        "declined: DO_NOT_HONOR (05), but succeeds after 3 s",
    ),
    Card(
        *("refund_fails", "4000000000000408", "succeeds; refunds are PENDING and FAIL after 6 s"),
        refunds_fail_later=True,
        stripe="pm_card_refundFail",
    ),
)

CARDS = {card.name: card for card in (*_SUCCESSES, *_DECLINED, *_AUTHENTICATED, *_MISBEHAVING)}
BY_NUMBER = {card.number: card for card in CARDS.values()}

# A fault of the wire happens to the first arrival of a payment, so that it can be sent again.
WIRE_FAULTS = frozenset(
    {Behaviour.HANG_AFTER_EFFECT, Behaviour.ERROR_AFTER_EFFECT, Behaviour.RESET_AFTER_EFFECT}
)
