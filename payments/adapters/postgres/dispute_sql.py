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
    SELECT payment.id, payment.partner_id, payment.currency, payment.captured_minor,
        payment.status
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

# Evidence has to be there and in time; without a version it is accepted.
RESPOND: Final = """
UPDATE dispute SET response = $2, response_version = $3, response_state = 'sending'
WHERE id = $1 AND status = ANY ($5::text[])
    AND coalesce(response_state, 'refused') = 'refused'
    AND ($3::integer IS NULL OR (coalesce(due_at > $4, true) AND EXISTS (
        SELECT FROM dispute_evidence WHERE dispute_id = $1 AND version = $3)))
RETURNING *"""
OBSTACLE: Final = """
SELECT dispute.*, coalesce(dispute.due_at <= $3, false) AS is_too_late,
    EXISTS (SELECT FROM dispute_evidence WHERE dispute_id = $1 AND version = $2) AS is_there
FROM dispute WHERE id = $1"""
RESPONDED: Final = """
UPDATE dispute SET response_state = $4
WHERE id = $1 AND (response, response_state) = ($2, 'sending')
    AND response_version IS NOT DISTINCT FROM $3
RETURNING *"""

LIST: Final = """
SELECT * FROM dispute
WHERE ($1::text IS NULL OR partner_id = $1) AND ($2::text IS NULL OR status = $2)
    AND ($3::text IS NULL OR payment_id = $3)
    AND ($4::text IS NULL
        OR (created_at, id) < (SELECT created_at, id FROM dispute AS last WHERE last.id = $4
            AND ($1::text IS NULL OR last.partner_id = $1)))
ORDER BY created_at DESC, id DESC LIMIT $5"""

UNFINISHED: Final = """
SELECT * FROM dispute WHERE closed_at IS NULL AND id > coalesce($1, '') ORDER BY id LIMIT $2"""

# What is added to evidence is counted on the dispute's row, which puts it in a line: $2 the most
# there can be, $3 now, $4 the statuses that can be answered. Here the file: $5 to $8.
_CAN_BE_ADDED: Final = """
    id = $1 AND status = ANY ($4::text[]) AND coalesce(response_state, 'refused') = 'refused'
    AND coalesce(due_at > $3, true)"""
KEEP_FILE: Final = f"""
WITH held AS (
    UPDATE dispute SET files = files + 1 WHERE {_CAN_BE_ADDED} AND files < $2 RETURNING id
)
INSERT INTO dispute_file (id, dispute_id, media_type, size_bytes, digest, content)
SELECT $5, held.id, $6, octet_length($8::bytea), $7, $8 FROM held
RETURNING id, media_type, size_bytes, digest, created_at"""
# $5 the texts, $6 the files by what they are about, $7 their ids, $8 the trace.
ADD_EVIDENCE: Final = f"""
WITH held AS (
    UPDATE dispute SET evidence = evidence + 1
    WHERE {_CAN_BE_ADDED} AND evidence < $2
        AND (SELECT count(*) FROM dispute_file WHERE dispute_id = $1 AND id = ANY ($7::text[]))
            = cardinality($7::text[])
    RETURNING id, evidence
)
INSERT INTO dispute_evidence (dispute_id, version, texts, files, trace)
SELECT held.id, held.evidence, $5::jsonb, $6::jsonb, $8 FROM held
RETURNING *"""
FILE: Final = """
SELECT id, media_type, size_bytes, digest, created_at FROM dispute_file
WHERE dispute_id = $1 AND id = $2"""
FILES: Final = """
SELECT id, media_type, size_bytes, digest, created_at FROM dispute_file
WHERE dispute_id = $1 ORDER BY created_at, id"""
CONTENTS: Final = """
SELECT id, media_type, content FROM dispute_file
WHERE dispute_id = $1 AND id = ANY ($2::text[])"""
EVIDENCE: Final = """
SELECT * FROM dispute_evidence WHERE dispute_id = $1 AND ($2::integer IS NULL OR version = $2)
ORDER BY version"""
