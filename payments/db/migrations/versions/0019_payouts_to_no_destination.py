"""A payout that goes back by refunds alone needs no destination, no rail and no arrival there."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE payout
            ALTER COLUMN destination_id DROP NOT NULL,
            ALTER COLUMN rail DROP NOT NULL,
            ALTER COLUMN arrives_at DROP NOT NULL,
            ADD CONSTRAINT payout_transfer_goes_somewhere CHECK (
                transfer_minor = 0 AND num_nulls(destination_id, rail, arrives_at) = 3
                OR num_nulls(destination_id, rail, arrives_at) = 0)""")


def downgrade() -> None:
    op.execute("""
        ALTER TABLE payout
            DROP CONSTRAINT payout_transfer_goes_somewhere,
            ALTER COLUMN destination_id SET NOT NULL,
            ALTER COLUMN rail SET NOT NULL,
            ALTER COLUMN arrives_at SET NOT NULL""")
