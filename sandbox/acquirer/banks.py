"""The test banks: where a customer can be sent to, and what each bank does with a payment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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

CUSTOMER_CANCELED = "CUSTOMER_CANCELED"
INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
BANK_UNAVAILABLE = "BANK_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Bank:
    id: str
    name: str
    story: str
    country: str
    currencies: tuple[str, ...]
    decline: Decline | None = None
    instruction: Instruction = ORDINARY
    refunds_fail_later: bool = False
    webhook_copies: int = 1
    counts_late: bool = False

    @property
    def page(self) -> Page:
        return Page.BANK

    @property
    def unanswered(self) -> ThreeDs:
        return NOT_AUTHENTICATED

    def opening(self, order: Order) -> ThreeDs | Verdict | None:  # noqa: ARG002
        """Nobody's money leaves a bank before they were asked there."""
        return None

    def answered(self, decision: Decision) -> ThreeDs | Verdict | None:
        match decision:
            case _ if self is UNCHOSEN:
                return None
            case Decision.APPROVE:
                return NOT_AUTHENTICATED
            case Decision.REFUSE:
                return _declined(CUSTOMER_CANCELED)
            case Decision.NO_MONEY:
                return _declined(INSUFFICIENT_FUNDS)
            case _:
                return None

    def objection(self, three_ds: ThreeDs) -> Decline | None:  # noqa: ARG002
        return self.decline

    def decline_named(self, reason: str) -> Decline:
        return no(reason)

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.name,
            "country": self.country,
            "currencies": list(self.currencies),
        }


def no(reason: str) -> Decline:
    """No network stands between a bank and its customer, so there is no code of one."""
    return Decline(reason, None, None, reason.lower())


def _declined(reason: str) -> Verdict:
    return Verdict(PaymentState.DECLINED, decline=no(reason))


# Before the customer has chosen: it only waits.
UNCHOSEN = Bank("", "a bank", "the customer chooses", "", ())

_GB = ("GBP", "EUR", "USD")
_SUNNY = Bank("SUNNY", "Sunny Bank", "ordinary", "GB", _GB)
_RAINY = Bank(
    *("RAINY", "Rainy Bank", "approved, then declined: INSUFFICIENT_FUNDS", "GB", _GB),
    decline=no(INSUFFICIENT_FUNDS),
)
_FOGGY = Bank(
    *("FOGGY", "Foggy Bank", "approved, then PENDING; succeeds after 3 s", "GB", _GB),
    instruction=instruction_for(Behaviour.PENDING),
)
_ANYWHERE = (_SUNNY, _RAINY, _FOGGY)
_BRITISH = (
    *_ANYWHERE,
    Bank(
        *("STORMY", "Stormy Bank", "begun, but the first answer never comes*", "GB", _GB),
        instruction=instruction_for(Behaviour.HANG_AFTER_EFFECT),
    ),
    Bank(
        *("FICKLE", "Fickle Bank", "approved, then declined, but succeeds after 3 s", "GB", _GB),
        instruction=instruction_for(Behaviour.CONTRADICT),
    ),
    Bank(
        *("CLOSED", "Closed Bank", "declined at once: BANK_UNAVAILABLE", "GB", _GB),
        instruction=instruction_for(Behaviour.DECLINE, reason=BANK_UNAVAILABLE),
    ),
    Bank(
        *("LATE", "Late Bank", "an approval counts after the end, too: EXPIRED or VOIDED"),
        *("GB", _GB),
        counts_late=True,
    ),
    Bank("TWICE", "Twice Bank", "every webhook comes twice", "GB", _GB, webhook_copies=2),
    Bank("SILENT", "Silent Bank", "no webhook ever comes", "GB", _GB, webhook_copies=0),
    Bank(
        *("CLINGY", "Clingy Bank", "refunds are PENDING and FAIL after 6 s", "GB", _GB),
        refunds_fail_later=True,
    ),
)
_ABROAD = (("DE", ("EUR",)), ("US", ("USD",)), ("BD", ("BDT",)))

BANKS = {
    bank.id: bank
    for bank in (
        *_BRITISH,
        *(
            replace(bank, id=f"{bank.id}_{country}", country=country, currencies=currencies)
            for country, currencies in _ABROAD
            for bank in _ANYWHERE
        ),
    )
}


def offered(country: str | None, currency: str) -> Sequence[Bank]:
    """Where a customer of this country can pay in this currency."""
    return [
        bank for bank in BANKS.values() if bank.country == country and currency in bank.currencies
    ]
