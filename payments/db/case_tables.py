"""The table of cases: payments.db.tables for the rest."""

from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from payments.db.columns import METADATA, MOMENT, Always, Maybe

payment_case: Final = Table(
    "payment_case",
    METADATA,
    Always("id", Text, primary_key=True),
    Always("payment_id", Text, ForeignKey("payment.id")),
    Always("partner_id", Text),
    Always("reference", Text),
    Always("attempt", Text),
    Always("provider", Text),
    Always("receipt", Text),
    Always("reason", Text),
    Always("amount_minor", BigInteger),
    Always("currency", Text),
    Always("policy", Text),
    Always("received_at", MOMENT),
    Always("opened_at", MOMENT),
    Always("status", Text, server_default="open"),
    Always("fee_minor", BigInteger, server_default=text("0")),
    Maybe("resolved_by", Text),
    Maybe("closed_at", MOMENT),
    Always("told", Integer, server_default=text("1")),
    UniqueConstraint("provider", "receipt", name="payment_case_receipt"),
    Index("payment_case_payment", "payment_id"),
    Index("payment_case_page", "partner_id", "opened_at", "id"),
    Index("payment_case_open", "opened_at", postgresql_where=text("status = 'open'")),
)
