"""Batches of payouts, and rows that are tried again. No row's end is left, but for a return."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_STATES = (
    *("waiting", "dispatched", "held", "sent"),
    *("paid", "partly_paid", "declined", "returned", "refused", "canceled"),
)
_CHANGES = (
    "ALTER TABLE batch DROP CONSTRAINT batch_kind_check",
    """
    ALTER TABLE batch ADD CONSTRAINT batch_kind_check
    CHECK (kind IN ('bill_payments', 'payouts'))""",
    "ALTER TABLE batch_row DROP CONSTRAINT batch_row_state_check",
    "ALTER TABLE batch_row DROP CONSTRAINT batch_row_check",
    "ALTER TABLE batch_row DROP CONSTRAINT batch_row_check1",
    f"""
    ALTER TABLE batch_row
        ADD COLUMN left_at timestamptz,
        ADD COLUMN tries integer NOT NULL DEFAULT 0,
        ADD COLUMN again_at timestamptz,
        ADD CONSTRAINT batch_row_state_check CHECK (state IN {_STATES}),
        ADD CONSTRAINT batch_row_end_check CHECK (
            (ended_at IS NULL) = (state IN ('waiting', 'dispatched', 'held', 'sent'))),
        ADD CONSTRAINT batch_row_code_check CHECK (CASE
            WHEN state IN ('declined', 'returned', 'refused') THEN code IS NOT NULL
            WHEN state IN ('canceled', 'partly_paid') THEN true
            ELSE code IS NULL END)""",
    """
    CREATE INDEX batch_row_again ON batch_row (batch_id, again_at)
    WHERE again_at IS NOT NULL AND state IN ('waiting', 'dispatched')""",
    """
    CREATE INDEX batch_row_elsewhere ON batch_row (batch_id, line)
    WHERE state IN ('held', 'sent')""",
    # ROW_MOVES of payments.domain.batch_row is the same table; a test compares the two.
    """
    CREATE FUNCTION batch_row_may_move(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
        SELECT after = ANY (CASE before
            WHEN 'waiting' THEN ARRAY['dispatched', 'canceled']
            WHEN 'dispatched' THEN ARRAY[
                'waiting', 'held', 'sent', 'paid', 'declined', 'refused', 'canceled']
            WHEN 'held' THEN ARRAY['dispatched', 'canceled']
            WHEN 'sent' THEN ARRAY['paid', 'partly_paid', 'declined', 'returned']
            WHEN 'paid' THEN ARRAY['partly_paid', 'returned']
            WHEN 'partly_paid' THEN ARRAY['returned']
            ELSE ARRAY[]::text[]
        END)
    $$""",
    """
    CREATE OR REPLACE FUNCTION batch_row_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.ended_at IS NOT NULL OR NEW.state <> OLD.state)
            AND NOT batch_row_may_move(OLD.state, NEW.state)
        THEN
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
# As 0011 has it.
_MOVES_BEFORE = """
    CREATE OR REPLACE FUNCTION batch_row_moves() RETURNS trigger LANGUAGE plpgsql AS $$
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
    END $$"""
_BACK = (
    _MOVES_BEFORE,
    "DROP FUNCTION batch_row_may_move(text, text)",
    "ALTER TABLE batch DROP CONSTRAINT batch_kind_check",
    "ALTER TABLE batch ADD CONSTRAINT batch_kind_check CHECK (kind IN ('bill_payments'))",
    """
    ALTER TABLE batch_row
        DROP CONSTRAINT batch_row_state_check,
        DROP CONSTRAINT batch_row_end_check,
        DROP CONSTRAINT batch_row_code_check,
        DROP COLUMN left_at, DROP COLUMN tries, DROP COLUMN again_at,
        ADD CONSTRAINT batch_row_state_check CHECK (state IN (
            'waiting', 'dispatched', 'paid', 'declined', 'refused', 'canceled')),
        ADD CONSTRAINT batch_row_check CHECK (
            (ended_at IS NULL) = (state IN ('waiting', 'dispatched'))),
        ADD CONSTRAINT batch_row_check1 CHECK (
            (code IS NOT NULL) = (state IN ('declined', 'refused')))""",
    "DROP INDEX batch_row_elsewhere",
)


def upgrade() -> None:
    for statement in _CHANGES:
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
