"""Everybody who may call us, in memory, with the operator's hand that changes them."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from payments.domain.bill import Agreement
from payments.domain.card_terms import CardTerms
from payments.domain.partner import ApiKey, Partner, Product, Scope, Standing
from payments.domain.payout_terms import PayoutTerms


@dataclass
class FakePartners:
    """What is changed is known at once. Raises LookupError for who or what is not there."""

    partners: dict[str, Partner] = field(default_factory=dict)
    agreements: dict[tuple[str, str], Agreement] = field(default_factory=dict)
    terms: dict[str, CardTerms] = field(default_factory=dict)
    payout: dict[str, PayoutTerms] = field(default_factory=dict)
    revoked: dict[str, datetime] = field(default_factory=dict)

    async def fresh(self) -> None:
        """Nothing in here grows old."""

    def get(self, partner_id: str) -> Partner | None:
        return self.partners.get(partner_id)

    def by_key(self, key_id: str) -> Partner | None:
        return next((each for each in self.partners.values() if each.key(key_id)), None)

    def agreement(self, partner_id: str, biller_id: str) -> Agreement | None:
        return self.agreements.get((partner_id, biller_id))

    def card_terms(self, partner_id: str) -> CardTerms | None:
        return self.terms.get(partner_id)

    def payout_terms(self, partner_id: str) -> PayoutTerms | None:
        return self.payout.get(partner_id)

    def is_revoked(self, token_id: str) -> bool:
        expires_at = self.revoked.get(token_id)
        return expires_at is not None and datetime.now(UTC) < expires_at

    # The operator's hand

    async def add_partner(
        self, partner_id: str, name: str, *, requests_per_minute: int = 600
    ) -> bool:
        fresh = partner_id not in self.partners
        joined_on = datetime.now(UTC).date()
        partner = Partner(
            partner_id, name, Standing.ACTIVE, joined_on, requests_per_minute, keys=(), ranges=()
        )
        self.partners.setdefault(partner_id, partner)
        return fresh

    async def suspend_partner(self, partner_id: str) -> None:
        self._change(partner_id, standing=Standing.SUSPENDED)

    async def resume_partner(self, partner_id: str) -> None:
        self._change(partner_id, standing=Standing.ACTIVE)

    async def add_range(self, partner_id: str, network: IPv4Network | IPv6Network) -> None:
        ranges = {*self.partners[partner_id].ranges, network}
        ordered = sorted(ranges, key=lambda each: (each.version, int(each.network_address)))
        self._change(partner_id, ranges=tuple(ordered))

    async def add_key(
        self,
        partner_id: str,
        *,
        products: Sequence[Product] = (Product.BILL_COLLECTION,),
        scopes: Iterable[Scope] = tuple(Scope),
    ) -> ApiKey:
        secret, name = f"qs_{secrets.token_hex(32)}", f"qk_{secrets.token_hex(12)}"
        key = ApiKey(name, secret, tuple(products), frozenset(scopes), Standing.ACTIVE, None)
        self._change(partner_id, keys=(*self.partners[partner_id].keys, key))
        return key

    async def rotate_key(self, key_id: str, *, overlap: timedelta) -> ApiKey:
        partner, old = self._known(key_id)
        now = datetime.now(UTC)
        if old.standing is not Standing.ACTIVE or old.is_over(now):
            raise LookupError(key_id)
        end = min(old.expires_at or now + overlap, now + overlap)
        self._change_key(key_id, lambda key: replace(key, expires_at=end))
        return await self.add_key(partner.id, products=old.products, scopes=old.scopes)

    async def suspend_key(self, key_id: str) -> None:
        self._change_key(key_id, lambda key: replace(key, standing=Standing.SUSPENDED))

    async def resume_key(self, key_id: str) -> None:
        self._change_key(key_id, lambda key: replace(key, standing=Standing.ACTIVE))

    async def revoke_key(self, key_id: str) -> None:
        """For ever: a revoked key is not even read any more."""
        partner, revoked = self._known(key_id)
        self._change(partner.id, keys=tuple(key for key in partner.keys if key is not revoked))

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        self.revoked[token_id] = max(expires_at, self.revoked.get(token_id, expires_at))

    async def set_agreement(self, partner_id: str, biller_id: str, agreement: Agreement) -> None:
        self.agreements[self.partners[partner_id].id, biller_id] = agreement

    async def set_card_terms(self, partner_id: str, terms: CardTerms) -> None:
        self.terms[self.partners[partner_id].id] = terms

    def _known(self, key_id: str) -> tuple[Partner, ApiKey]:
        partner = self.by_key(key_id)
        key = partner.key(key_id) if partner else None
        if partner is None or key is None:
            raise LookupError(key_id)
        return partner, key

    def _change(self, partner_id: str, **changes: object) -> None:
        self.partners[partner_id] = replace(self.partners[partner_id], **changes)  # type: ignore[arg-type]  # named above

    def _change_key(self, key_id: str, change: Callable[[ApiKey], ApiKey]) -> None:
        partner, known = self._known(key_id)
        keys = tuple(change(key) if key is known else key for key in partner.keys)
        self._change(partner.id, keys=keys)
