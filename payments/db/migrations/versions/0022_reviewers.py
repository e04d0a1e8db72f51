"""Who may say a word on payouts that wait for two people: each by a token of their own."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE reviewer (
            name text PRIMARY KEY CHECK (name ~ '^[!-~]{1,64}$' AND name = lower(name)),
            token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
            standing text NOT NULL DEFAULT 'active' CHECK (standing IN ('active', 'suspended')),
            token_made_at timestamptz NOT NULL DEFAULT now()
        )""")


def downgrade() -> None:
    op.execute("DROP TABLE reviewer")
