"""The tables of card payments: payments.db.tables for the rest."""

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
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from payments.db.columns import METADATA, MOMENT, NOW, Always, Maybe

_ZERO: Final = text("0")

card_terms: Final = Table(
    "card_terms",
    METADATA,
    Always("partner_id", Text, ForeignKey("partner.id"), primary_key=True),
    Always("currencies", ARRAY(Text)),
    Always("return_hosts", ARRAY(Text)),
    Always("fee_flat_minor", BigInteger),
    Always("fee_basis_points", Integer),
    Always("hold_above", JSONB),
    Always("block_above", JSONB),
    Always("case_policies", JSONB, server_default=text("'{}'")),
)

provider: Final = Table(
    "provider",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("kind", Text),
    Always("base_url", Text),
    Always("secret_sealed", LargeBinary),
    Always("webhook_secrets_sealed", LargeBinary),
    Always("settles_within_s", Integer),
    Always("authorization_lasts_s", Integer),
    Always("honours_idempotency_keys", Boolean),
    Always("standing", Text, server_default="active"),
)

customer: Final = Table(
    "customer",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("partner_id", Text),
    Always("reference", Text),
    Always("created_at", MOMENT),
    UniqueConstraint("partner_id", "reference", name="customer_reference"),
)

payment_method: Final = Table(
    "payment_method",
    METADATA,
    Always("partner_id", Text, primary_key=True),
    Always("token", Text, primary_key=True),
    Always("customer_id", Text, ForeignKey("customer.id", ondelete="CASCADE")),
    Always("card", JSONB),
    Always("created_at", MOMENT, server_default=NOW),
    Index("payment_method_customer", "customer_id"),
)

payment: Final = Table(
    "payment",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("partner_id", Text),
    Always("reference", Text),
    Always("amount_minor", BigInteger),
    Always("currency", Text),
    Maybe("customer_id", Text),
    Maybe("once_method", Text),
    Maybe("once_client_token", Text),
    Always("ordered", JSONB),
    Always("assessment", JSONB),
    Always("decision", JSONB),
    Always("created_at", MOMENT),
    Always("status", Text, server_default="processing"),
    Maybe("previous_status", Text),
    Always("captured_minor", BigInteger, server_default=_ZERO),
    Always("refunded_minor", BigInteger, server_default=_ZERO),
    Always("refund_reserved_minor", BigInteger, server_default=_ZERO),
    Always("paid_out_minor", BigInteger, server_default=_ZERO),
    Always("fee_minor", BigInteger, server_default=_ZERO),
    Always("held_minor", BigInteger, server_default=_ZERO),
    Maybe("suspended_attempt", Integer),
    Always("attempt", Integer, server_default=_ZERO),
    Maybe("provider", Text),
    Maybe("provider_reference", Text),
    Maybe("code", Text),
    Maybe("raw_code", Text),
    Maybe("next_action", JSONB),
    Always("updated_at", MOMENT),
    Maybe("expires_at", MOMENT),
    Always("told", Integer, server_default=_ZERO),
    Always("written", ARRAY(Text), server_default=text("'{}'")),
    Always("disputed_minor", BigInteger, server_default=_ZERO),
    Always("open_disputes", Integer, server_default=_ZERO),
    UniqueConstraint("partner_id", "reference", name="payment_reference"),
    UniqueConstraint("once_method", name="payment_once_method"),
    UniqueConstraint("once_client_token", name="payment_once_client_token"),
    Index("payment_page", "partner_id", "created_at", "id"),
    Index("payment_time", "created_at"),
    Index(
        "payment_customer",
        *("partner_id", "customer_id", "created_at"),
        postgresql_where=text("customer_id IS NOT NULL"),
    ),
    Index(
        "payment_open",
        "created_at",
        postgresql_where=text("status IN ('processing', 'review', 'requires_action')"),
    ),
)

payment_attempt: Final = Table(
    "payment_attempt",
    METADATA,
    Always("payment_id", Text, primary_key=True),
    Always("number", Integer, primary_key=True, autoincrement=False),
    Always("provider", Text),
    Always("challenge", Boolean),
    Always("fingerprint", Text),
    Maybe("outcome", Text),
    Maybe("decline_kind", Text),
    Maybe("code", Text),
    Maybe("network_code", Text),
    Maybe("advice", Text),
    Maybe("raw", Text),
    Maybe("provider_reference", Text),
    Always("started_at", MOMENT, server_default=NOW),
    Maybe("ended_at", MOMENT),
    Index("payment_attempt_end", "ended_at"),
    Index("payment_attempt_declined", "fingerprint", postgresql_where=text("outcome = 'declined'")),
)

refund: Final = Table(
    "refund",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("payment_id", Text, ForeignKey("payment.id")),
    Always("partner_id", Text),
    Always("reference", Text),
    Always("amount_minor", BigInteger),
    Always("currency", Text),
    Always("provider", Text),
    Maybe("reason", Text),
    Always("trace", Text),
    Always("created_at", MOMENT),
    Always("status", Text, server_default="pending"),
    Maybe("code", Text),
    Maybe("provider_reference", Text),
    Maybe("suspended_at", MOMENT),
    Maybe("settled_at", MOMENT),
    Maybe("payout_id", Text, ForeignKey("payout.id")),
    UniqueConstraint("partner_id", "reference", name="refund_reference"),
    Index("refund_payment", "payment_id"),
    Index(
        "refund_payout",
        *("payout_id", "payment_id"),
        unique=True,
        postgresql_where=text("payout_id IS NOT NULL"),
    ),
    Index("refund_pending", "created_at", postgresql_where=text("status = 'pending'")),
)

inbound_event: Final = Table(
    "inbound_event",
    METADATA,
    Always("provider", Text, primary_key=True),
    Always("event_id", Text, primary_key=True),
    Always("type", Text),
    Maybe("reference", Text),
    Maybe("operation", Text),
    Always("digest", LargeBinary),
    Always("body", Text),
    Always("received_at", MOMENT),
    Always("state", Text),
    Always("note", Text),
    Maybe("settled_at", MOMENT),
    Maybe("told", Text),
    Maybe("look_at", MOMENT),
    Index("inbound_event_open", "received_at", postgresql_where=text("state <> 'applied'")),
    Index("inbound_event_due", "look_at", postgresql_where=text("state = 'received'")),
)

routing_rules: Final = Table(
    "routing_rules",
    METADATA,
    Always("version", Integer, primary_key=True, autoincrement=False),
    Always("rules", JSONB),
    Always("fallback", JSONB),
    Always("author", Text),
    Always("created_at", MOMENT, server_default=NOW),
)

routing_activation: Final = Table(
    "routing_activation",
    METADATA,
    Always("id", BigInteger, Identity(always=True), primary_key=True),
    Always("version", Integer, ForeignKey("routing_rules.version")),
    Always("activated_by", Text),
    Always("activated_at", MOMENT, server_default=NOW),
)

switch_flip: Final = Table(
    "switch_flip",
    METADATA,
    Always("id", BigInteger, Identity(always=True), primary_key=True),
    Maybe("provider", Text),
    Maybe("method", Text),
    Maybe("country", Text),
    Always("is_on", Boolean),
    Always("flipped_by", Text),
    Always("why", Text),
    Always("flipped_at", MOMENT, server_default=NOW),
)
