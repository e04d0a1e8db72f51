"""Which calendar a rail keeps: on its holidays nothing goes and nothing arrives."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE rail ADD COLUMN calendar text")


def downgrade() -> None:
    op.execute("ALTER TABLE rail DROP COLUMN calendar")
