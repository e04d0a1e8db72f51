"""What each line of a batch of payouts must be: what a single payout must be."""

import re
from collections.abc import Mapping
from typing import Final

from api.answers import field_refused
from api.card_schemas import Reference
from api.payout_orders import PayoutRules, payout_content
from api.payout_schemas import DestinationToken
from api.schemas import Amount, Asked
from payments.domain import ids
from payments.domain.batch_row import BatchRow, PayoutRow
from payments.domain.codes import Code
from payments.domain.destination import Destination
from payments.ports.payouts import Destinations

_TOKEN: Final = re.compile(rb"dst_[0-9a-z]{26}")


class PayoutRowBody(Asked):
    """One row: where to, the partner's name for the payout, and how much."""

    reference: Reference
    destination_token: DestinationToken
    amount: Amount
    currency: str


async def destinations_in(
    destinations: Destinations, partner_id: str, body: bytes
) -> Mapping[str, Destination]:
    """The partner's own, of all that a file names: looked up together, before its rows are read."""
    named = {token.decode() for token in _TOKEN.findall(body)}
    return await destinations.named(partner_id, sorted(named))


class PayoutRows:
    shape = PayoutRowBody
    reference = "reference"

    def __init__(
        self, partner_id: str, destinations: Mapping[str, Destination], rules: PayoutRules
    ) -> None:
        self._partner_id = partner_id
        self._destinations = destinations
        self._rules = rules

    def row(self, number: int, told: PayoutRowBody) -> BatchRow:
        destination = self._destinations.get(told.destination_token)
        if destination is None:
            raise field_refused(
                Code.DESTINATION_UNKNOWN, "destinationToken", "no destination of yours"
            )
        may = self._rules.payable(self._partner_id, told.amount, told.currency)
        rail = self._rules.rail_to(destination, told.currency)
        to = {"destinationToken": told.destination_token}
        return BatchRow(
            line=number,
            reference=told.reference,
            object_id=ids.payout_id(self._partner_id, told.reference),
            amount=may.amount,
            asked=PayoutRow(
                destination_id=destination.destination_id,
                rail=rail.id,
                fee=may.fee,
                limits=may.limits,
                content=payout_content(may.amount, to, told.reference, {}),
            ),
        )
