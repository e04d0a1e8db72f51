"""The statements that write card payments: each one is a whole transaction.

Every write is an UPDATE of the payment's row, named `due`, that happens only if it is due: the row
is as the writer believes and its key is not among those written. All else hangs on `due`: the
posting ($1 to $6), the attempts, the event, the saved card. Of two that write at once the second
finds the row changed, by PostgreSQL's own row lock, and nothing of it is written.
"""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from typing import Final

from payments.adapters.postgres.ledger import WRITE_POSTING

# $8 is a JSON list of attempts. One that is on its way does not undo what is known of it.
_WRITE_ATTEMPTS: Final = """
sent AS (
    INSERT INTO payment_attempt (payment_id, number, provider, challenge, fingerprint, outcome,
        decline_kind, code, network_code, advice, raw, provider_reference, ended_at)
    SELECT due.id, tried.number, tried.provider, tried.challenge, tried.fingerprint,
        tried.outcome, tried.decline_kind, tried.code, tried.network_code, tried.advice,
        tried.raw, tried.provider_reference, CASE WHEN tried.outcome IS NOT NULL THEN now() END
    FROM due, jsonb_to_recordset($8::jsonb) AS tried (number integer, provider text,
        challenge boolean, fingerprint text, outcome text, decline_kind text, code text,
        network_code text, advice text, raw text, provider_reference text)
    ON CONFLICT (payment_id, number) DO UPDATE SET provider = EXCLUDED.provider,
        challenge = EXCLUDED.challenge, outcome = EXCLUDED.outcome,
        decline_kind = EXCLUDED.decline_kind, code = EXCLUDED.code,
        network_code = EXCLUDED.network_code, advice = EXCLUDED.advice, raw = EXCLUDED.raw,
        provider_reference = EXCLUDED.provider_reference, ended_at = EXCLUDED.ended_at
    WHERE EXCLUDED.outcome IS NOT NULL
)"""


def _tell(previous: str) -> str:
    """$9 is the event's type, NULL for none; $10 its data but for the figures, which are the row's
    own; $11 what one minor unit is in main units, such as 0.01.
    """
    return f"""
told AS (
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, previous_status, data)
    SELECT due.partner_id, 'payment', due.id, due.told, $9::text, {previous},
        $10::jsonb || jsonb_build_object(
            'status', due.status,
            'amountCaptured', (due.captured_minor * $11::text::numeric)::text,
            'amountRefunded', (due.refunded_minor * $11::text::numeric)::text,
            'amountCapturable', (due.held_minor * $11::text::numeric)::text,
            'fee', (due.fee_minor * $11::text::numeric)::text)
    FROM due WHERE $9::text IS NOT NULL
)"""


# $1 to $7 are the payment, $8 the attempts; a method that is saved for the order's customer pays
# as often as it likes, any other once. $14 is the moment from which nobody waits for it any more.
BEGIN: Final = f"""
WITH due AS (
    INSERT INTO payment (id, partner_id, reference, amount_minor, currency, customer_id,
        once_method, once_client_token, ordered, assessment, decision, created_at, updated_at,
        attempt)
    SELECT $1, $2, $3, $4, $5, $6, once.method, once.client_token, $9::jsonb, $10::jsonb,
        $11::jsonb, $12, $12, jsonb_array_length($8::jsonb)
    FROM (
        SELECT $7::text AS method, $13::text AS client_token
        WHERE NOT EXISTS (
            SELECT FROM payment_method AS mine
            WHERE mine.partner_id = $2 AND mine.token = $7 AND mine.customer_id = $6
        )
    ) AS once
    RIGHT JOIN (SELECT) AS always ON true
    WHERE now() < $14
    ON CONFLICT DO NOTHING
    RETURNING id
), {_WRITE_ATTEMPTS}
SELECT id FROM due"""
# What stands in the way of beginning; the payment of this name first.
OBSTACLE: Final = """
SELECT partner_id, reference, ordered, assessment, decision FROM payment
WHERE id = $1 OR (partner_id = $2 AND reference = $3) OR once_method = $4
    OR once_client_token = $5
ORDER BY id = $1 DESC, (partner_id, reference) = ($2, $3) DESC LIMIT 1"""

# $7 is the move: what it finds, and what it leaves.
MOVE: Final = f"""
WITH fact AS (
    SELECT * FROM jsonb_to_record($7::jsonb) AS fact (id text, amount bigint, currency text,
        froms text[], held bigint, suspended boolean, key text, status text, captured bigint,
        fee bigint, held_after bigint, suspended_after boolean, attempt integer, provider text,
        provider_reference text, code text, raw_code text, next_action jsonb, is_final boolean,
        expires_at timestamptz, at timestamptz)
), due AS (
    UPDATE payment SET
        status = fact.status,
        previous_status = payment.status,
        captured_minor = payment.captured_minor + fact.captured,
        fee_minor = payment.fee_minor + fact.fee,
        held_minor = fact.held_after,
        suspended_attempt = CASE WHEN fact.suspended_after THEN payment.suspended_attempt END,
        attempt = greatest(payment.attempt, fact.attempt),
        provider = coalesce(fact.provider, payment.provider),
        provider_reference = coalesce(fact.provider_reference, payment.provider_reference),
        code = fact.code,
        raw_code = fact.raw_code,
        next_action = coalesce(fact.next_action, payment.next_action),
        updated_at = fact.at,
        expires_at = CASE WHEN NOT fact.is_final
            THEN coalesce(fact.expires_at, payment.expires_at) END,
        told = payment.told + ($9::text IS NOT NULL)::integer,
        written = payment.written || fact.key
    FROM fact
    WHERE payment.id = fact.id
        AND (payment.amount_minor, payment.currency) = (fact.amount, fact.currency)
        AND payment.status = ANY (fact.froms) AND fact.key <> ALL (payment.written)
        AND payment.held_minor = fact.held
        AND (payment.suspended_attempt IS NOT NULL) = fact.suspended
        AND payment.captured_minor + fact.captured <= payment.amount_minor
    RETURNING payment.*
), {WRITE_POSTING}, {_WRITE_ATTEMPTS}, {_tell("due.previous_status")}, saved AS (
    INSERT INTO payment_method (partner_id, token, customer_id, card)
    SELECT due.partner_id, due.ordered #>> '{{card,token}}', customer.id, due.ordered -> 'card'
    FROM due JOIN customer ON customer.id = due.customer_id
        AND customer.partner_id = due.partner_id
    WHERE due.status IN ('authorized', 'captured') AND (due.ordered -> 'save_method')::boolean
        AND jsonb_typeof(due.ordered -> 'card') = 'object'
    ON CONFLICT DO NOTHING
)
SELECT * FROM due"""

# $7 the payment's id, $9 and $10 its amount, $11 the key, $12 whether it is in suspense, $13 what
# is in suspense afterwards.
KEEP_ATTEMPT: Final = f"""
WITH due AS (
    UPDATE payment SET
        suspended_attempt = $13::integer,
        attempt = (
            SELECT greatest(payment.attempt, max((tried ->> 'number')::integer))
            FROM jsonb_array_elements($8::jsonb) AS tried
        ),
        written = written || $11::text
    WHERE id = $7 AND status IN ('processing', 'requires_action') AND $11 <> ALL (written)
        AND (amount_minor, currency) = ($9, $10)
        AND (suspended_attempt IS NOT NULL) = $12
    RETURNING id
), {WRITE_POSTING}, {_WRITE_ATTEMPTS}
SELECT id FROM due"""

# $7 the payment's id, $8 the key, $12 a key that must have been written before, or NULL.
LATE: Final = f"""
WITH due AS (
    UPDATE payment SET told = told + 1, written = written || $8::text
    WHERE id = $7 AND $8 <> ALL (written) AND ($12::text IS NULL OR $12 = ANY (written))
    RETURNING *
), {WRITE_POSTING}, {_tell("due.status")}
SELECT id FROM due"""
