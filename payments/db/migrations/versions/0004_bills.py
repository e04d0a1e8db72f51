"""Bill payments as partners are told of them, and the events that go out with them."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE transaction (
        id text PRIMARY KEY CHECK (id ~ '^TXN-'),
        partner_id text NOT NULL,
        partner_transaction_id text NOT NULL,
        lock_id text NOT NULL,
        biller_id text NOT NULL,
        bill_number text NOT NULL,
        billing_period text NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        fee_minor bigint NOT NULL CHECK (fee_minor >= 0),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        state text NOT NULL CHECK (state IN ('PROCESSING', 'PAID', 'DECLINED')),
        code text,
        biller_reference text,
        locked_at timestamptz NOT NULL,
        accepted_at timestamptz NOT NULL,
        suspended_at timestamptz,
        paid_at timestamptz,
        trace text NOT NULL,
        CONSTRAINT transaction_paid_has_a_time CHECK ((state = 'PAID') = (paid_at IS NOT NULL)),
        CONSTRAINT transaction_declined_has_a_code CHECK ((state = 'DECLINED') = (code IS NOT NULL))
    )""",
    # The partner's own id is unique for ever, whatever became of the payment.
    """
    CREATE UNIQUE INDEX transaction_partner_transaction
    ON transaction (partner_id, partner_transaction_id)""",
    # The last guards, whatever the engine says: one payment per bill and per lock.
    """
    CREATE UNIQUE INDEX transaction_one_per_bill
    ON transaction (biller_id, bill_number, billing_period)
    WHERE state IN ('PROCESSING', 'PAID')""",
    """
    CREATE UNIQUE INDEX transaction_one_per_lock ON transaction (lock_id)
    WHERE state IN ('PROCESSING', 'PAID')""",
    "CREATE INDEX transaction_lock ON transaction (lock_id)",
    """
    CREATE TABLE event (
        id uuid PRIMARY KEY DEFAULT new_id(),
        position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        partner_id text NOT NULL,
        object_type text NOT NULL,
        object_id text NOT NULL,
        sequence integer NOT NULL CHECK (sequence > 0),
        type text NOT NULL,
        previous_status text,
        data jsonb NOT NULL,
        occurred_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT event_sequence UNIQUE (object_id, sequence)
    )""",
)

# What was agreed on never changes, a final state is never left, and suspense is entered once.
# payments.domain.bill.TransactionState says the same; a test compares the two.
MOVES = """
    CREATE FUNCTION transaction_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'PROCESSING' OR NEW.suspended_at IS NOT NULL THEN
                RAISE EXCEPTION 'a transaction begins as PROCESSING, not %', NEW.state
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.state <> 'PROCESSING' THEN
            RAISE EXCEPTION 'transaction % is % for ever', OLD.id, OLD.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.suspended_at IS NOT NULL AND NEW.suspended_at IS DISTINCT FROM OLD.suspended_at
            OR (NEW.id, NEW.partner_id, NEW.partner_transaction_id, NEW.lock_id, NEW.biller_id,
                NEW.bill_number, NEW.billing_period, NEW.amount_minor, NEW.fee_minor, NEW.currency,
                NEW.locked_at, NEW.accepted_at, NEW.trace)
            IS DISTINCT FROM
               (OLD.id, OLD.partner_id, OLD.partner_transaction_id, OLD.lock_id, OLD.biller_id,
                OLD.bill_number, OLD.billing_period, OLD.amount_minor, OLD.fee_minor, OLD.currency,
                OLD.locked_at, OLD.accepted_at, OLD.trace)
        THEN
            RAISE EXCEPTION 'what transaction % agreed on never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$"""

TRIGGERS = (
    """
    CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON transaction
    FOR EACH ROW EXECUTE FUNCTION transaction_moves()""",
    """
    CREATE TRIGGER permanent BEFORE DELETE OR TRUNCATE ON transaction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """
    CREATE TRIGGER announce AFTER INSERT ON event
    FOR EACH STATEMENT EXECUTE FUNCTION announce('event')""",
    # ALWAYS: also for a session that calls itself a replica.
    "ALTER TABLE transaction ENABLE ALWAYS TRIGGER moves",
    "ALTER TABLE transaction ENABLE ALWAYS TRIGGER permanent",
    "ALTER TABLE event ENABLE ALWAYS TRIGGER append_only",
)


def upgrade() -> None:
    for statement in (*TABLES, MOVES, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE event, transaction")
    op.execute("DROP FUNCTION transaction_moves")
