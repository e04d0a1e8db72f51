"""Partners, keys, addresses, terms and revoked tokens: all in memory, true by notification."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from payments.adapters.postgres.sealer import Sealer, open_secret
from payments.crypto import Unsealable
from payments.db.directory import Directory
from payments.db.session import Database, Row, Rows
from payments.domain.bill import Agreement
from payments.domain.card_terms import CardTerms
from payments.domain.partner import ApiKey, Partner, Product, Scope, Standing
from payments.domain.payout_terms import PayoutTerms

_log = structlog.get_logger(__name__)

CHANNEL: Final = "partners"
_PRODUCTS: Final = frozenset(Product)
_SCOPES: Final = frozenset(Scope)

_PARTNERS: Final = """
    SELECT id, name, standing, joined_on, requests_per_minute,
        ARRAY(SELECT range FROM ip_range WHERE partner_id = partner.id ORDER BY range) AS ranges
    FROM partner"""
_KEYS: Final = """
    SELECT id, partner_id, secret_sealed, scopes, standing, expires_at,
        coalesce(products, ARRAY[product]) AS products
    FROM api_key WHERE standing <> 'revoked' ORDER BY created_at, id"""
_AGREEMENTS: Final = """
    SELECT agreement.partner_id, agreement.biller_id, fee_flat_minor, fee_basis_points
    FROM agreement"""
_CARD_TERMS: Final = """
    SELECT partner_id, currencies, return_hosts, fee_flat_minor, fee_basis_points, hold_above,
        block_above, case_policies
    FROM card_terms"""
_PAYOUT_TERMS: Final = "SELECT * FROM payout_terms"
_REVOKED: Final = "SELECT jti FROM revoked_token WHERE expires_at > now()"


@dataclass(frozen=True, slots=True)
class _Contents:
    partners: dict[str, Partner]
    by_key: dict[str, Partner]
    agreements: dict[tuple[str, str], Agreement]
    card_terms: dict[str, CardTerms]
    payout_terms: dict[str, PayoutTerms]
    revoked: frozenset[str]


class PostgresPartners:
    """One directory of everybody who may call us."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._directory = Directory(database, channel=CHANNEL, read=self._read)

    async def start(self) -> None:
        await self._directory.start()

    async def close(self) -> None:
        await self._directory.close()

    async def fresh(self) -> None:
        await self._directory.fresh()

    def get(self, partner_id: str) -> Partner | None:
        return self._directory.current.partners.get(partner_id)

    def by_key(self, key_id: str) -> Partner | None:
        return self._directory.current.by_key.get(key_id)

    def everybody(self) -> Sequence[Partner]:
        """By id."""
        return sorted(self._directory.current.partners.values(), key=lambda each: each.id)

    def agreement(self, partner_id: str, biller_id: str) -> Agreement | None:
        return self._directory.current.agreements.get((partner_id, biller_id))

    def card_terms(self, partner_id: str) -> CardTerms | None:
        return self._directory.current.card_terms.get(partner_id)

    def payout_terms(self, partner_id: str) -> PayoutTerms | None:
        return self._directory.current.payout_terms.get(partner_id)

    def is_revoked(self, token_id: str) -> bool:
        return token_id in self._directory.current.revoked

    async def _read(self) -> _Contents:
        # Six statements and no transaction: a change between two of them notifies, and is read.
        keys = self._open_keys(await self._database.fetch(_KEYS))
        partners = {
            row["id"]: _partner(row, keys.get(row["id"], []))
            for row in await self._database.fetch(_PARTNERS)
        }
        agreements = await self._database.fetch(_AGREEMENTS)
        card_terms = await self._database.fetch(_CARD_TERMS)
        payout_terms = await self._database.fetch(_PAYOUT_TERMS)
        revoked = await self._database.fetch(_REVOKED)
        return _Contents(
            partners=partners,
            by_key={key.id: partner for partner in partners.values() for key in partner.keys},
            agreements={
                (row["partner_id"], row["biller_id"]): Agreement(
                    row["fee_flat_minor"], row["fee_basis_points"]
                )
                for row in agreements
            },
            card_terms={row["partner_id"]: _card_terms(row) for row in card_terms},
            payout_terms={row["partner_id"]: _payout_terms(row) for row in payout_terms},
            revoked=frozenset(row["jti"] for row in revoked),
        )

    def _open_keys(self, rows: Rows) -> dict[str, list[ApiKey]]:
        keys: dict[str, list[ApiKey]] = {}
        for row in rows:
            try:
                secret = open_secret(self._sealer, row["id"], row["secret_sealed"])
            except Unsealable:
                # One key sealed with a lost master secret must not shut everybody else out.
                _log.error("api_key.unsealable", key=row["id"], partner=row["partner_id"])
                continue
            # A newer version, deployed beside this one, may know more products than we do.
            if not _PRODUCTS.isdisjoint(row["products"]):
                keys.setdefault(row["partner_id"], []).append(_key(row, secret))
        return keys


def _key(row: Row, secret: str) -> ApiKey:
    return ApiKey(
        id=row["id"],
        secret=secret,
        products=tuple(Product(each) for each in row["products"] if each in _PRODUCTS),
        scopes=frozenset(Scope(scope) for scope in row["scopes"] if scope in _SCOPES),
        standing=Standing(row["standing"]),
        expires_at=row["expires_at"],
    )


def _card_terms(row: Row) -> CardTerms:
    return CardTerms(
        currencies=frozenset(row["currencies"]),
        return_hosts=frozenset(row["return_hosts"]),
        fee_flat_minor=row["fee_flat_minor"],
        fee_basis_points=row["fee_basis_points"],
        hold_above=row["hold_above"],
        block_above=row["block_above"],
        case_policies=row["case_policies"],
    )


def _payout_terms(row: Row) -> PayoutTerms:
    return PayoutTerms(
        currencies=frozenset(row["currencies"]),
        fee_flat_minor=row["fee_flat_minor"],
        fee_basis_points=row["fee_basis_points"],
        hold_above=row["hold_above"],
        block_above=row["block_above"],
        daily_count=row["daily_count"],
        daily_sum=row["daily_sum"],
        destination_count=row["destination_count"],
        destination_sum=row["destination_sum"],
    )


def _partner(row: Row, keys: list[ApiKey]) -> Partner:
    return Partner(
        id=row["id"],
        name=row["name"],
        standing=Standing(row["standing"]),
        joined_on=row["joined_on"],
        requests_per_minute=row["requests_per_minute"],
        keys=tuple(keys),
        ranges=tuple(row["ranges"]),
    )
