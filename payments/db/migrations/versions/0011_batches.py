"""Batches and their rows. A row's end is never left, and what was asked for never changes."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE batch (
        id text PRIMARY KEY,
        partner_id text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('bill_payments')),
        reference text NOT NULL,
        digest bytea NOT NULL,
        currency text NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        rows integer NOT NULL CHECK (rows BETWEEN 1 AND 50000),
        status text NOT NULL CHECK (status IN (
            'running', 'paused', 'canceling', 'canceled', 'finished')),
        trace text NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        CHECK ((ended_at IS NOT NULL) = (status IN ('canceled', 'finished')))
    )""",
    "CREATE UNIQUE INDEX batch_reference ON batch (partner_id, reference)",
    "CREATE INDEX batch_page ON batch (created_at, id)",
    """
    CREATE INDEX batch_open ON batch (id)
    WHERE status IN ('running', 'paused', 'canceling')""",
    """
    CREATE TABLE batch_row (
        batch_id text NOT NULL REFERENCES batch (id),
        line integer NOT NULL CHECK (line > 0),
        object_id text NOT NULL,
        reference text NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        asked jsonb NOT NULL,
        state text NOT NULL CHECK (state IN (
            'waiting', 'dispatched', 'paid', 'declined', 'refused', 'canceled')),
        code text,
        dispatched_at timestamptz,
        ended_at timestamptz,
        PRIMARY KEY (batch_id, line),
        CHECK ((ended_at IS NULL) = (state IN ('waiting', 'dispatched'))),
        CHECK ((code IS NOT NULL) = (state IN ('declined', 'refused')))
    )""",
    "CREATE INDEX batch_row_waiting ON batch_row (batch_id, line) WHERE state = 'waiting'",
    "CREATE INDEX batch_row_dispatched ON batch_row (batch_id, line) WHERE state = 'dispatched'",
    """
    CREATE UNIQUE INDEX batch_row_one_at_a_time ON batch_row (object_id)
    WHERE state IN ('waiting', 'dispatched')""",
)

# BATCH_MOVES of payments.domain.batch is the same table; a test compares the two.
MOVES = (
    """
    CREATE FUNCTION batch_may_move(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
        SELECT after = ANY (CASE before
            WHEN 'running' THEN ARRAY['paused', 'canceling', 'finished']
            WHEN 'paused' THEN ARRAY['running', 'canceling']
            WHEN 'canceling' THEN ARRAY['canceled']
            ELSE ARRAY[]::text[]
        END)
    $$""",
    """
    CREATE FUNCTION batch_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT batch_may_move(OLD.status, NEW.status) THEN
            RAISE EXCEPTION 'batch % is %, not to become %', OLD.id, OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF (NEW.id, NEW.partner_id, NEW.kind, NEW.reference, NEW.digest, NEW.currency,
            NEW.amount_minor, NEW.rows, NEW.trace, NEW.created_at)
            IS DISTINCT FROM
           (OLD.id, OLD.partner_id, OLD.kind, OLD.reference, OLD.digest, OLD.currency,
            OLD.amount_minor, OLD.rows, OLD.trace, OLD.created_at)
        THEN
            RAISE EXCEPTION 'what batch % asked for never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
    """
    CREATE FUNCTION batch_row_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.ended_at IS NOT NULL OR NEW.state = 'waiting' THEN
            RAISE EXCEPTION 'row % of % is % for ever', OLD.line, OLD.batch_id, OLD.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF (NEW.batch_id, NEW.line, NEW.object_id, NEW.reference, NEW.amount_minor, NEW.asked)
            IS DISTINCT FROM
           (OLD.batch_id, OLD.line, OLD.object_id, OLD.reference, OLD.amount_minor, OLD.asked)
        THEN
            RAISE EXCEPTION 'what row % of % asked for never changes', OLD.line, OLD.batch_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
)

TRIGGERS = {
    "batch": {
        "moves": "BEFORE UPDATE {} FOR EACH ROW EXECUTE FUNCTION batch_moves()",
        "permanent": "BEFORE DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
    "batch_row": {
        "moves": "BEFORE UPDATE {} FOR EACH ROW EXECUTE FUNCTION batch_row_moves()",
        "permanent": "BEFORE DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
}


def upgrade() -> None:
    for statement in (*TABLES, *MOVES):
        op.execute(statement)
    for table, triggers in TRIGGERS.items():
        for name, rule in triggers.items():
            op.execute(f"CREATE TRIGGER {name} {rule.format(f'ON {table}')}")
            # ALWAYS: also for a session that calls itself a replica.
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    op.execute("DROP TABLE batch_row, batch")
    for function in ("batch_row_moves()", "batch_moves()", "batch_may_move(text, text)"):
        op.execute(f"DROP FUNCTION {function}")
