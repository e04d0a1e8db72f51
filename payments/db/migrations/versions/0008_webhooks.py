"""Webhooks to partners: endpoints, deliveries, tries, and how far events are planned.

`event.xact` is the transaction that wrote an event. Positions are drawn before a commit, so that
one may commit behind a higher one; but no event can come any more of a transaction older than the
oldest that still runs. What is read in the order of (xact, position) up to there is complete.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

EVENTS = (
    # Nobody had an endpoint when these were written: they lie before the first cursor.
    "ALTER TABLE event ADD COLUMN xact xid8 NOT NULL DEFAULT '0'",
    "ALTER TABLE event ALTER COLUMN xact SET DEFAULT pg_current_xact_id()",
    "CREATE INDEX event_order ON event (xact, position)",
    "ALTER TABLE event DROP CONSTRAINT event_position_key",
    "CREATE INDEX event_page ON event (partner_id, occurred_at, position)",
    # Nobody listened, and a notification makes the commits that bear one wait for each other.
    "DROP TRIGGER announce ON event",
)
EVENTS_BEFORE = (
    """
    CREATE TRIGGER announce AFTER INSERT ON event
    FOR EACH STATEMENT EXECUTE FUNCTION announce('event')""",
    "DROP INDEX event_page, event_order",
    "ALTER TABLE event DROP COLUMN xact",
    "ALTER TABLE event ADD CONSTRAINT event_position_key UNIQUE (position)",
)

UNTRIED = "state = 'pending' AND tries = 0 AND round = 1"
TABLES = (
    # A removed endpoint keeps its name for its log, and no secrets. `slot` bounds how many a
    # partner has, whoever adds at once. `told` counts the endpoint's own events. While `is_ending`
    # some of its deliveries may be pending that are to be canceled.
    """
    CREATE TABLE webhook_endpoint (
        id text PRIMARY KEY CHECK (id ~ '^whe_'),
        partner_id text NOT NULL,
        slot integer NOT NULL CHECK (slot > 0),
        url text NOT NULL,
        types text[] NOT NULL,
        version text NOT NULL,
        payload text NOT NULL CHECK (payload IN ('full', 'thin')),
        description text NOT NULL,
        secrets_sealed bytea,
        state text NOT NULL CHECK (state IN ('enabled', 'disabled')),
        created_at timestamptz NOT NULL,
        disabled text CHECK (disabled IN ('by_partner', 'by_operator', 'gone', 'failing')),
        disabled_at timestamptz,
        failing_since timestamptz,
        removed_at timestamptz,
        told integer NOT NULL DEFAULT 0,
        is_ending boolean NOT NULL DEFAULT false,
        CONSTRAINT webhook_endpoint_disabled_says_why CHECK (
            num_nulls(disabled, disabled_at) = CASE state WHEN 'disabled' THEN 0 ELSE 2 END),
        CONSTRAINT webhook_endpoint_removed_has_no_secrets
            CHECK ((removed_at IS NULL) = (secrets_sealed IS NOT NULL))
    )""",
    """
    CREATE UNIQUE INDEX webhook_endpoint_slot ON webhook_endpoint (partner_id, slot)
    WHERE removed_at IS NULL""",
    """
    CREATE INDEX webhook_endpoint_failing ON webhook_endpoint (failing_since)
    WHERE failing_since IS NOT NULL""",
    "CREATE INDEX webhook_endpoint_ending ON webhook_endpoint (id) WHERE is_ending",
    # `object_id` and `sequence` are the event's: what is due next is found without it. Most rows
    # leave the small indexes soon; the vacuum keeps up with that, however large the table.
    """
    CREATE TABLE webhook_delivery (
        event_id uuid NOT NULL,
        endpoint_id text NOT NULL,
        round integer NOT NULL CHECK (round > 0),
        position bigint GENERATED ALWAYS AS IDENTITY,
        object_id text NOT NULL,
        sequence integer NOT NULL,
        state text NOT NULL DEFAULT 'pending'
            CHECK (state IN ('pending', 'delivered', 'failed', 'canceled')),
        tries integer NOT NULL DEFAULT 0,
        first_tried_at timestamptz,
        handed_over_at timestamptz,
        next_try_at timestamptz,
        settled_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (event_id, endpoint_id, round),
        CONSTRAINT webhook_delivery_settled_has_a_time
            CHECK ((state = 'pending') = (settled_at IS NULL)),
        CONSTRAINT webhook_delivery_settled_is_not_tried_again
            CHECK (state = 'pending' OR next_try_at IS NULL)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000)""",
    # An index is for those queries alone that repeat its condition: `position > 0` and
    # `sequence > 0`, which are always true, keep the planner from one that only looks as good.
    "CREATE INDEX webhook_delivery_page ON webhook_delivery (endpoint_id, position)",
    """
    CREATE INDEX webhook_delivery_pending ON webhook_delivery (endpoint_id, position)
    WHERE state = 'pending' AND position > 0""",
    f"""
    CREATE INDEX webhook_delivery_untried ON webhook_delivery (endpoint_id, position)
    WHERE {UNTRIED}""",
    f"""
    CREATE INDEX webhook_delivery_next ON webhook_delivery (endpoint_id, object_id, sequence)
    WHERE {UNTRIED} AND sequence > 0""",
    """
    CREATE INDEX webhook_delivery_orphan ON webhook_delivery (position)
    WHERE state = 'pending' AND handed_over_at IS NULL AND (tries > 0 OR round > 1)""",
    """
    CREATE INDEX webhook_delivery_missed ON webhook_delivery (endpoint_id, position)
    WHERE state IN ('failed', 'canceled')""",
    # These go together: guessed one by one, what is untried looks like next to nothing.
    """
    CREATE STATISTICS webhook_delivery_states (mcv)
    ON endpoint_id, state, tries, round FROM webhook_delivery""",
    """
    CREATE TABLE webhook_try (
        event_id uuid NOT NULL,
        endpoint_id text NOT NULL,
        round integer NOT NULL,
        number integer NOT NULL CHECK (number > 0),
        at timestamptz NOT NULL,
        latency_ms integer NOT NULL CHECK (latency_ms >= 0),
        ending text NOT NULL CHECK (ending IN (
            'delivered', 'answered', 'timed_out', 'unreachable', 'tls_failed', 'blocked')),
        http_status integer,
        answer text NOT NULL,
        retry_after_s double precision,
        PRIMARY KEY (event_id, endpoint_id, round, at)
    )""",
    # One row: the last event that is planned. Events from before this migration have xact 0.
    """
    CREATE TABLE webhook_cursor (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        xact xid8 NOT NULL,
        position bigint NOT NULL
    )""",
    "INSERT INTO webhook_cursor (xact, position) VALUES ('1', 0)",
)

# What is settled stays so; a try that was on its way then is counted all the same.
MOVES = """
    CREATE FUNCTION webhook_delivery_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.state <> 'pending'
            AND (NEW.state, NEW.settled_at) IS DISTINCT FROM (OLD.state, OLD.settled_at)
        THEN
            RAISE EXCEPTION 'the delivery of % to % is % for ever', OLD.event_id, OLD.endpoint_id,
                OLD.state USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.tries < OLD.tries
            OR (NEW.event_id, NEW.endpoint_id, NEW.round, NEW.position, NEW.object_id,
                NEW.sequence, NEW.created_at)
            IS DISTINCT FROM
               (OLD.event_id, OLD.endpoint_id, OLD.round, OLD.position, OLD.object_id,
                OLD.sequence, OLD.created_at)
        THEN
            RAISE EXCEPTION 'what a delivery is never changes' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$"""

TRIGGERS = {
    "webhook_delivery": {
        "moves": "BEFORE UPDATE {} FOR EACH ROW EXECUTE FUNCTION webhook_delivery_moves()",
        "permanent": "BEFORE DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
    "webhook_endpoint": {
        "permanent": "BEFORE DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
    "webhook_try": {
        "append_only": "BEFORE UPDATE OR DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
    "webhook_cursor": {
        "permanent": "BEFORE DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
}


def upgrade() -> None:
    for statement in (*EVENTS, *TABLES, MOVES):
        op.execute(statement)
    for table, triggers in TRIGGERS.items():
        for name, rule in triggers.items():
            op.execute(f"CREATE TRIGGER {name} {rule.format(f'ON {table}')}")
            # ALWAYS: also for a session that calls itself a replica.
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    op.execute("DROP TABLE webhook_cursor, webhook_try, webhook_delivery, webhook_endpoint")
    op.execute("DROP FUNCTION webhook_delivery_moves")
    for statement in EVENTS_BEFORE:
        op.execute(statement)
