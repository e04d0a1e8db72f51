"""The tables of batches: payments.db.tables for the rest."""

from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from payments.db.columns import METADATA, MOMENT, Always, Maybe

_OPEN: Final = text("status IN ('running', 'paused', 'canceling')")
_WAITING: Final = text("state = 'waiting'")
_DISPATCHED: Final = text("state = 'dispatched'")
_AGAIN: Final = text("again_at IS NOT NULL AND state IN ('waiting', 'dispatched')")
_ELSEWHERE: Final = text("state IN ('held', 'sent')")
_LIVE: Final = text("state IN ('waiting', 'dispatched')")

batch: Final = Table(
    "batch",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("partner_id", Text),
    Always("kind", Text),
    Always("reference", Text),
    Always("digest", LargeBinary),
    Always("currency", Text),
    Always("amount_minor", BigInteger),
    Always("rows", Integer),
    Always("status", Text),
    Always("trace", Text),
    Always("created_at", MOMENT),
    Maybe("ended_at", MOMENT),
    Index("batch_reference", "partner_id", "reference", unique=True),
    Index("batch_page", "created_at", "id"),
    Index("batch_open", "id", postgresql_where=_OPEN),
)

batch_row: Final = Table(
    "batch_row",
    METADATA,
    Always("batch_id", Text, ForeignKey("batch.id"), primary_key=True),
    Always("line", Integer, primary_key=True),
    Always("object_id", Text),
    Always("reference", Text),
    Always("amount_minor", BigInteger),
    # What its kind alone knows, such as which bill.
    Always("asked", JSONB),
    Always("state", Text),
    Maybe("code", Text),
    Maybe("dispatched_at", MOMENT),
    # When it was not being done any more: it had ended, or waited elsewhere.
    Maybe("left_at", MOMENT),
    Maybe("ended_at", MOMENT),
    # How often it came to nothing, and when it is tried again.
    Always("tries", Integer, server_default=text("0")),
    Maybe("again_at", MOMENT),
    Index("batch_row_waiting", "batch_id", "line", postgresql_where=_WAITING),
    Index("batch_row_dispatched", "batch_id", "line", postgresql_where=_DISPATCHED),
    Index("batch_row_again", "batch_id", "again_at", postgresql_where=_AGAIN),
    Index("batch_row_elsewhere", "batch_id", "line", postgresql_where=_ELSEWHERE),
    Index("batch_row_one_at_a_time", "object_id", unique=True, postgresql_where=_LIVE),
)
