"""The tables of webhooks to partners: payments.db.tables for the rest."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from payments.db.columns import METADATA, MOMENT, NOW, Always, Maybe

_ZERO: Final = text("0")
_UNTRIED: Final = "state = 'pending' AND tries = 0 AND round = 1"
_ORPHAN: Final = text("state = 'pending' AND handed_over_at IS NULL AND (tries > 0 OR round > 1)")

webhook_endpoint: Final = Table(
    "webhook_endpoint",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("partner_id", Text),
    Always("slot", Integer),
    Always("url", Text),
    Always("types", ARRAY(Text)),
    Always("version", Text),
    Always("payload", Text),
    Always("description", Text),
    Maybe("secrets_sealed", LargeBinary),
    Always("state", Text),
    Always("created_at", MOMENT),
    Maybe("disabled", Text),
    Maybe("disabled_at", MOMENT),
    Maybe("failing_since", MOMENT),
    Maybe("removed_at", MOMENT),
    Always("told", Integer, server_default=_ZERO),
    Always("is_ending", Boolean, server_default=text("false")),
    Index(
        "webhook_endpoint_slot",
        *("partner_id", "slot"),
        unique=True,
        postgresql_where=text("removed_at IS NULL"),
    ),
    Index(
        "webhook_endpoint_failing",
        "failing_since",
        postgresql_where=text("failing_since IS NOT NULL"),
    ),
    Index("webhook_endpoint_ending", "id", postgresql_where=text("is_ending")),
)

webhook_delivery: Final = Table(
    "webhook_delivery",
    METADATA,
    Always("event_id", Uuid, primary_key=True),
    Always("endpoint_id", Text, primary_key=True),
    Always("round", Integer, primary_key=True, autoincrement=False),
    Always("position", BigInteger, Identity(always=True)),
    Always("object_id", Text),
    Always("sequence", Integer),
    Always("state", Text, server_default="pending"),
    Always("tries", Integer, server_default=_ZERO),
    Maybe("first_tried_at", MOMENT),
    Maybe("handed_over_at", MOMENT),
    Maybe("next_try_at", MOMENT),
    Maybe("settled_at", MOMENT),
    Always("created_at", MOMENT, server_default=NOW),
    Index("webhook_delivery_page", "endpoint_id", "position"),
    Index(
        "webhook_delivery_pending",
        *("endpoint_id", "position"),
        postgresql_where=text("state = 'pending' AND position > 0"),
    ),
    Index(
        "webhook_delivery_untried",
        *("endpoint_id", "position"),
        postgresql_where=text(_UNTRIED),
    ),
    Index(
        "webhook_delivery_next",
        *("endpoint_id", "object_id", "sequence"),
        postgresql_where=text(f"{_UNTRIED} AND sequence > 0"),
    ),
    Index("webhook_delivery_orphan", "position", postgresql_where=_ORPHAN),
    Index(
        "webhook_delivery_missed",
        *("endpoint_id", "position"),
        postgresql_where=text("state IN ('failed', 'canceled')"),
    ),
    Index(
        "webhook_delivery_settled",
        "settled_at",
        postgresql_where=text("settled_at IS NOT NULL"),
    ),
)

webhook_try: Final = Table(
    "webhook_try",
    METADATA,
    Always("event_id", Uuid, primary_key=True),
    Always("endpoint_id", Text, primary_key=True),
    Always("round", Integer, primary_key=True, autoincrement=False),
    Always("number", Integer),
    Always("at", MOMENT, primary_key=True),
    Always("latency_ms", Integer),
    Always("ending", Text),
    Maybe("http_status", Integer),
    Always("answer", Text),
    Maybe("retry_after_s", Double),
)

event_unplanned: Final = Table(
    "event_unplanned",
    METADATA,
    Always("position", BigInteger, primary_key=True, autoincrement=False),
    Always("event_id", Uuid),
)
