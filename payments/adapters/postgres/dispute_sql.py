"""The statements that write disputes: each one is a whole transaction.

The row of the payment is locked by every write that moves money, as it is by a refund's: whoever
comes second sees what the first has left. `due` is the dispute's row as it stands afterwards; the
posting ($1 to $6) and the event hang on it.
"""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from typing import Final

from payments.adapters.postgres.ledger import WRITE_POSTING

FIND: Final = "SELECT * FROM dispute WHERE partner_id = $1 AND id = $2"
BY_ID: Final = "SELECT * FROM dispute WHERE id = $1"
# What a dispute is about: the payment, if this provider had this attempt of it.
ABOUT: Final = """
    SELECT payment.id, payment.partner_id, payment.currency, payment.captured_minor
    FROM payment JOIN payment_attempt AS sent ON sent.payment_id = payment.id
    WHERE payment.id = $1 AND sent.number = $2 AND sent.provider = $3"""

_LEFT: Final = "captured_minor - refunded_minor - refund_reserved_minor - disputed_minor"


def _tell(event: str, data: str, unit: str) -> str:
    """`data` but for what only the row knows; `unit` is one minor unit in main units."""
    return f"""
told AS (
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, previous_status, data)
    SELECT due.partner_id, 'dispute', due.id, due.told, {event}::text, due.previous_status,
        {data}::jsonb || jsonb_build_object(
            'alreadyReturned', (due.returned_minor * {unit}::text::numeric)::text)
    FROM due
)"""


# $7 is what is opened, $8 the event's data, $9 the unit. One that is opened at the same moment
# breaks the statement as a whole, by the table's key.
OPEN: Final = f"""
WITH found AS (
    SELECT * FROM jsonb_to_record($7::jsonb) AS found (id text, payment_id text, partner_id text,
        provider text, reference text, amount bigint, currency text, reason text, raw_reason text,
        status text, fee bigint, taken bigint, disputed bigint, open integer, due_at timestamptz,
        opened_at timestamptz, at timestamptz)
), held AS (
    UPDATE payment SET disputed_minor = disputed_minor + found.disputed,
        open_disputes = open_disputes + found.open
    FROM found
    WHERE payment.id = found.payment_id
    RETURNING {_LEFT} AS left_minor
), due AS (
    INSERT INTO dispute (id, payment_id, partner_id, provider, provider_reference, amount_minor,
        currency, reason, raw_reason, status, fee_minor, taken_minor, returned_minor, due_at,
        opened_at, updated_at)
    SELECT found.id, found.payment_id, found.partner_id, found.provider, found.reference,
        found.amount, found.currency, found.reason, found.raw_reason, found.status, found.fee,
        found.taken, least(greatest(-held.left_minor, 0), found.disputed), found.due_at,
        found.opened_at, found.at
    FROM found, held
    RETURNING *
), {WRITE_POSTING}, {_tell("'dispute.created'", "$8", "$9")}
SELECT * FROM due"""

# $7 is the move, $8 the event's data, $9 the unit, $10 the event's type. Another stage of it is
# another question, with a time of its own.
MOVE: Final = f"""
WITH found AS (
    SELECT * FROM jsonb_to_record($7::jsonb) AS found (id text, told integer, status text,
        fee bigint, taken bigint, disputed bigint, open integer, due_at timestamptz,
        is_closed boolean, at timestamptz)
), standing AS (
    SELECT dispute.id, dispute.payment_id FROM dispute, found
    WHERE dispute.id = found.id AND dispute.told = found.told
    FOR UPDATE OF dispute
), held AS (
    UPDATE payment SET disputed_minor = disputed_minor + found.disputed,
        open_disputes = open_disputes + found.open
    FROM found, standing
    WHERE payment.id = standing.payment_id
    RETURNING {_LEFT} AS left_minor
), due AS (
    UPDATE dispute SET
        status = found.status,
        previous_status = dispute.status,
        fee_minor = found.fee,
        taken_minor = found.taken,
        returned_minor = CASE WHEN found.disputed > 0
            THEN least(greatest(-held.left_minor, 0), found.disputed)
            ELSE dispute.returned_minor END,
        due_at = found.due_at,
        reminded = CASE WHEN dispute.due_at IS DISTINCT FROM found.due_at
            OR dispute.status <> found.status THEN 0 ELSE dispute.reminded END,
        response = CASE WHEN found.disputed <= 0 THEN dispute.response END,
        response_version = CASE WHEN found.disputed <= 0 THEN dispute.response_version END,
        response_state = CASE WHEN found.disputed <= 0 THEN dispute.response_state END,
        updated_at = found.at,
        closed_at = CASE WHEN found.is_closed THEN coalesce(dispute.closed_at, found.at) END,
        told = dispute.told + 1
    FROM found, held
    WHERE dispute.id = found.id
    RETURNING dispute.*
), {WRITE_POSTING}, {_tell("$10", "$8", "$9")}
SELECT * FROM due"""

# $1 the dispute, $2 how often it was told of, $3 the number of the reminder, $4 the event's data,
# $5 the unit.
REMIND: Final = f"""
WITH due AS (
    UPDATE dispute SET reminded = $3, told = told + 1, previous_status = status
    WHERE id = $1 AND told = $2 AND reminded < $3 AND closed_at IS NULL
    RETURNING *
), {_tell("'dispute.evidence_due'", "$4", "$5")}
SELECT * FROM due"""

LIST: Final = """
SELECT * FROM dispute
WHERE ($1::text IS NULL OR partner_id = $1) AND ($2::text IS NULL OR status = $2)
    AND ($3::text IS NULL OR payment_id = $3)
    AND ($4::text IS NULL
        OR (created_at, id) < (SELECT created_at, id FROM dispute AS last WHERE last.id = $4
            AND ($1::text IS NULL OR last.partner_id = $1)))
ORDER BY created_at DESC, id DESC LIMIT $5"""
