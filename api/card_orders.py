"""From what a partner sends to what the workflow is ordered to do, with every right checked."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from api.answers import Refusal, field_refused
from api.banks import BankBook
from api.card_payments import PATIENCE
from api.card_schemas import ClientTokenBody, PaymentBody
from api.client_tokens import ClientTokens, NotForThisSale, Sale, Stranger
from api.exchange import Exchange
from api.method_schemas import BankRedirectBody, CodeBody
from api.return_urls import checked_return_url
from payments.domain import ids
from payments.domain.card import Card
from payments.domain.card_terms import CardTerms
from payments.domain.codes import Code
from payments.domain.method import BankRedirect, DisplayCode
from payments.domain.money import Money, MoneyError
from payments.domain.payment import (
    PaymentOrder,
)
from payments.ports.methods import Methods
from payments.ports.partners import Partners
from payments.ports.provider import Providers, ProviderUnavailable

_METHOD: Final = "paymentMethodToken"


class CardOrders:
    def __init__(
        self,
        *,
        partners: Partners,
        methods: Methods,
        providers: Providers,
        client_tokens: ClientTokens,
        banks: BankBook,
        is_live: bool,
    ) -> None:
        self._partners = partners
        self._methods = methods
        self._providers = providers
        self._client_tokens = client_tokens
        self._banks = banks
        self._is_live = is_live

    def sale(self, partner_id: str, body: ClientTokenBody | PaymentBody) -> Sale:
        """What is to be sold to whom. Raises Refusal."""
        self._terms(partner_id, body.currency)
        amount = money(body.amount, body.currency)
        return Sale(partner_id, amount, body.customer_id)

    def check(self, partner_id: str, body: PaymentBody) -> None:
        """Refuse what can be refused without asking anybody."""
        self.sale(partner_id, body)
        _check_method(body)
        if body.return_url is not None:
            hosts = self._terms(partner_id, body.currency).return_hosts
            checked_return_url(body.return_url, hosts, is_live=self._is_live)
        if body.save_method and body.customer_id is None:
            raise field_refused(Code.FIELD_REFUSED, "customerId", "a method is saved for somebody")

    async def order(self, exchange: Exchange, body: PaymentBody) -> PaymentOrder:
        """The order, once the card is known. Raises Refusal."""
        assert exchange.partner_id is not None, "the route admits nobody without a token"
        sale = self.sale(exchange.partner_id, body)
        return PaymentOrder(
            payment_id=ids.payment_id(sale.partner_id, body.reference),
            partner_id=sale.partner_id,
            reference=body.reference,
            amount=sale.amount,
            capture=body.capture,
            card=await self._card(exchange, sale, body.payment_method_token),
            bank=await self._bank(exchange, sale, body),
            display=await self._display(exchange, sale, body),
            terms=self._terms(sale.partner_id, body.currency),
            trace=exchange.trace,
            created_at=exchange.received_at,
            deadline=datetime.now(UTC) + PATIENCE,
            content=content({**body.model_dump(by_alias=True), "amount": str(sale.amount)}),
            return_url=body.return_url,
            customer_id=body.customer_id,
            save_method=body.save_method,
            metadata=body.metadata or None,
        )

    def _terms(self, partner_id: str, currency: str) -> CardTerms:
        terms = self._partners.card_terms(partner_id)
        if terms is None or currency not in terms.currencies:
            raise field_refused(Code.CURRENCY_REFUSED, "currency", "not enabled for you")
        return terms

    async def _card(self, exchange: Exchange, sale: Sale, token: str | None) -> Card | None:
        """A customer's saved card, or what a vault took for this very sale. None: no card pays."""
        if token is None:
            return None
        if sale.customer_id is not None:
            saved = await self._saved(exchange, sale, token)
            if saved is not None:
                return saved
        card = await card_in_vault(exchange, self._providers, token)
        if card is None:
            raise _unknown_method()
        try:
            spent = self._client_tokens.spend(
                card.client_token or "", sale, card.tokenised_at or exchange.received_at
            )
        except Stranger:
            # Another partner's card is as unknown as one that never was.
            raise _unknown_method() from None
        except NotForThisSale:
            raise field_refused(
                Code.CLIENT_TOKEN_INVALID, _METHOD, "its client token is not for this payment"
            ) from None
        # The token itself is a credential, and nobody behind this needs more than its name.
        return replace(card, client_token=spent)

    async def _bank(self, exchange: Exchange, sale: Sale, body: PaymentBody) -> BankRedirect | None:
        """While we do not know every bank, the provider is the one to refuse."""
        if not isinstance(body.method, BankRedirectBody):
            return None
        await self._check_customer(exchange, sale)
        country, bank_id = body.method.country, body.method.bank
        with exchange.measured("provider.banks"):
            listed = await self._banks.listed()
        offered = listed.offered(country, sale.amount.currency)
        if listed.is_whole and bank_id is not None and listed.named(bank_id) not in offered:
            raise field_refused(
                *(Code.FIELD_REFUSED, "method.bank", "not there, or not for this currency")
            )
        if listed.is_whole and not offered:
            raise field_refused(
                *(Code.FIELD_REFUSED, "method.country", "no bank there takes this currency")
            )
        return BankRedirect(country, bank_id)

    async def _display(
        self, exchange: Exchange, sale: Sale, body: PaymentBody
    ) -> DisplayCode | None:
        if not isinstance(body.method, CodeBody):
            return None
        await self._check_customer(exchange, sale)
        country = body.method.country
        providers = [self._providers.get(name) for name in self._providers.kinds()]
        offers = {each.capabilities.codes.get(country) for each in providers if each is not None}
        if sale.amount.currency not in offers:
            raise field_refused(
                *(Code.FIELD_REFUSED, "method.country", "no code there takes this currency")
            )
        return DisplayCode(country)

    async def _saved(self, exchange: Exchange, sale: Sale, token: str) -> Card | None:
        assert sale.customer_id is not None
        with exchange.measured("record.method"):
            method = await self._methods.saved(sale.partner_id, token)
        if method is not None:
            if method.customer_id != sale.customer_id:
                raise _unknown_method()
            return replace(method.card, client_token=None)
        await self._check_customer(exchange, sale)
        return None

    async def _check_customer(self, exchange: Exchange, sale: Sale) -> None:
        """Raises Refusal for somebody who is no customer of this partner's."""
        if sale.customer_id is None:
            return
        with exchange.measured("record.customer"):
            customer = await self._methods.customer(sale.partner_id, sale.customer_id)
        if customer is None:
            raise field_refused(Code.CUSTOMER_UNKNOWN, "customerId", "no such customer")


async def card_in_vault(exchange: Exchange, providers: Providers, token: str) -> Card | None:
    """None when nobody knows the token. Raises Refusal when its vault does not answer."""
    vault = providers.vault(token)
    if vault is None:
        return None
    try:
        with exchange.measured("vault.card"):
            return await vault.card(token)
    except ProviderUnavailable as error:
        raise Refusal(Code.PROVIDER_UNAVAILABLE, retry_after_s=5) from error


def money(text: str, currency: str) -> Money:
    """An amount as it was sent. Raises Refusal that names the field."""
    try:
        return Money.parse(text, currency)
    except MoneyError as error:
        field = "currency" if error.kind == "currency" else "amount"
        raise field_refused(Code.FIELD_REFUSED, field, str(error)) from None


def content(asked: Mapping[str, Any]) -> str:
    """The same for the same question, whatever order or spelling it was sent in."""
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _check_method(body: PaymentBody) -> None:
    """Exactly one method, and of it only what it can do."""
    if (body.payment_method_token is None) == (body.method is None):
        raise field_refused(Code.FIELD_MALFORMED, _METHOD, "either this or `method`")
    if body.method is None:
        return
    if not body.capture:
        raise field_refused(Code.FIELD_REFUSED, "capture", "this method takes the money at once")
    if body.save_method:
        raise field_refused(Code.FIELD_REFUSED, "saveMethod", "only cards can be saved")
    if body.return_url is None and isinstance(body.method, BankRedirectBody):
        raise field_refused(Code.FIELD_MALFORMED, "returnUrl", "the customer has to come back")


def _unknown_method() -> Refusal:
    return field_refused(Code.METHOD_UNKNOWN, _METHOD, "no such payment method")
