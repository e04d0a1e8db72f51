"""The tables of the record, to read and to compare: the migrations make them, a test holds both
against each other. Guards (triggers, grants) stand in the migrations and in payments.db.grants.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, JSONB

from payments.db import (  # noqa: F401  # Of METADATA too.
    batch_tables,
    card_tables,
    case_tables,
    dispute_tables,
    payout_tables,
    webhook_tables,
)
from payments.db.columns import METADATA, MOMENT, NEW_ID, NOW, Always, Maybe

__all__ = ["METADATA"]

_LIVE: Final = text("state IN ('PROCESSING', 'PAID')")

partner: Final = Table(
    "partner",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("name", Text),
    Always("standing", Text, server_default="active"),
    Always("joined_on", Date, server_default=text("CURRENT_DATE")),
    Always("requests_per_minute", Integer),
    Always("created_at", MOMENT, server_default=NOW),
)

api_key: Final = Table(
    "api_key",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("partner_id", Text, ForeignKey("partner.id")),
    Always("secret_sealed", LargeBinary),
    Always("product", Text),
    Always("scopes", ARRAY(Text)),
    Always("standing", Text, server_default="active"),
    Always("created_at", MOMENT, server_default=NOW),
    Maybe("expires_at", MOMENT),
    # None only where an older version of us wrote `product` alone.
    Maybe("products", ARRAY(Text)),
    Index("api_key_partner", "partner_id"),
)

ip_range: Final = Table(
    "ip_range",
    METADATA,
    Always("partner_id", Text, ForeignKey("partner.id"), primary_key=True),
    Always("range", CIDR, primary_key=True),
)

revoked_token: Final = Table(
    "revoked_token",
    METADATA,
    Always("jti", Text, primary_key=True),
    Always("expires_at", MOMENT),
    Index("revoked_token_expiry", "expires_at"),
)

token_request: Final = Table(
    "token_request",
    METADATA,
    Always("api_key_id", Text, primary_key=True),
    Always("nonce", Text, primary_key=True),
    Always("requested_at", MOMENT),
    Index("token_request_age", "requested_at"),
)

biller: Final = Table(
    "biller",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("name", Text),
    Always("base_url", Text),
    Always("currency", Text),
    Always("standing", Text, server_default="active"),
    Always("honours_idempotency_keys", Boolean),
    Always("settles_within_s", Integer),
)

agreement: Final = Table(
    "agreement",
    METADATA,
    Always("partner_id", Text, ForeignKey("partner.id"), primary_key=True),
    Always("biller_id", Text, ForeignKey("biller.id"), primary_key=True),
    Always("fee_flat_minor", BigInteger),
    Always("fee_basis_points", Integer),
)

request_log: Final = Table(
    "request_log",
    METADATA,
    Always("trace", Text, primary_key=True),
    Maybe("partner_id", Text),
    Always("endpoint", Text),
    Always("request_hash", Text),
    Always("http_status", Integer),
    Always("code", Text),
    Always("latency_us", BigInteger),
    Always("received_at", MOMENT),
    Always("downstream", JSONB),
    Maybe("replay_of", Text),
)

provider_call: Final = Table(
    "provider_call",
    METADATA,
    Always("id", BigInteger, Identity(always=True), primary_key=True),
    Always("provider", Text),
    Always("operation", Text),
    Always("reference", Text),
    Always("phase", Text),
    Always("outcome", Text),
    Always("latency_us", BigInteger),
    Always("started_at", MOMENT),
    Always("raw", JSONB),
    Index("provider_call_reference", "reference"),
)

incident: Final = Table(
    "incident",
    METADATA,
    Always("id", Uuid, primary_key=True, server_default=NEW_ID),
    Always("kind", Text),
    Maybe("partner_id", Text),
    Always("trace", Text),
    Always("place", Text),
    Always("occurred_at", MOMENT, server_default=NOW),
    UniqueConstraint("trace", "kind", "place", name="incident_once"),
    Index("incident_time", "occurred_at"),
)

idempotency: Final = Table(
    "idempotency",
    METADATA,
    Always("partner_id", Text, primary_key=True),
    Always("route", Text, primary_key=True),
    Always("key", Text, primary_key=True),
    Always("fingerprint", LargeBinary),
    Always("claimed_at", MOMENT),
    Maybe("answered_at", MOMENT),
    Maybe("http_status", Integer),
    Maybe("headers", JSONB),
    Maybe("body", LargeBinary),
    Maybe("trace", Text),
    Maybe("code", Text),
    Always("expires_at", MOMENT),
    Index("idempotency_expiry", "expires_at"),
)

ledger_account: Final = Table(
    "ledger_account",
    METADATA,
    Always("id", BigInteger, Identity(always=True), primary_key=True),
    Always("code", Text, unique=True),
    Always("kind", Text),
    Always("owner", Text),
    Always("currency", Text),
)

ledger_transaction: Final = Table(
    "ledger_transaction",
    METADATA,
    Always("id", Uuid, primary_key=True, server_default=NEW_ID),
    Always("key", Text, unique=True),
    Always("subject", Text),
    Always("description", Text),
    Always("posted_at", MOMENT, server_default=NOW),
    Index("ledger_transaction_subject", "subject"),
)

ledger_entry: Final = Table(
    "ledger_entry",
    METADATA,
    Always("id", BigInteger, Identity(always=True), primary_key=True),
    Always("transaction_id", Uuid),
    Always("account_id", BigInteger),
    Always("amount_minor", BigInteger),
    Always("currency", Text),
    Index("ledger_entry_transaction", "transaction_id"),
)

transaction: Final = Table(
    "transaction",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("partner_id", Text),
    Always("partner_transaction_id", Text),
    Always("lock_id", Text),
    Always("biller_id", Text),
    Always("bill_number", Text),
    Always("billing_period", Text),
    Always("amount_minor", BigInteger),
    Always("fee_minor", BigInteger),
    Always("currency", Text),
    Always("state", Text),
    Maybe("code", Text),
    Maybe("biller_reference", Text),
    Always("locked_at", MOMENT),
    Always("accepted_at", MOMENT),
    Maybe("suspended_at", MOMENT),
    Maybe("paid_at", MOMENT),
    Always("trace", Text),
    Index("transaction_partner_transaction", "partner_id", "partner_transaction_id", unique=True),
    Index(
        "transaction_one_per_bill",
        *("biller_id", "bill_number", "billing_period"),
        unique=True,
        postgresql_where=_LIVE,
    ),
    Index("transaction_one_per_lock", "lock_id", unique=True, postgresql_where=_LIVE),
    Index("transaction_lock", "lock_id"),
)

event: Final = Table(
    "event",
    METADATA,
    Always("id", Uuid, primary_key=True, server_default=NEW_ID),
    Always("position", BigInteger, Identity(always=True)),
    Always("partner_id", Text),
    Always("object_type", Text),
    Always("object_id", Text),
    Always("sequence", Integer),
    Always("type", Text),
    Maybe("previous_status", Text),
    Always("data", JSONB),
    Always("occurred_at", MOMENT, server_default=NOW),
    UniqueConstraint("object_id", "sequence", name="event_sequence"),
    Index("event_order", "position"),
    Index("event_page", "partner_id", "occurred_at", "position"),
)
