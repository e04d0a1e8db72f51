"""What operators write: partners, keys, addresses, billers, providers, terms. One statement each.

Every write is announced by the database itself, so that all processes know of it at once.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Final

import asyncpg
import orjson

from payments.adapters.postgres import providers, rails
from payments.adapters.postgres.sealer import Sealer, seal_secret
from payments.db.session import Rows, Statements
from payments.domain.bill import Agreement
from payments.domain.biller import BillerProfile
from payments.domain.card_terms import CardTerms
from payments.domain.partner import Product, Scope, Standing
from payments.domain.payout_terms import PayoutTerms
from payments.domain.provider import ProviderProfile
from payments.domain.rail import RailProfile

Network = IPv4Network | IPv6Network

_ADD_PARTNER: Final = """
    INSERT INTO partner (id, name, requests_per_minute) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO NOTHING RETURNING id"""
_SET_PARTNER_STANDING: Final = "UPDATE partner SET standing = $2 WHERE id = $1 RETURNING id"
_ADD_KEY: Final = """
    INSERT INTO api_key (id, partner_id, secret_sealed, product, products, scopes)
    SELECT $1, id, $3, ($4::text[])[1], $4, $5 FROM partner WHERE id = $2
    RETURNING id"""
_ALLOW_KEY: Final = """
    UPDATE api_key SET product = ($2::text[])[1], products = $2, scopes = $3
    WHERE id = $1 AND standing <> 'revoked' RETURNING id"""
_ROTATE_KEY: Final = """
    WITH old AS (
        UPDATE api_key SET expires_at = least(expires_at, now() + $4::interval)
        WHERE id = $1 AND standing = 'active' AND (expires_at IS NULL OR expires_at > now())
        RETURNING partner_id, product, products, scopes
    )
    INSERT INTO api_key (id, partner_id, secret_sealed, product, products, scopes)
    SELECT $2, partner_id, $3, product, products, scopes FROM old
    RETURNING id"""
_SET_KEY_STANDING: Final = """
    UPDATE api_key SET standing = $2 WHERE id = $1 AND standing <> 'revoked' RETURNING id"""
_ADD_RANGE: Final = """
    WITH added AS (
        INSERT INTO ip_range (partner_id, range) SELECT id, $2 FROM partner WHERE id = $1
        ON CONFLICT DO NOTHING
    )
    SELECT id FROM partner WHERE id = $1"""
_REMOVE_RANGE: Final = "DELETE FROM ip_range WHERE partner_id = $1 AND range = $2 RETURNING range"
_REVOKE_TOKEN: Final = """
    INSERT INTO revoked_token (jti, expires_at) VALUES ($1, $2)
    ON CONFLICT (jti) DO UPDATE
    SET expires_at = greatest(revoked_token.expires_at, EXCLUDED.expires_at)"""
_PUT_BILLER: Final = """
    INSERT INTO biller
        (id, name, base_url, currency, standing, honours_idempotency_keys, settles_within_s)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id) DO UPDATE
    SET name = EXCLUDED.name, base_url = EXCLUDED.base_url, currency = EXCLUDED.currency,
        standing = EXCLUDED.standing, settles_within_s = EXCLUDED.settles_within_s,
        honours_idempotency_keys = EXCLUDED.honours_idempotency_keys"""
_SET_AGREEMENT: Final = """
    INSERT INTO agreement (partner_id, biller_id, fee_flat_minor, fee_basis_points)
    SELECT partner.id, biller.id, $3, $4 FROM partner, biller
    WHERE partner.id = $1 AND biller.id = $2
    ON CONFLICT (partner_id, biller_id) DO UPDATE
    SET fee_flat_minor = EXCLUDED.fee_flat_minor, fee_basis_points = EXCLUDED.fee_basis_points
    RETURNING partner_id"""
_SET_CARD_TERMS: Final = """
    INSERT INTO card_terms
        (partner_id, currencies, return_hosts, fee_flat_minor, fee_basis_points, hold_above,
        block_above, case_policies)
    SELECT id, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8::jsonb FROM partner WHERE id = $1
    ON CONFLICT (partner_id) DO UPDATE
    SET currencies = EXCLUDED.currencies, return_hosts = EXCLUDED.return_hosts,
        fee_flat_minor = EXCLUDED.fee_flat_minor, fee_basis_points = EXCLUDED.fee_basis_points,
        hold_above = EXCLUDED.hold_above, block_above = EXCLUDED.block_above,
        case_policies = EXCLUDED.case_policies
    RETURNING partner_id"""

_SET_PAYOUT_TERMS: Final = """
    INSERT INTO payout_terms
        (partner_id, currencies, fee_flat_minor, fee_basis_points, hold_above, block_above,
        daily_count, daily_sum, destination_count, destination_sum)
    SELECT id, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8::jsonb, $9, $10::jsonb
    FROM partner WHERE id = $1
    ON CONFLICT (partner_id) DO UPDATE
    SET currencies = EXCLUDED.currencies, fee_flat_minor = EXCLUDED.fee_flat_minor,
        fee_basis_points = EXCLUDED.fee_basis_points, hold_above = EXCLUDED.hold_above,
        block_above = EXCLUDED.block_above, daily_count = EXCLUDED.daily_count,
        daily_sum = EXCLUDED.daily_sum, destination_count = EXCLUDED.destination_count,
        destination_sum = EXCLUDED.destination_sum
    RETURNING partner_id"""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which is shown this once."""

    id: str
    secret: str = field(repr=False)


class Administration:
    """Raises LookupError for a partner, key, range or biller that is not there (or was revoked),
    and ValueError for a value that the database refuses.
    """

    def __init__(self, database: Statements, sealer: Sealer) -> None:
        """In a transaction, what is written in it is announced once, at its end."""
        self._database = database
        self._sealer = sealer

    async def add_partner(
        self, partner_id: str, name: str, *, requests_per_minute: int = 600
    ) -> bool:
        """False when there is one of this id already; it stays as it is."""
        return bool(await self._write(_ADD_PARTNER, partner_id, name, requests_per_minute))

    async def suspend_partner(self, partner_id: str) -> None:
        await self._change(_SET_PARTNER_STANDING, partner_id, Standing.SUSPENDED)

    async def resume_partner(self, partner_id: str) -> None:
        await self._change(_SET_PARTNER_STANDING, partner_id, Standing.ACTIVE)

    async def add_key(
        self,
        partner_id: str,
        *,
        products: Sequence[Product] = (Product.BILL_COLLECTION,),
        scopes: Iterable[Scope] = tuple(Scope),
    ) -> NewKey:
        """Its tokens name one of the products; the first, when they are asked for none."""
        key = _new_key()
        sealed = seal_secret(self._sealer, key.id, key.secret)
        await self._change(_ADD_KEY, key.id, partner_id, sealed, list(products), sorted(scopes))
        return key

    async def allow_key(
        self, key_id: str, *, products: Sequence[Product], scopes: Iterable[Scope]
    ) -> None:
        """What a key may do, from its next token on."""
        await self._change(_ALLOW_KEY, key_id, list(products), sorted(scopes))

    async def rotate_key(self, key_id: str, *, overlap: timedelta) -> NewKey:
        """A new key with the same rights. The old one works for `overlap` longer, no more."""
        key = _new_key()
        sealed = seal_secret(self._sealer, key.id, key.secret)
        await self._change(_ROTATE_KEY, key_id, key.id, sealed, overlap)
        return key

    async def suspend_key(self, key_id: str) -> None:
        await self._change(_SET_KEY_STANDING, key_id, Standing.SUSPENDED)

    async def resume_key(self, key_id: str) -> None:
        await self._change(_SET_KEY_STANDING, key_id, Standing.ACTIVE)

    async def revoke_key(self, key_id: str) -> None:
        """For ever: a revoked key is never resumed."""
        await self._change(_SET_KEY_STANDING, key_id, Standing.REVOKED)

    async def add_range(self, partner_id: str, network: Network) -> None:
        await self._change(_ADD_RANGE, partner_id, network)

    async def remove_range(self, partner_id: str, network: Network) -> None:
        await self._change(_REMOVE_RANGE, partner_id, network)

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        """Refuse an access token at once; it is forgotten when it would have expired anyway."""
        await self._write(_REVOKE_TOKEN, token_id, expires_at)

    async def put_biller(self, biller: BillerProfile) -> None:
        """Add a biller, or describe a known one anew."""
        await self._write(
            _PUT_BILLER,
            biller.id,
            biller.name,
            biller.base_url,
            biller.currency,
            biller.standing,
            biller.honours_idempotency_keys,
            int(biller.settles_within.total_seconds()),
        )

    async def set_agreement(self, partner_id: str, biller_id: str, agreement: Agreement) -> None:
        """What this partner pays for this biller's bills, from the next lock on."""
        await self._change(
            _SET_AGREEMENT,
            partner_id,
            biller_id,
            agreement.fee_flat_minor,
            agreement.fee_basis_points,
        )

    async def put_provider(self, provider: ProviderProfile) -> None:
        """Add a card provider, or describe a known one anew."""
        statement, parameters = providers.put(self._sealer, provider)
        await self._write(statement, *parameters)

    async def set_card_terms(self, partner_id: str, terms: CardTerms) -> None:
        """What this partner may do with cards, from its next payment on."""
        await self._change(
            _SET_CARD_TERMS,
            partner_id,
            sorted(terms.currencies),
            sorted(terms.return_hosts),
            terms.fee_flat_minor,
            terms.fee_basis_points,
            _json(terms.hold_above),
            _json(terms.block_above),
            _json(terms.case_policies),
        )

    async def put_rail(self, rail: RailProfile) -> None:
        """Add a payout rail, or describe a known one anew."""
        statement, parameters = rails.put(self._sealer, rail)
        await self._write(statement, *parameters)

    async def set_payout_terms(self, partner_id: str, terms: PayoutTerms) -> None:
        """What this partner may pay out, from its next payout on."""
        await self._change(
            _SET_PAYOUT_TERMS,
            partner_id,
            sorted(terms.currencies),
            terms.fee_flat_minor,
            terms.fee_basis_points,
            _json(terms.hold_above),
            _json(terms.block_above),
            terms.daily_count,
            _json(terms.daily_sum),
            terms.destination_count,
            _json(terms.destination_sum),
        )

    async def _change(self, statement: str, *parameters: object) -> None:
        if not await self._write(statement, *parameters):
            raise LookupError("no such partner, key, range or biller, or revoked for ever")

    async def _write(self, statement: str, *parameters: object) -> Rows:
        try:
            return await self._database.fetch(statement, *parameters)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            raise ValueError(str(error)) from error


def _json(limits: Mapping[str, int] | Mapping[str, str]) -> str:
    return orjson.dumps(dict(limits)).decode()


def _new_key() -> NewKey:
    # 24 digits of base 16 are told from a card number; of 20, one in 11,000 would be taken for it.
    return NewKey(f"qk_{secrets.token_hex(12)}", f"qs_{secrets.token_urlsafe(32)}")
