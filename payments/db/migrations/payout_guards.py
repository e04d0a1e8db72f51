"""The guards that migration 0013 puts on payouts and destinations.

PAYOUT_MOVES of payments.domain.payout is the same table of legal moves; a test compares the two.
What was agreed on never changes, and a final state is never left.
"""

FUNCTIONS = (
    """
    CREATE FUNCTION payout_may_move(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
        SELECT after = ANY (CASE before
            WHEN 'queued' THEN ARRAY['sent', 'failed', 'canceled']
            WHEN 'on_hold' THEN ARRAY['queued', 'canceled']
            WHEN 'sent' THEN ARRAY['paid', 'failed', 'returned']
            WHEN 'paid' THEN ARRAY['returned']
            ELSE ARRAY[]::text[]
        END)
    $$""",
    """
    CREATE FUNCTION payout_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.status NOT IN ('queued', 'on_hold') OR NEW.suspended_at IS NOT NULL THEN
                RAISE EXCEPTION 'a payout begins as queued or on hold, not %', NEW.status
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF (NEW.id, NEW.partner_id, NEW.reference, NEW.amount_minor, NEW.fee_minor, NEW.currency,
            NEW.destination_id, NEW.rail, NEW.ordered, NEW.created_at)
            IS DISTINCT FROM
           (OLD.id, OLD.partner_id, OLD.reference, OLD.amount_minor, OLD.fee_minor, OLD.currency,
            OLD.destination_id, OLD.rail, OLD.ordered, OLD.created_at)
            OR NEW.told < OLD.told
            OR OLD.suspended_at IS NOT NULL AND NEW.suspended_at IS DISTINCT FROM OLD.suspended_at
        THEN
            RAISE EXCEPTION 'what payout % agreed on never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.status <> OLD.status AND NOT payout_may_move(OLD.status, NEW.status)
            OR NEW.status = OLD.status
                AND (NEW.status <> 'queued' OR NEW.suspended_at IS NULL)
                AND NEW IS DISTINCT FROM OLD
        THEN
            RAISE EXCEPTION 'payout % is %, not to become %', OLD.id, OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
    # Sealing its account anew is the only other change.
    """
    CREATE FUNCTION destination_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'unverified' THEN
                RAISE EXCEPTION 'a destination begins as unverified, not %', NEW.state
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF (NEW.id, NEW.partner_id, NEW.reference, NEW.customer_id, NEW.kind, NEW.country,
            NEW.currency, NEW.shown, NEW.bank, NEW.fingerprint, NEW.rail, NEW.content,
            NEW.created_at)
            IS DISTINCT FROM
           (OLD.id, OLD.partner_id, OLD.reference, OLD.customer_id, OLD.kind, OLD.country,
            OLD.currency, OLD.shown, OLD.bank, OLD.fingerprint, OLD.rail, OLD.content,
            OLD.created_at)
            OR OLD.state <> 'unverified' AND NEW.state <> OLD.state
        THEN
            RAISE EXCEPTION 'what destination % is never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
)
