"""The tables of payouts: payments.db.tables for the rest."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from payments.db.columns import METADATA, MOMENT, NOW, Always, Maybe

_ZERO: Final = text("0")

payout_terms: Final = Table(
    "payout_terms",
    METADATA,
    Always("partner_id", Text, ForeignKey("partner.id"), primary_key=True),
    Always("currencies", ARRAY(Text)),
    Always("fee_flat_minor", BigInteger),
    Always("fee_basis_points", Integer),
    Always("hold_above", JSONB),
    Always("block_above", JSONB),
    Maybe("daily_count", Integer),
    Always("daily_sum", JSONB),
    Maybe("destination_count", Integer),
    Always("destination_sum", JSONB),
)

rail: Final = Table(
    "rail",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("kind", Text),
    Always("base_url", Text),
    Always("secret_sealed", LargeBinary),
    Always("webhook_secrets_sealed", LargeBinary),
    Always("settles_within_s", Integer),
    Always("pays", ARRAY(Text)),
    Always("currencies", ARRAY(Text)),
    Always("zone", Text),
    Always("cut_off", Time),
    Always("business_days", Integer),
    Always("takes_s", Integer),
    Maybe("calendar", Text),
    Always("honours_idempotency_keys", Boolean),
    Always("standing", Text, server_default="active"),
)

destination: Final = Table(
    "destination",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("partner_id", Text),
    Always("reference", Text),
    Maybe("customer_id", Text, ForeignKey("customer.id", ondelete="CASCADE")),
    Always("kind", Text),
    Always("country", Text),
    Always("currency", Text),
    Always("shown", Text),
    Maybe("bank", Text),
    Always("fingerprint", Text),
    Always("account_sealed", LargeBinary),
    Always("rail", Text),
    Always("content", Text),
    Always("state", Text, server_default="unverified"),
    Maybe("reason", Text),
    Always("created_at", MOMENT),
    Maybe("verified_at", MOMENT),
    UniqueConstraint("partner_id", "reference", name="destination_reference"),
    Index("destination_page", "partner_id", "created_at", "id"),
    Index(
        "destination_customer",
        "customer_id",
        postgresql_where=text("customer_id IS NOT NULL"),
    ),
)

payout: Final = Table(
    "payout",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("partner_id", Text),
    Always("reference", Text),
    Always("amount_minor", BigInteger),
    Always("fee_minor", BigInteger),
    Always("currency", Text),
    Maybe("destination_id", Text),
    Maybe("rail", Text),
    Always("ordered", JSONB),
    Always("created_at", MOMENT),
    Always("status", Text, server_default="queued"),
    Maybe("held_for", Text),
    Maybe("code", Text),
    Maybe("raw_code", Text),
    Maybe("rail_reference", Text),
    Maybe("arrives_at", MOMENT),
    Maybe("suspended_at", MOMENT),
    Always("updated_at", MOMENT),
    Always("told", Integer, server_default=_ZERO),
    Always("transfer_minor", BigInteger),
    Maybe("part_of", Text, ForeignKey("payout.id")),
    Maybe("paid_minor", BigInteger),
    UniqueConstraint("partner_id", "reference", name="payout_reference"),
    Index("payout_part", "part_of", unique=True, postgresql_where=text("part_of IS NOT NULL")),
    Index("payout_page", "partner_id", "created_at", "id"),
    Index("payout_velocity", "partner_id", "currency", "created_at"),
    Index("payout_destination", "destination_id", "created_at"),
    Index("payout_held", "created_at", postgresql_where=text("status = 'on_hold'")),
    Index(
        "payout_open",
        "created_at",
        postgresql_where=text("status IN ('queued', 'on_hold', 'sent')"),
    ),
)

payout_source: Final = Table(
    "payout_source",
    METADATA,
    Always(
        "payout_id",
        Text,
        ForeignKey("payout.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    Always("payment_id", Text, ForeignKey("payment.id"), primary_key=True),
    Always("amount_minor", BigInteger),
    Maybe("given_back_at", MOMENT),
    Always("way", Text, server_default="same_card"),
    Maybe("number", Integer),
    Maybe("code", Text),
    UniqueConstraint("payout_id", "number", name="payout_source_number"),
    Index("payout_source_payment", "payment_id"),
)

payout_review: Final = Table(
    "payout_review",
    METADATA,
    Always("payout_id", Text, ForeignKey("payout.id"), primary_key=True),
    Always("operator", Text, primary_key=True),
    Always("approved", Boolean, primary_key=True),
    Always("at", MOMENT, server_default=NOW),
)

reviewer: Final = Table(
    "reviewer",
    METADATA,
    Always("name", Text, primary_key=True),
    Always("token_digest", LargeBinary, unique=True),
    Always("standing", Text, server_default="active"),
    Always("token_made_at", MOMENT, server_default=NOW),
)

partner_funds: Final = Table(
    "partner_funds",
    METADATA,
    Always("partner_id", Text, primary_key=True),
    Always("currency", Text, primary_key=True),
    Always("available_minor", BigInteger, server_default=_ZERO),
)

partner_funds_delta: Final = Table(
    "partner_funds_delta",
    METADATA,
    Always("position", BigInteger, Identity(always=True), primary_key=True),
    Always("partner_id", Text),
    Always("currency", Text),
    Always("amount_minor", BigInteger),
    Index("partner_funds_delta_of", "partner_id", "currency", "position"),
)
