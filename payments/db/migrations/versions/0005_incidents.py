"""What must not have happened: where and when, and never what it was."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE incident (
            id uuid PRIMARY KEY DEFAULT new_id(),
            kind text NOT NULL CHECK (kind IN ('card_number')),
            partner_id text,
            trace text NOT NULL,
            place text NOT NULL CHECK (length(place) BETWEEN 1 AND 300),
            occurred_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT incident_once UNIQUE (trace, kind, place)
        )""")
    op.execute("CREATE INDEX incident_time ON incident (occurred_at)")
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incident
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""")
    # ALWAYS: also for a session that calls itself a replica.
    op.execute("ALTER TABLE incident ENABLE ALWAYS TRIGGER append_only")


def downgrade() -> None:
    op.execute("DROP TABLE incident")
