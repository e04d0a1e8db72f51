"""What a payout has to pass before anything is set aside, whichever door it came through."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.answers import field_refused
from api.card_orders import content, money
from payments.domain.codes import Code
from payments.domain.destination import Destination, DestinationState
from payments.domain.money import Money
from payments.domain.payout_terms import PayoutLimits
from payments.domain.rail import RailProfile
from payments.ports.partners import Partners
from payments.ports.rail import Rails


@dataclass(frozen=True, slots=True)
class Payable:
    """What may be paid out, with the terms of this moment."""

    amount: Money
    fee: Money
    limits: PayoutLimits


class PayoutRules:
    def __init__(self, partners: Partners, rails: Rails) -> None:
        self._partners = partners
        self._rails = rails

    def payable(self, partner_id: str, amount: str, currency: str) -> Payable:
        """Raises Refusal that names the field. Funds, and what adds up, the record looks at."""
        terms = self._partners.payout_terms(partner_id)
        if terms is None or currency not in terms.currencies:
            raise field_refused(Code.CURRENCY_REFUSED, "currency", "not enabled for you")
        asked = money(amount, currency)
        limits = terms.limits(currency)
        if limits.block_above is not None and asked.minor > limits.block_above:
            raise field_refused(Code.PAYOUT_LIMIT, "amount", "above your limit for one payout")
        return Payable(asked, terms.fee(asked), limits)

    def rail_to(self, destination: Destination, currency: str) -> RailProfile:
        """Who brings it there. Raises Refusal that names the field."""
        if destination.currency != currency:
            raise field_refused(
                Code.FIELD_REFUSED, "currency", f"this destination is for {destination.currency}"
            )
        if destination.state is not DestinationState.VERIFIED:
            raise field_refused(
                *(Code.DESTINATION_UNVERIFIED, "destinationToken", f"it is {destination.state}")
            )
        rail = self._rails.profile(destination.rail)
        if rail is None or not rail.takes(destination.kind, currency):
            raise field_refused(Code.NO_RAIL, "destinationToken", "its rail takes nothing now")
        return rail


def payout_content(
    amount: Money, to: Mapping[str, str], reference: str, metadata: Mapping[str, str]
) -> str:
    """Tells the same payout asked for again from another one. `to` is the field that says where."""
    return content(
        {
            "amount": str(amount),
            "currency": amount.currency,
            **to,
            "reference": reference,
            "metadata": metadata,
        }
    )
