"""What was asked of us, what we asked of others, and the first answers."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE request_log (
        trace text PRIMARY KEY,
        partner_id text,
        endpoint text NOT NULL,
        request_hash text NOT NULL,
        http_status integer NOT NULL,
        code text NOT NULL,
        latency_us bigint NOT NULL CHECK (latency_us >= 0),
        received_at timestamptz NOT NULL,
        downstream jsonb NOT NULL,
        replay_of text
    )""",
    """
    CREATE TABLE provider_call (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        provider text NOT NULL,
        operation text NOT NULL,
        reference text NOT NULL,
        phase text NOT NULL CHECK (phase IN ('not_sent', 'sent_unknown', 'answered')),
        outcome text NOT NULL,
        latency_us bigint NOT NULL CHECK (latency_us >= 0),
        started_at timestamptz NOT NULL,
        raw jsonb NOT NULL
    )""",
    "CREATE INDEX provider_call_reference ON provider_call (reference)",
    # Half of each page stays free, so that the answer is written beside its claim and touches no
    # index.
    """
    CREATE TABLE idempotency (
        partner_id text NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        claimed_at timestamptz NOT NULL,
        answered_at timestamptz,
        http_status integer,
        headers jsonb,
        body bytea,
        trace text,
        code text,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (partner_id, route, key),
        CONSTRAINT idempotency_answer_is_whole CHECK (
            num_nulls(answered_at, http_status, headers, body, trace, code) IN (0, 6)
        )
    ) WITH (fillfactor = 50)""",
    "CREATE INDEX idempotency_expiry ON idempotency (expires_at)",
)

# For a statement, not a row: even a DELETE that would find nothing is refused.
REFUSE_CHANGE = """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation';
    END $$"""
APPEND_ONLY = ("request_log", "provider_call")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    op.execute(REFUSE_CHANGE)
    for table in APPEND_ONLY:
        op.execute(f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""")
        # ALWAYS: also for a session that calls itself a replica.
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def downgrade() -> None:
    op.execute("DROP TABLE idempotency, provider_call, request_log")
    op.execute("DROP FUNCTION refuse_change")
