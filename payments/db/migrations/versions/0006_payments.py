"""Card payments, their attempts and refunds; customers and methods; providers and their webhooks.

Whatever the code does: no more is captured than agreed, no more refunded than captured, and what
payments.db.migrations.payment_guards says.
"""

from alembic import op

from payments.db.migrations.payment_guards import FUNCTIONS

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PARTIES = (
    # An older version beside this one writes `product` only; what reads takes one or the other.
    """
    ALTER TABLE api_key ADD COLUMN products text[],
        ADD CONSTRAINT api_key_first_product CHECK (products[1] = product)""",
    "UPDATE api_key SET products = ARRAY[product]",
    """
    CREATE TABLE card_terms (
        partner_id text PRIMARY KEY REFERENCES partner,
        currencies text[] NOT NULL,
        return_hosts text[] NOT NULL,
        fee_flat_minor bigint NOT NULL CHECK (fee_flat_minor >= 0),
        fee_basis_points integer NOT NULL CHECK (fee_basis_points BETWEEN 0 AND 10000),
        hold_above jsonb NOT NULL,
        block_above jsonb NOT NULL
    )""",
    # The webhook secrets are one sealed list: two of them while one is rotated.
    """
    CREATE TABLE provider (
        id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,40}$'),
        kind text NOT NULL CHECK (kind IN ('sandbox', 'stripe')),
        base_url text NOT NULL,
        secret_sealed bytea NOT NULL,
        webhook_secrets_sealed bytea NOT NULL,
        settles_within_s integer NOT NULL CHECK (settles_within_s >= 0),
        authorization_lasts_s integer NOT NULL CHECK (authorization_lasts_s > 0),
        honours_idempotency_keys boolean NOT NULL,
        standing text NOT NULL DEFAULT 'active' CHECK (standing IN ('active', 'suspended'))
    )""",
    """
    CREATE TABLE customer (
        id text PRIMARY KEY CHECK (id ~ '^cus_'),
        partner_id text NOT NULL,
        reference text NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT customer_reference UNIQUE (partner_id, reference)
    )""",
    """
    CREATE TABLE payment_method (
        partner_id text NOT NULL,
        token text NOT NULL,
        customer_id text NOT NULL REFERENCES customer ON DELETE CASCADE,
        card jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (partner_id, token)
    )""",
    "CREATE INDEX payment_method_customer ON payment_method (customer_id)",
)

PAYMENTS = (
    # `ordered`, `assessment` and `decision` are what was asked for, what risk said and the route.
    # `once_…` is a method token, and the client token it was made with, that pays this once only.
    # `written` are the keys of all writes: what comes again is known by its key. `told` counts the
    # events. `held_minor` and `suspended_attempt` are what of it waits in the ledger.
    """
    CREATE TABLE payment (
        id text PRIMARY KEY CHECK (id ~ '^pay_'),
        partner_id text NOT NULL,
        reference text NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        customer_id text,
        once_method text,
        once_client_token text,
        ordered jsonb NOT NULL,
        assessment jsonb NOT NULL,
        decision jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        status text NOT NULL DEFAULT 'processing' CHECK (status IN (
            'processing', 'review', 'requires_action', 'authorized', 'partially_captured',
            'captured', 'canceled', 'expired', 'failed')),
        previous_status text,
        captured_minor bigint NOT NULL DEFAULT 0,
        refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
        refund_reserved_minor bigint NOT NULL DEFAULT 0 CHECK (refund_reserved_minor >= 0),
        fee_minor bigint NOT NULL DEFAULT 0,
        held_minor bigint NOT NULL DEFAULT 0 CHECK (held_minor >= 0),
        suspended_attempt integer,
        attempt integer NOT NULL DEFAULT 0,
        provider text,
        provider_reference text,
        code text CHECK (code ~ '^P[0-9]{4}$'),
        raw_code text,
        next_action jsonb,
        updated_at timestamptz NOT NULL,
        expires_at timestamptz,
        told integer NOT NULL DEFAULT 0,
        written text[] NOT NULL DEFAULT '{}',
        CONSTRAINT payment_reference UNIQUE (partner_id, reference),
        CONSTRAINT payment_once_method UNIQUE (once_method),
        CONSTRAINT payment_once_client_token UNIQUE (once_client_token),
        CONSTRAINT payment_captures_no_more_than_agreed
            CHECK (captured_minor >= 0 AND captured_minor + held_minor <= amount_minor),
        CONSTRAINT payment_refunds_no_more_than_captured
            CHECK (refunded_minor + refund_reserved_minor <= captured_minor),
        CONSTRAINT payment_fee_is_of_what_was_captured
            CHECK (fee_minor BETWEEN 0 AND captured_minor),
        CONSTRAINT payment_captured_has_an_amount CHECK (
            (status IN ('partially_captured', 'captured')) = (captured_minor > 0)),
        CONSTRAINT payment_failed_has_a_code CHECK (status <> 'failed' OR code IS NOT NULL),
        CONSTRAINT payment_action_is_said
            CHECK (status <> 'requires_action' OR next_action IS NOT NULL),
        CONSTRAINT payment_ended_waits_for_nothing CHECK (
            status NOT IN ('captured', 'canceled', 'expired', 'failed')
            OR (held_minor = 0 AND suspended_attempt IS NULL))
    )""",
    "CREATE INDEX payment_page ON payment (partner_id, created_at, id)",
    "CREATE INDEX payment_time ON payment (created_at)",
    """
    CREATE INDEX payment_customer ON payment (partner_id, customer_id, created_at)
    WHERE customer_id IS NOT NULL""",
    """
    CREATE INDEX payment_open ON payment (created_at)
    WHERE status IN ('processing', 'review', 'requires_action')""",
    """
    CREATE TABLE payment_attempt (
        payment_id text NOT NULL,
        number integer NOT NULL CHECK (number > 0),
        provider text NOT NULL,
        challenge boolean NOT NULL,
        fingerprint text NOT NULL,
        outcome text
            CHECK (outcome IN ('accepted', 'declined', 'not_sent', 'unknown', 'pending')),
        decline_kind text CHECK (decline_kind IN ('soft', 'hard', 'authenticate', 'never')),
        code text CHECK (code ~ '^P[0-9]{4}$'),
        network_code text,
        advice text,
        raw text,
        provider_reference text,
        started_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        PRIMARY KEY (payment_id, number),
        CONSTRAINT payment_attempt_ended CHECK ((outcome IS NULL) = (ended_at IS NULL))
    )""",
    "CREATE INDEX payment_attempt_end ON payment_attempt (ended_at)",
    # The networks count declines of one card.
    """
    CREATE INDEX payment_attempt_declined ON payment_attempt (fingerprint)
    WHERE outcome = 'declined'""",
    """
    CREATE TABLE refund (
        id text PRIMARY KEY CHECK (id ~ '^re_'),
        payment_id text NOT NULL REFERENCES payment,
        partner_id text NOT NULL,
        reference text NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        currency text NOT NULL,
        provider text NOT NULL,
        reason text,
        trace text NOT NULL,
        created_at timestamptz NOT NULL,
        status text NOT NULL DEFAULT 'pending'
            CHECK (status IN ('pending', 'succeeded', 'failed')),
        code text CHECK (code ~ '^P[0-9]{4}$'),
        provider_reference text,
        suspended_at timestamptz,
        settled_at timestamptz,
        CONSTRAINT refund_reference UNIQUE (partner_id, reference),
        CONSTRAINT refund_failed_has_a_code CHECK ((status = 'failed') = (code IS NOT NULL)),
        CONSTRAINT refund_settled_has_a_time
            CHECK ((status = 'pending') = (settled_at IS NULL))
    )""",
    "CREATE INDEX refund_payment ON refund (payment_id)",
    "CREATE INDEX refund_pending ON refund (created_at) WHERE status = 'pending'",
    # The body is kept as it came, redacted: jsonb would refuse some of what others send.
    """
    CREATE TABLE inbound_event (
        provider text NOT NULL,
        event_id text NOT NULL,
        type text NOT NULL,
        reference text,
        operation text CHECK (operation IN ('authorize', 'capture', 'void', 'refund')),
        digest bytea NOT NULL,
        body text NOT NULL,
        received_at timestamptz NOT NULL,
        state text NOT NULL
            CHECK (state IN ('received', 'applied', 'parked', 'quarantined')),
        note text NOT NULL,
        settled_at timestamptz,
        PRIMARY KEY (provider, event_id)
    )""",
    "CREATE INDEX inbound_event_open ON inbound_event (received_at) WHERE state <> 'applied'",
)

GUARDED = {"payment": "INSERT OR UPDATE", "refund": "INSERT OR UPDATE", "inbound_event": "UPDATE"}
PERMANENT = ("payment", "payment_attempt", "refund", "inbound_event")
ANNOUNCED = ("card_terms", "provider")


def upgrade() -> None:
    for statement in (*PARTIES, *PAYMENTS, *FUNCTIONS):
        op.execute(statement)
    # ALWAYS: also for a session that calls itself a replica.
    for table, events in GUARDED.items():
        op.execute(f"""
            CREATE TRIGGER moves BEFORE {events} ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_moves()""")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER moves")
    for table in PERMANENT:
        op.execute(f"""
            CREATE TRIGGER permanent BEFORE DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER permanent")
    for table in ANNOUNCED:
        op.execute(f"""
            CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION announce('partners')""")


def downgrade() -> None:
    op.execute("""
        DROP TABLE inbound_event, refund, payment_attempt, payment, payment_method, customer,
            provider, card_terms""")
    op.execute("DROP FUNCTION payment_moves, payment_may_move, refund_moves, inbound_event_moves")
    op.execute("ALTER TABLE api_key DROP COLUMN products")
