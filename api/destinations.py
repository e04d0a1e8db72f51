"""Where payouts go: read what a partner writes, keep it sealed, and have the rail look at it."""

from dataclasses import replace

from api.accounts import ReadAccount, read
from api.answers import Refusal, field_refused
from api.card_orders import card_in_vault, content
from api.client_tokens import ClientTokens
from api.exchange import Exchange
from api.payout_schemas import CardBody, DestinationBody
from payments.domain import ids
from payments.domain.card import Card
from payments.domain.codes import Code
from payments.domain.destination import (
    Account,
    Destination,
    DestinationKind,
    DestinationState,
)
from payments.domain.money import MoneyError, digits
from payments.domain.provider import ProviderKind, alias
from payments.ports.methods import Methods
from payments.ports.partners import Partners
from payments.ports.payouts import Destinations
from payments.ports.provider import Providers
from payments.ports.rail import Rails, RailUnavailable

_TOKEN = "account.paymentMethodToken"


class DestinationDesk:
    """Raises Refusal for a "no"; of an account nothing is in it but the name of a field."""

    def __init__(
        self,
        destinations: Destinations,
        *,
        partners: Partners,
        methods: Methods,
        providers: Providers,
        client_tokens: ClientTokens,
        rails: Rails,
    ) -> None:
        self._destinations = destinations
        self._partners = partners
        self._methods = methods
        self._providers = providers
        self._client_tokens = client_tokens
        self._rails = rails

    async def add(self, exchange: Exchange, body: DestinationBody) -> Destination:
        """Kept, and as the rail says; UNVERIFIED when it does not answer now."""
        assert exchange.partner_id is not None, "the route admits nobody without a token"
        self._check_currency(exchange.partner_id, body.currency)
        if isinstance(body.account, CardBody):
            card = await self._card(exchange, body, body.account.payment_method_token)
            found = _of_card(card)
            fingerprint, shown = card.fingerprint, card.last4
        else:
            found = read(body.account)
            fingerprint = self._destinations.fingerprint(exchange.partner_id, found.account)
            shown = found.account.number[-4:]
        made = self._made(exchange, exchange.partner_id, body, found)
        made = replace(made, fingerprint=fingerprint, shown=shown)
        with exchange.measured("record.destination"):
            added = await self._destinations.add(made, found.account)
        if added is Code.CUSTOMER_UNKNOWN:
            raise _unknown_customer()
        if isinstance(added, Code):
            raise Refusal(added)
        try:
            return await self.verify(exchange, added)
        except Refusal as refused:
            if refused.code is not Code.RAIL_UNAVAILABLE:
                raise
            return added

    async def verify(self, exchange: Exchange, destination: Destination) -> Destination:
        """Ask its rail, unless it has said its word. Raises Refusal when the rail says nothing."""
        if destination.state is not DestinationState.UNVERIFIED:
            return destination
        rail = self._rails.get(destination.rail)
        account = await self._destinations.opened(destination.destination_id)
        if rail is None or account is None:
            raise Refusal(Code.RAIL_UNAVAILABLE, retry_after_s=5)
        try:
            with exchange.measured("rail.verify"):
                word = await rail.verify(account, destination.currency)
        except RailUnavailable as error:
            raise Refusal(Code.RAIL_UNAVAILABLE, retry_after_s=5) from error
        return await self._destinations.verified(destination.destination_id, word)

    def _made(
        self, exchange: Exchange, partner_id: str, body: DestinationBody, found: ReadAccount
    ) -> Destination:
        account = found.account
        rail = self._rails.taking(account.kind, body.currency)
        if rail is None:
            raise field_refused(Code.NO_RAIL, "currency", "no rail pays there in this currency")
        asked = body.model_dump(by_alias=True, exclude={"account"})
        whole = replace(account, number=f"{account.number}\n{account.holder}\n{account.bic}")
        return Destination(
            destination_id=ids.destination_id(partner_id, body.reference),
            partner_id=partner_id,
            reference=body.reference,
            customer_id=body.customer_id,
            kind=account.kind,
            country=account.country,
            currency=body.currency,
            shown="",
            bank=found.bank,
            fingerprint="",
            rail=rail.id,
            state=DestinationState.UNVERIFIED,
            reason=None,
            created_at=exchange.received_at,
            content=content(
                {**asked, "account": self._destinations.fingerprint(partner_id, whole)}
            ),
        )

    def _check_currency(self, partner_id: str, currency: str) -> None:
        terms = self._partners.payout_terms(partner_id)
        if terms is None or currency not in terms.currencies:
            raise field_refused(Code.CURRENCY_REFUSED, "currency", "not enabled for you")
        try:
            digits(currency)
        except MoneyError as error:
            raise field_refused(Code.FIELD_REFUSED, "currency", str(error)) from None

    async def _card(self, exchange: Exchange, body: DestinationBody, token: str) -> Card:
        """A customer's saved card, or one that was tokenised for this partner."""
        assert exchange.partner_id is not None, "the route admits nobody without a token"
        saved = await self._methods.saved(exchange.partner_id, token)
        if saved is not None:
            if body.customer_id not in (None, saved.customer_id):
                raise _unknown_card()
            return saved.card
        card = await card_in_vault(exchange, self._providers, token)
        if card is None or not self._client_tokens.is_of(
            card.client_token or "", exchange.partner_id
        ):
            # Another partner's card is as unknown as one that never was.
            raise _unknown_card()
        return card


def _of_card(card: Card) -> ReadAccount:
    token = alias(card, ProviderKind.SANDBOX)
    if token is None:
        raise field_refused(Code.NO_RAIL, _TOKEN, "no rail knows this card")
    return ReadAccount(Account(DestinationKind.CARD, card.country, token), card.brand)


def _unknown_card() -> Refusal:
    return field_refused(Code.METHOD_UNKNOWN, _TOKEN, "no such card")


def _unknown_customer() -> Refusal:
    return field_refused(Code.CUSTOMER_UNKNOWN, "customerId", "no such customer")
