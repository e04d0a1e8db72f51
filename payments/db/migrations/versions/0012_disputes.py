"""Disputes, their evidence, and what of a payment they have taken.

Whatever the code does: a status moves as DISPUTE_MOVES of payments.domain.dispute says (a test
compares the two), what was agreed on never changes, a closed dispute stays closed, and evidence is
never rewritten.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# A lost dispute keeps what it took; refunds and disputes may together exceed what was captured,
# because providers do that to us: then the dispute says so.
TABLES = (
    """
    ALTER TABLE payment
        ADD COLUMN disputed_minor bigint NOT NULL DEFAULT 0 CHECK (disputed_minor >= 0),
        ADD COLUMN open_disputes integer NOT NULL DEFAULT 0 CHECK (open_disputes >= 0)""",
    """
    CREATE TABLE dispute (
        id text PRIMARY KEY CHECK (id ~ '^dp_'),
        payment_id text NOT NULL REFERENCES payment,
        partner_id text NOT NULL,
        provider text NOT NULL,
        provider_reference text NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        reason text NOT NULL CHECK (reason IN (
            'fraudulent', 'duplicate', 'not_received', 'not_as_described', 'credit_not_processed',
            'subscription_canceled', 'unrecognized', 'general')),
        raw_reason text NOT NULL,
        status text NOT NULL CHECK (status IN (
            'warning_needs_response', 'warning_under_review', 'warning_closed', 'needs_response',
            'under_review', 'won', 'lost')),
        previous_status text,
        fee_minor bigint NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
        taken_minor bigint NOT NULL DEFAULT 0,
        returned_minor bigint NOT NULL DEFAULT 0
            CHECK (returned_minor BETWEEN 0 AND amount_minor),
        due_at timestamptz,
        reminded integer NOT NULL DEFAULT 0,
        response text CHECK (response IN ('evidence', 'acceptance')),
        response_version integer,
        response_state text CHECK (response_state IN ('sending', 'taken', 'refused')),
        files integer NOT NULL DEFAULT 0 CHECK (files >= 0),
        evidence integer NOT NULL DEFAULT 0 CHECK (evidence >= 0),
        told integer NOT NULL DEFAULT 1,
        opened_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL,
        closed_at timestamptz,
        CONSTRAINT dispute_at_provider UNIQUE (provider, provider_reference),
        CONSTRAINT dispute_takes_what_its_status_says CHECK (taken_minor = fee_minor
            + CASE WHEN status IN ('needs_response', 'under_review', 'lost') THEN amount_minor
                ELSE 0 END),
        CONSTRAINT dispute_closed_has_a_time CHECK (
            (status IN ('warning_closed', 'won', 'lost')) = (closed_at IS NOT NULL)),
        CONSTRAINT dispute_response_is_whole CHECK (
            num_nulls(response, response_state) IN (0, 2)
            AND (response_version IS NOT NULL) = (response IS NOT DISTINCT FROM 'evidence'))
    )""",
    "CREATE INDEX dispute_payment ON dispute (payment_id)",
    "CREATE INDEX dispute_page ON dispute (partner_id, created_at, id)",
    "CREATE INDEX dispute_open ON dispute (due_at) WHERE closed_at IS NULL",
    """
    CREATE TABLE dispute_file (
        id text PRIMARY KEY CHECK (id ~ '^file_'),
        dispute_id text NOT NULL REFERENCES dispute,
        media_type text NOT NULL
            CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg')),
        size_bytes integer NOT NULL,
        digest bytea NOT NULL,
        content bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT dispute_file_is_what_it_says
            CHECK (size_bytes = octet_length(content) AND digest = sha256(content))
    )""",
    "CREATE INDEX dispute_file_dispute ON dispute_file (dispute_id)",
    """
    CREATE TABLE dispute_evidence (
        dispute_id text NOT NULL REFERENCES dispute,
        version integer NOT NULL CHECK (version > 0),
        texts jsonb NOT NULL,
        files jsonb NOT NULL,
        trace text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (dispute_id, version)
    )""",
)

FUNCTIONS = (
    """
    CREATE FUNCTION dispute_may_move(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
        SELECT after = ANY (CASE before
            WHEN 'warning_needs_response' THEN
                ARRAY['warning_under_review', 'warning_closed', 'needs_response']
            WHEN 'warning_under_review' THEN ARRAY['warning_closed', 'needs_response']
            WHEN 'needs_response' THEN ARRAY['under_review', 'won', 'lost']
            WHEN 'under_review' THEN ARRAY['won', 'lost']
            ELSE ARRAY[]::text[]
        END)
    $$""",
    # A provider may still change its fee when the dispute is closed.
    """
    CREATE FUNCTION dispute_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.status NOT IN ('warning_needs_response', 'needs_response')
                OR NEW.response IS NOT NULL
            THEN
                RAISE EXCEPTION 'a dispute begins unanswered, not %', NEW.status
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF (NEW.id, NEW.payment_id, NEW.partner_id, NEW.provider, NEW.provider_reference,
            NEW.amount_minor, NEW.currency, NEW.reason, NEW.raw_reason, NEW.opened_at,
            NEW.created_at)
            IS DISTINCT FROM
           (OLD.id, OLD.payment_id, OLD.partner_id, OLD.provider, OLD.provider_reference,
            OLD.amount_minor, OLD.currency, OLD.reason, OLD.raw_reason, OLD.opened_at,
            OLD.created_at)
            OR NEW.told < OLD.told OR NEW.files < OLD.files OR NEW.evidence < OLD.evidence
            OR OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at
        THEN
            RAISE EXCEPTION 'what dispute % is about never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.status <> OLD.status AND NOT dispute_may_move(OLD.status, NEW.status) THEN
            RAISE EXCEPTION 'dispute % is %, not to become %', OLD.id, OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.response_state = 'taken' AND NEW.status = OLD.status
            AND (NEW.response, NEW.response_version, NEW.response_state)
            IS DISTINCT FROM (OLD.response, OLD.response_version, OLD.response_state)
        THEN
            RAISE EXCEPTION 'dispute % was answered', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
)

TRIGGERS = {
    "dispute": {
        "moves": "BEFORE INSERT OR UPDATE {} FOR EACH ROW EXECUTE FUNCTION dispute_moves()",
        "permanent": "BEFORE DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
    "dispute_file": {
        "append_only": "BEFORE UPDATE OR DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
    "dispute_evidence": {
        "append_only": "BEFORE UPDATE OR DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
}


def upgrade() -> None:
    for statement in (*TABLES, *FUNCTIONS):
        op.execute(statement)
    for table, triggers in TRIGGERS.items():
        for name, rule in triggers.items():
            op.execute(f"CREATE TRIGGER {name} {rule.format(f'ON {table}')}")
            # ALWAYS: also for a session that calls itself a replica.
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    op.execute("DROP TABLE dispute_evidence, dispute_file, dispute")
    op.execute("DROP FUNCTION dispute_moves, dispute_may_move")
    op.execute("ALTER TABLE payment DROP COLUMN open_disputes, DROP COLUMN disputed_minor")
