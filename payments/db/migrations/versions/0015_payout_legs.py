"""Payouts that go by legs: refunds of what a customer paid, and a transfer of what is beyond them.

Whatever the code does: a payout has one transfer at most, a refund is a leg of one payout, and a
payout that was partly paid tells of it again only when less of it is paid than before.
"""

from alembic import op

from payments.db.migrations.payout_guards import FUNCTIONS

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = (
    # `transfer_minor`: what of it goes over a rail. `paid_minor`: of the legs together, when they
    # have ended.
    "ALTER TABLE payout ADD COLUMN transfer_minor bigint",
    "ALTER TABLE payout DISABLE TRIGGER moves",
    "UPDATE payout SET transfer_minor = amount_minor",
    "ALTER TABLE payout ENABLE ALWAYS TRIGGER moves",
    "ALTER TABLE payout ALTER COLUMN transfer_minor SET NOT NULL",
    """
    ALTER TABLE payout
        ADD COLUMN part_of text REFERENCES payout,
        ADD COLUMN paid_minor bigint,
        ADD CONSTRAINT payout_transfer_is_a_part
            CHECK (transfer_minor BETWEEN 0 AND amount_minor),
        ADD CONSTRAINT payout_paid_is_a_part CHECK (paid_minor BETWEEN 0 AND amount_minor),
        DROP CONSTRAINT payout_status_check,
        ADD CONSTRAINT payout_status_check CHECK (status IN (
            'queued', 'on_hold', 'sent', 'paid', 'partly_paid', 'failed', 'returned', 'canceled')),
        DROP CONSTRAINT payout_failed_has_a_code,
        ADD CONSTRAINT payout_failed_has_a_code CHECK (
            status NOT IN ('partly_paid', 'failed', 'returned') OR code IS NOT NULL)""",
    "CREATE UNIQUE INDEX payout_part ON payout (part_of) WHERE part_of IS NOT NULL",
    # What went back before legs went to the very card. `code`: why a refund never began.
    """
    ALTER TABLE payout_source
        ADD COLUMN way text NOT NULL DEFAULT 'same_card'
            CHECK (way IN ('refund', 'same_card', 'elsewhere')),
        ADD COLUMN number integer CHECK (number > 0),
        ADD COLUMN code text CHECK (code ~ '^P[0-9]{4}$'),
        ADD CONSTRAINT payout_source_refund_has_a_number
            CHECK ((way = 'refund') = (number IS NOT NULL)),
        ADD CONSTRAINT payout_source_number UNIQUE (payout_id, number)""",
    "ALTER TABLE refund ADD COLUMN payout_id text REFERENCES payout",
    """
    CREATE UNIQUE INDEX refund_payout ON refund (payout_id, payment_id)
    WHERE payout_id IS NOT NULL""",
)

MOVES = (
    """
    CREATE OR REPLACE FUNCTION payout_may_move(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
        SELECT after = ANY (CASE before
            WHEN 'queued' THEN ARRAY['sent', 'failed', 'canceled']
            WHEN 'on_hold' THEN ARRAY['queued', 'canceled']
            WHEN 'sent' THEN ARRAY['paid', 'partly_paid', 'failed', 'returned']
            WHEN 'paid' THEN ARRAY['partly_paid', 'returned']
            WHEN 'partly_paid' THEN ARRAY['returned']
            ELSE ARRAY[]::text[]
        END)
    $$""",
    """
    CREATE OR REPLACE FUNCTION payout_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.status NOT IN ('queued', 'on_hold') OR NEW.suspended_at IS NOT NULL
                OR NEW.paid_minor IS NOT NULL
            THEN
                RAISE EXCEPTION 'a payout begins as queued or on hold, not %', NEW.status
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF (NEW.id, NEW.partner_id, NEW.reference, NEW.amount_minor, NEW.transfer_minor,
            NEW.fee_minor, NEW.currency, NEW.destination_id, NEW.rail, NEW.ordered,
            NEW.created_at, NEW.part_of)
            IS DISTINCT FROM
           (OLD.id, OLD.partner_id, OLD.reference, OLD.amount_minor, OLD.transfer_minor,
            OLD.fee_minor, OLD.currency, OLD.destination_id, OLD.rail, OLD.ordered,
            OLD.created_at, OLD.part_of)
            OR NEW.told < OLD.told
            OR OLD.suspended_at IS NOT NULL AND NEW.suspended_at IS DISTINCT FROM OLD.suspended_at
        THEN
            RAISE EXCEPTION 'what payout % agreed on never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.status <> OLD.status AND NOT payout_may_move(OLD.status, NEW.status)
            OR NEW.status = OLD.status
                AND (NEW.status <> 'queued' OR NEW.suspended_at IS NULL)
                AND (NEW.status <> 'partly_paid' OR NEW.paid_minor >= OLD.paid_minor)
                AND NEW IS DISTINCT FROM OLD
        THEN
            RAISE EXCEPTION 'payout % is %, not to become %', OLD.id, OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
)


def upgrade() -> None:
    for statement in (*TABLES, *MOVES):
        op.execute(statement)


def downgrade() -> None:
    for function in FUNCTIONS[:2]:
        op.execute(function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute("ALTER TABLE refund DROP COLUMN payout_id")
    op.execute("ALTER TABLE payout_source DROP COLUMN way, DROP COLUMN number, DROP COLUMN code")
    op.execute("""
        ALTER TABLE payout
            DROP COLUMN transfer_minor, DROP COLUMN part_of, DROP COLUMN paid_minor,
            DROP CONSTRAINT payout_status_check,
            ADD CONSTRAINT payout_status_check CHECK (status IN (
                'queued', 'on_hold', 'sent', 'paid', 'failed', 'returned', 'canceled')),
            DROP CONSTRAINT IF EXISTS payout_failed_has_a_code,
            ADD CONSTRAINT payout_failed_has_a_code
                CHECK (status NOT IN ('failed', 'returned') OR code IS NOT NULL)""")
