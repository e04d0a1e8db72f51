"""Payouts, where they go, who carries them, and what a partner may still pay out.

Whatever the code does: what payments.db.migrations.payout_guards says, and no more of a payment
goes back to its source, by refunds and payouts together, than was captured.
"""

from alembic import op

from payments.db.migrations.payout_guards import FUNCTIONS

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PARTIES = (
    """
    CREATE TABLE payout_terms (
        partner_id text PRIMARY KEY REFERENCES partner,
        currencies text[] NOT NULL,
        fee_flat_minor bigint NOT NULL CHECK (fee_flat_minor >= 0),
        fee_basis_points integer NOT NULL CHECK (fee_basis_points BETWEEN 0 AND 10000),
        hold_above jsonb NOT NULL,
        block_above jsonb NOT NULL,
        daily_count integer CHECK (daily_count > 0),
        daily_sum jsonb NOT NULL,
        destination_count integer CHECK (destination_count > 0),
        destination_sum jsonb NOT NULL
    )""",
    """
    CREATE TABLE rail (
        id text PRIMARY KEY CHECK (id ~ '^[A-Z][A-Z0-9_]{0,39}$'),
        kind text NOT NULL CHECK (kind IN ('sandbox')),
        base_url text NOT NULL,
        secret_sealed bytea NOT NULL,
        webhook_secrets_sealed bytea NOT NULL,
        settles_within_s integer NOT NULL CHECK (settles_within_s >= 0),
        pays text[] NOT NULL CHECK (pays <@ ARRAY['bank', 'card'] AND pays <> '{}'),
        currencies text[] NOT NULL,
        zone text NOT NULL,
        cut_off time NOT NULL,
        business_days integer NOT NULL CHECK (business_days BETWEEN 0 AND 30),
        takes_s integer NOT NULL CHECK (takes_s >= 0),
        honours_idempotency_keys boolean NOT NULL,
        standing text NOT NULL DEFAULT 'active' CHECK (standing IN ('active', 'suspended'))
    )""",
    # What an account really is stands in `account_sealed` alone. It goes with its customer.
    """
    CREATE TABLE destination (
        id text PRIMARY KEY CHECK (id ~ '^dst_'),
        partner_id text NOT NULL,
        reference text NOT NULL,
        customer_id text REFERENCES customer ON DELETE CASCADE,
        kind text NOT NULL CHECK (kind IN ('bank', 'card')),
        country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        shown text NOT NULL CHECK (length(shown) <= 4),
        bank text,
        fingerprint text NOT NULL,
        account_sealed bytea NOT NULL,
        rail text NOT NULL,
        content text NOT NULL,
        state text NOT NULL DEFAULT 'unverified'
            CHECK (state IN ('unverified', 'verified', 'refused')),
        reason text,
        created_at timestamptz NOT NULL,
        verified_at timestamptz,
        CONSTRAINT destination_reference UNIQUE (partner_id, reference),
        CONSTRAINT destination_word_has_a_time
            CHECK ((state = 'unverified') = (verified_at IS NULL))
    )""",
    "CREATE INDEX destination_page ON destination (partner_id, created_at, id)",
    "CREATE INDEX destination_customer ON destination (customer_id) WHERE customer_id IS NOT NULL",
)

PAYOUTS = (
    # `told` counts the events. `suspended_at`: nobody knew whether the rail had it.
    """
    CREATE TABLE payout (
        id text PRIMARY KEY CHECK (id ~ '^po_'),
        partner_id text NOT NULL,
        reference text NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        fee_minor bigint NOT NULL CHECK (fee_minor >= 0),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        destination_id text NOT NULL,
        rail text NOT NULL,
        ordered jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        status text NOT NULL DEFAULT 'queued' CHECK (status IN (
            'queued', 'on_hold', 'sent', 'paid', 'failed', 'returned', 'canceled')),
        held_for text CHECK (held_for IN ('amount', 'closed_loop')),
        code text CHECK (code ~ '^P[0-9]{4}$'),
        raw_code text,
        rail_reference text,
        arrives_at timestamptz NOT NULL,
        suspended_at timestamptz,
        updated_at timestamptz NOT NULL,
        told integer NOT NULL DEFAULT 0,
        CONSTRAINT payout_reference UNIQUE (partner_id, reference),
        CONSTRAINT payout_hold_has_a_reason CHECK (status <> 'on_hold' OR held_for IS NOT NULL),
        CONSTRAINT payout_failed_has_a_code
            CHECK (status NOT IN ('failed', 'returned') OR code IS NOT NULL),
        CONSTRAINT payout_known_waits_for_nothing CHECK (
            suspended_at IS NULL OR status <> 'on_hold')
    )""",
    "CREATE INDEX payout_page ON payout (partner_id, created_at, id)",
    # How much and how often in the last day, by partner and by destination.
    "CREATE INDEX payout_velocity ON payout (partner_id, currency, created_at)",
    "CREATE INDEX payout_destination ON payout (destination_id, created_at)",
    "CREATE INDEX payout_held ON payout (created_at) WHERE status = 'on_hold'",
    """
    CREATE INDEX payout_open ON payout (created_at)
    WHERE status IN ('queued', 'on_hold', 'sent')""",
    # What of a payout goes back to the card of which payment.
    """
    CREATE TABLE payout_source (
        payout_id text NOT NULL REFERENCES payout DEFERRABLE INITIALLY DEFERRED,
        payment_id text NOT NULL REFERENCES payment,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        given_back_at timestamptz,
        PRIMARY KEY (payout_id, payment_id)
    )""",
    "CREATE INDEX payout_source_payment ON payout_source (payment_id)",
    # Two different operators let a payout go; a no counts whatever was said before.
    """
    CREATE TABLE payout_review (
        payout_id text NOT NULL REFERENCES payout,
        operator text NOT NULL CHECK (operator ~ '^[!-~]{1,64}$'),
        approved boolean NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (payout_id, operator, approved)
    )""",
    "ALTER TABLE payment ADD COLUMN paid_out_minor bigint NOT NULL DEFAULT 0",
    "ALTER TABLE payment DROP CONSTRAINT payment_refunds_no_more_than_captured",
    """
    ALTER TABLE payment ADD CONSTRAINT payment_gives_back_no_more_than_captured
        CHECK (paid_out_minor >= 0
            AND refunded_minor + refund_reserved_minor + paid_out_minor <= captured_minor)""",
)

FUNDS = (
    # What a partner could pay out: `available_minor` and all that waits in the queue beside it. A
    # payment only adds to the queue, so that payments of one partner never wait for one row.
    """
    CREATE TABLE partner_funds (
        partner_id text NOT NULL,
        currency text NOT NULL,
        available_minor bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (partner_id, currency)
    )""",
    """
    CREATE TABLE partner_funds_delta (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        partner_id text NOT NULL,
        currency text NOT NULL,
        amount_minor bigint NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)""",
    """
    CREATE INDEX partner_funds_delta_of ON partner_funds_delta (partner_id, currency, position)""",
    # From here on no entry is written that is not in the queue.
    "LOCK TABLE ledger_entry IN SHARE ROW EXCLUSIVE MODE",
    """
    CREATE FUNCTION ledger_entry_moves_funds() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO partner_funds_delta (partner_id, currency, amount_minor)
        SELECT account.owner, account.currency, -entered.amount_minor
        FROM entered JOIN ledger_account AS account ON account.id = entered.account_id
        WHERE account.kind = 'partner_payable';
        RETURN NULL;
    END $$""",
    """
    CREATE TRIGGER moves_funds AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS entered
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_moves_funds()""",
    """
    INSERT INTO partner_funds (partner_id, currency, available_minor)
    SELECT account.owner, account.currency, -sum(entry.amount_minor)
    FROM ledger_entry AS entry JOIN ledger_account AS account ON account.id = entry.account_id
    WHERE account.kind = 'partner_payable'
    GROUP BY account.owner, account.currency""",
)

GUARDED = ("payout", "destination")
PERMANENT = ("payout", "payout_source", "payout_review", "partner_funds")
ANNOUNCED = ("payout_terms", "rail")


def upgrade() -> None:
    for statement in (*PARTIES, *PAYOUTS, *FUNDS, *FUNCTIONS):
        op.execute(statement)
    # ALWAYS: also for a session that calls itself a replica.
    for table in GUARDED:
        op.execute(f"""
            CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_moves()""")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER moves")
    for table in PERMANENT:
        op.execute(f"""
            CREATE TRIGGER permanent BEFORE DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER permanent")
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE ON payout_review
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""")
    op.execute("ALTER TABLE payout_review ENABLE ALWAYS TRIGGER append_only")
    for table in ANNOUNCED:
        op.execute(f"""
            CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION announce('partners')""")


def downgrade() -> None:
    op.execute("DROP TRIGGER moves_funds ON ledger_entry")
    op.execute("ALTER TABLE payment DROP CONSTRAINT payment_gives_back_no_more_than_captured")
    op.execute("ALTER TABLE payment DROP COLUMN paid_out_minor")
    op.execute("""
        ALTER TABLE payment ADD CONSTRAINT payment_refunds_no_more_than_captured
            CHECK (refunded_minor + refund_reserved_minor <= captured_minor)""")
    op.execute("""
        DROP TABLE partner_funds_delta, partner_funds, payout_review, payout_source, payout,
            destination, rail, payout_terms""")
    op.execute("""
        DROP FUNCTION ledger_entry_moves_funds, payout_moves, payout_may_move,
            destination_moves""")
