"""The tables of disputes: payments.db.tables for the rest."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from payments.db.columns import METADATA, MOMENT, NOW, Always, Maybe

_ZERO: Final = text("0")

dispute: Final = Table(
    "dispute",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("payment_id", Text, ForeignKey("payment.id")),
    Always("partner_id", Text),
    Always("provider", Text),
    Always("provider_reference", Text),
    Always("amount_minor", BigInteger),
    Always("currency", Text),
    Always("reason", Text),
    Always("raw_reason", Text),
    Always("status", Text),
    Maybe("previous_status", Text),
    Always("fee_minor", BigInteger, server_default=_ZERO),
    Always("taken_minor", BigInteger, server_default=_ZERO),
    Always("returned_minor", BigInteger, server_default=_ZERO),
    Maybe("due_at", MOMENT),
    Always("reminded", Integer, server_default=_ZERO),
    Maybe("response", Text),
    Maybe("response_version", Integer),
    Maybe("response_state", Text),
    Always("files", Integer, server_default=_ZERO),
    Always("evidence", Integer, server_default=_ZERO),
    Always("told", Integer, server_default=text("1")),
    Always("opened_at", MOMENT),
    Always("created_at", MOMENT, server_default=NOW),
    Always("updated_at", MOMENT),
    Maybe("closed_at", MOMENT),
    UniqueConstraint("provider", "provider_reference", name="dispute_at_provider"),
    Index("dispute_payment", "payment_id"),
    Index("dispute_page", "partner_id", "created_at", "id"),
    Index("dispute_open", "due_at", postgresql_where=text("closed_at IS NULL")),
)

dispute_file: Final = Table(
    "dispute_file",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("dispute_id", Text, ForeignKey("dispute.id")),
    Always("media_type", Text),
    Always("size_bytes", Integer),
    Always("digest", LargeBinary),
    Always("content", LargeBinary),
    Always("created_at", MOMENT, server_default=NOW),
    Index("dispute_file_dispute", "dispute_id"),
)

dispute_evidence: Final = Table(
    "dispute_evidence",
    METADATA,
    Always("dispute_id", Text, ForeignKey("dispute.id"), primary_key=True),
    Always("version", Integer, primary_key=True, autoincrement=False),
    Always("texts", JSONB),
    Always("files", JSONB),
    Always("trace", Text),
    Always("created_at", MOMENT, server_default=NOW),
)
