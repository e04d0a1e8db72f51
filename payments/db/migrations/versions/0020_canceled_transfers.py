"""A payout is paid in part also when nothing failed, and its partner took back the transfer."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

HAS_A_CODE = """
    ALTER TABLE payout
        DROP CONSTRAINT payout_failed_has_a_code,
        ADD CONSTRAINT payout_failed_has_a_code CHECK (
            status NOT IN ({}) OR code IS NOT NULL)"""


def upgrade() -> None:
    op.execute(HAS_A_CODE.format("'failed', 'returned'"))


def downgrade() -> None:
    op.execute(HAS_A_CODE.format("'partly_paid', 'failed', 'returned'"))
