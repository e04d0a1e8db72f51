"""An operator's office: takes partners on with the terms a test needs, past the command line."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.sealer import Sealer
from payments.db.session import Database, Statements
from payments.domain.bill import Agreement
from payments.domain.card_terms import CardTerms
from payments.domain.partner import Product, Scope
from payments.domain.payout_terms import PayoutTerms
from tests.back_office import known_at
from tests.partner_key import PartnerKey
from tests.running_gateway import PartnerClient

LOOPBACK: Final = ("127.0.0.0/8",)
# Above 5,000 dollars a person looks, above 50,000 nothing is sent.
CARD_TERMS: Final = CardTerms(
    currencies=frozenset({"USD", "EUR", "BRL", "BDT", "JPY", "BHD"}),
    return_hosts=frozenset({"127.0.0.1"}),
    fee_flat_minor=30,
    fee_basis_points=140,
    hold_above={"USD": 500_000},
    block_above={"USD": 5_000_000},
)
DOZEN: Final = 12
# Above 1,000 dollars people look, above 5,000 nothing is sent. A fee of 0.25.
PAYOUT_TERMS: Final = PayoutTerms(
    currencies=CARD_TERMS.currencies,
    fee_flat_minor=25,
    fee_basis_points=0,
    hold_above={"USD": 100_000},
    block_above={"USD": 500_000},
    daily_count=None,
    daily_sum={},
    destination_count=None,
    destination_sum={},
)


@dataclass(frozen=True, slots=True)
class Terms:
    requests_per_minute: int = 1_000_000
    ranges: Sequence[str] = LOOPBACK
    scopes: Sequence[Scope] = tuple(Scope)
    billers: Sequence[str] = ("DESCO", "TOKYOGAS", "BAHWATER")
    cards: CardTerms | None = CARD_TERMS
    payouts: PayoutTerms | None = PAYOUT_TERMS

    async def given_to_somebody(self, office: Administration) -> PartnerKey:
        partner_id = f"guest_{secrets.token_hex(6)}"
        await office.add_partner(
            partner_id, partner_id, requests_per_minute=self.requests_per_minute
        )
        for each in self.ranges:
            await office.add_range(partner_id, ip_network(each))
        for each in self.billers:
            await office.set_agreement(partner_id, each, Agreement(500, 25))
        products = [Product.BILL_COLLECTION]
        if self.cards is not None:
            await office.set_card_terms(partner_id, self.cards)
            products.append(Product.PAYMENTS)
        if self.payouts is not None:
            await office.set_payout_terms(partner_id, self.payouts)
            products.append(Product.PAYOUTS)
        key = await office.add_key(partner_id, products=products, scopes=self.scopes)
        return PartnerKey(partner_id, key.id, key.secret)


class Office:
    def __init__(self, api: str, database: Database, sealer: Sealer) -> None:
        self._api = api
        self._database = database
        self._sealer = sealer
        self.administration = Administration(database, sealer)
        self._ordinary: list[PartnerKey] = []
        self._clients: list[PartnerClient] = []

    async def guest(self) -> PartnerClient:
        """A new partner with the ordinary terms.

        Each change to the partners has every process read all of them anew: so they are taken on by
        the dozen, in one change.
        """
        if not self._ordinary:
            self._ordinary = await self._take_on(DOZEN, Terms())
        return self.client(self._ordinary.pop())

    async def partner(self, **terms: Any) -> PartnerClient:
        """A new partner with terms of its own."""
        (key,) = await self._take_on(1, Terms(**terms))
        return self.client(key)

    async def _take_on(self, number: int, terms: Terms) -> list[PartnerKey]:
        """New partners, once the gateway has heard of them."""

        async def sign(statements: Statements) -> list[PartnerKey]:
            office = Administration(statements, self._sealer)
            return [await terms.given_to_somebody(office) for _ in range(number)]

        keys = await self._database.in_transaction(sign)
        await self.wait_until_known(keys[-1])
        return keys

    def client(
        self, key: PartnerKey, address: str | None = None, *, api: str | None = None
    ) -> PartnerClient:
        client = PartnerClient(api or self._api, key, address=address)
        self._clients.append(client)
        return client

    async def wait_until_known(self, key: PartnerKey) -> None:
        await known_at(self.client(key, any_address()))

    async def close(self) -> None:
        for client in self._clients:
            await client.close()


def any_address() -> str:
    """One of loopback's, so that failures of one test do not count against another's address."""
    return ".".join(["127", *(str(1 + secrets.randbelow(250)) for _ in range(3))])
