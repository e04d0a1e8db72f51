"""Cases: money that came for a code and paid for nothing, and what partners want done with it.

Whatever the code does: a receipt is one case for ever, what came never changes, a closed case stays
closed, and no receipt is both a case and what captured its payment.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = (
    "ALTER TABLE card_terms ADD COLUMN case_policies jsonb NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE payment_case (
        id text PRIMARY KEY CHECK (id ~ '^case_'),
        payment_id text NOT NULL REFERENCES payment,
        partner_id text NOT NULL,
        reference text NOT NULL,
        attempt text NOT NULL,
        provider text NOT NULL,
        receipt text NOT NULL,
        reason text NOT NULL CHECK (reason IN ('late', 'double', 'amount')),
        amount_minor bigint NOT NULL CHECK (amount_minor > 0),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        policy text NOT NULL CHECK (policy IN ('refund', 'accept', 'operator')),
        received_at timestamptz NOT NULL,
        opened_at timestamptz NOT NULL,
        status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'refunded', 'accepted')),
        fee_minor bigint NOT NULL DEFAULT 0,
        resolved_by text,
        closed_at timestamptz,
        told integer NOT NULL DEFAULT 1,
        CONSTRAINT payment_case_receipt UNIQUE (provider, receipt),
        CONSTRAINT payment_case_fee_is_of_what_was_accepted CHECK (
            fee_minor BETWEEN 0 AND CASE status WHEN 'accepted' THEN amount_minor ELSE 0 END),
        CONSTRAINT payment_case_closed_says_by_whom_and_when CHECK (
            num_nulls(resolved_by, closed_at) = CASE status WHEN 'open' THEN 2 ELSE 0 END)
    )""",
    "CREATE INDEX payment_case_payment ON payment_case (payment_id)",
    "CREATE INDEX payment_case_page ON payment_case (partner_id, opened_at, id)",
    "CREATE INDEX payment_case_open ON payment_case (opened_at) WHERE status = 'open'",
)

FUNCTIONS = (
    """
    CREATE FUNCTION payment_case_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.status <> 'open' THEN
                RAISE EXCEPTION 'a case begins as open, not %', NEW.status
                    USING ERRCODE = 'check_violation';
            END IF;
            IF EXISTS (
                SELECT FROM payment WHERE id = NEW.payment_id AND status = 'captured'
                    AND provider = NEW.provider AND provider_reference = NEW.receipt
            ) THEN
                RAISE EXCEPTION 'receipt % is what paid %', NEW.receipt, NEW.payment_id
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.status <> 'open' THEN
            RAISE EXCEPTION 'case % is % for ever', OLD.id, OLD.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF (NEW.id, NEW.payment_id, NEW.partner_id, NEW.reference, NEW.attempt, NEW.provider,
            NEW.receipt, NEW.reason, NEW.amount_minor, NEW.currency, NEW.policy, NEW.received_at,
            NEW.opened_at)
            IS DISTINCT FROM
           (OLD.id, OLD.payment_id, OLD.partner_id, OLD.reference, OLD.attempt, OLD.provider,
            OLD.receipt, OLD.reason, OLD.amount_minor, OLD.currency, OLD.policy, OLD.received_at,
            OLD.opened_at)
        THEN
            RAISE EXCEPTION 'what came for case % never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
    # The other way round: what is a case never becomes what captured the payment.
    """
    CREATE FUNCTION payment_is_paid_by_no_case() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM payment_case
            WHERE provider = NEW.provider AND receipt = NEW.provider_reference
        ) THEN
            RAISE EXCEPTION 'receipt % of % is a case', NEW.provider_reference, NEW.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
)

TRIGGERS = {
    ("payment_case", "moves"): (
        "BEFORE INSERT OR UPDATE ON payment_case FOR EACH ROW EXECUTE FUNCTION payment_case_moves()"
    ),
    ("payment_case", "permanent"): (
        "BEFORE DELETE OR TRUNCATE ON payment_case EXECUTE FUNCTION refuse_change()"
    ),
    # Asked of payments by a code alone: nothing else has receipts.
    ("payment", "paid_by_no_case"): (
        "BEFORE UPDATE OF status ON payment FOR EACH ROW"
        " WHEN (NEW.status = 'captured' AND jsonb_typeof(NEW.ordered -> 'display') = 'object')"
        " EXECUTE FUNCTION payment_is_paid_by_no_case()"
    ),
}


def upgrade() -> None:
    for statement in (*TABLES, *FUNCTIONS):
        op.execute(statement)
    for (table, name), rule in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {rule}")
        # ALWAYS: also for a session that calls itself a replica.
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    op.execute("DROP TRIGGER paid_by_no_case ON payment")
    op.execute("DROP TABLE payment_case")
    op.execute("DROP FUNCTION payment_is_paid_by_no_case, payment_case_moves")
    op.execute("ALTER TABLE card_terms DROP COLUMN case_policies")
