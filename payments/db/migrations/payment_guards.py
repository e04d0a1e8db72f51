"""The guards that migration 0006 puts on payments, refunds and inbound events.

PAYMENT_MOVES of payments.domain.payment is the same table of legal moves; a test compares the two.
What was agreed on never changes, and a final state is never left.
"""

FUNCTIONS = (
    """
    CREATE FUNCTION payment_may_move(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
        SELECT after = ANY (CASE before
            WHEN 'processing' THEN ARRAY['review', 'requires_action', 'authorized', 'captured',
                'failed', 'canceled']
            WHEN 'review' THEN ARRAY['processing', 'failed', 'canceled', 'expired']
            WHEN 'requires_action' THEN ARRAY['processing', 'authorized', 'captured', 'failed',
                'canceled', 'expired']
            WHEN 'authorized' THEN ARRAY['partially_captured', 'captured', 'canceled', 'expired']
            WHEN 'partially_captured' THEN ARRAY['partially_captured', 'captured']
            ELSE ARRAY[]::text[]
        END)
    $$""",
    # A payment that has ended still learns of refunds, of late successes and their events.
    """
    CREATE FUNCTION payment_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.status <> 'processing' OR NEW.told <> 0 OR NEW.held_minor <> 0
                OR NEW.suspended_attempt IS NOT NULL
            THEN
                RAISE EXCEPTION 'a payment begins as processing, not %', NEW.status
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF (NEW.id, NEW.partner_id, NEW.reference, NEW.amount_minor, NEW.currency, NEW.customer_id,
            NEW.once_method, NEW.once_client_token, NEW.ordered, NEW.assessment, NEW.decision,
            NEW.created_at)
            IS DISTINCT FROM
           (OLD.id, OLD.partner_id, OLD.reference, OLD.amount_minor, OLD.currency, OLD.customer_id,
            OLD.once_method, OLD.once_client_token, OLD.ordered, OLD.assessment, OLD.decision,
            OLD.created_at)
            OR NEW.told < OLD.told OR NEW.written[1 : cardinality(OLD.written)] <> OLD.written
            OR NEW.captured_minor < OLD.captured_minor OR NEW.refunded_minor < OLD.refunded_minor
            OR NEW.fee_minor < OLD.fee_minor
        THEN
            RAISE EXCEPTION 'what payment % agreed on never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF (NEW.status, NEW.captured_minor, NEW.fee_minor)
            IS DISTINCT FROM (OLD.status, OLD.captured_minor, OLD.fee_minor)
            AND NOT payment_may_move(OLD.status, NEW.status)
        THEN
            RAISE EXCEPTION 'payment % is %, not to become %', OLD.id, OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.status = OLD.status AND OLD.status IN ('captured', 'canceled', 'expired', 'failed')
            AND (NEW.previous_status, NEW.attempt, NEW.provider, NEW.provider_reference, NEW.code,
                NEW.raw_code, NEW.next_action, NEW.updated_at, NEW.expires_at)
                IS DISTINCT FROM
                (OLD.previous_status, OLD.attempt, OLD.provider, OLD.provider_reference, OLD.code,
                OLD.raw_code, OLD.next_action, OLD.updated_at, OLD.expires_at)
        THEN
            RAISE EXCEPTION 'payment % is % for ever', OLD.id, OLD.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
    """
    CREATE FUNCTION refund_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.status <> 'pending' OR NEW.suspended_at IS NOT NULL THEN
                RAISE EXCEPTION 'a refund begins as pending, not %', NEW.status
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.status <> 'pending' THEN
            RAISE EXCEPTION 'refund % is % for ever', OLD.id, OLD.status
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.suspended_at IS NOT NULL AND NEW.suspended_at IS DISTINCT FROM OLD.suspended_at
            OR (NEW.id, NEW.payment_id, NEW.partner_id, NEW.reference, NEW.amount_minor,
                NEW.currency, NEW.provider, NEW.reason, NEW.trace, NEW.created_at)
            IS DISTINCT FROM
               (OLD.id, OLD.payment_id, OLD.partner_id, OLD.reference, OLD.amount_minor,
                OLD.currency, OLD.provider, OLD.reason, OLD.trace, OLD.created_at)
        THEN
            RAISE EXCEPTION 'what refund % agreed on never changes', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
    """
    CREATE FUNCTION inbound_event_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.state <> 'received'
            OR (NEW.provider, NEW.event_id, NEW.type, NEW.reference, NEW.operation, NEW.digest,
                NEW.body, NEW.received_at)
            IS DISTINCT FROM
               (OLD.provider, OLD.event_id, OLD.type, OLD.reference, OLD.operation, OLD.digest,
                OLD.body, OLD.received_at)
        THEN
            RAISE EXCEPTION 'event % is % for ever', OLD.event_id, OLD.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
)
