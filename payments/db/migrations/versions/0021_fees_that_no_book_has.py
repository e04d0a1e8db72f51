"""A provider's fee in another currency than the payment's is in no book of ours: an incident."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KINDS = """
    ALTER TABLE incident
        DROP CONSTRAINT incident_kind_check,
        ADD CONSTRAINT incident_kind_check CHECK (kind IN ({}))"""


def upgrade() -> None:
    op.execute(KINDS.format("'card_number', 'fee_unbooked'"))


def downgrade() -> None:
    op.execute(KINDS.format("'card_number'"))
