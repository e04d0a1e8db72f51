"""Routing rules, which version is active, and the kill switches: all of it kept for ever."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE routing_rules (
        version integer PRIMARY KEY CHECK (version > 0),
        rules jsonb NOT NULL,
        fallback jsonb NOT NULL,
        author text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )""",
    # The newest row says which version is active; going back is one more row.
    """
    CREATE TABLE routing_activation (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        version integer NOT NULL REFERENCES routing_rules,
        activated_by text NOT NULL,
        activated_at timestamptz NOT NULL DEFAULT now()
    )""",
    # A switch is what it names; NULL names everything. Its newest row says whether it is on.
    """
    CREATE TABLE switch_flip (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        provider text,
        method text,
        country text CHECK (country ~ '^[A-Z]{2}$'),
        is_on boolean NOT NULL,
        flipped_by text NOT NULL,
        why text NOT NULL,
        flipped_at timestamptz NOT NULL DEFAULT now()
    )""",
)
APPEND_ONLY = ("routing_rules", "routing_activation", "switch_flip")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""")
        # ALWAYS: also for a session that calls itself a replica.
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")
        op.execute(f"""
            CREATE TRIGGER announce AFTER INSERT ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION announce('routing')""")


def downgrade() -> None:
    op.execute("DROP TABLE switch_flip, routing_activation, routing_rules")
