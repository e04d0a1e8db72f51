"""What the application's role may do: everything it needs, and nothing that could rewrite history.

Applied after every migration, so that a role created later gets its rights by migrating again. A
test holds the tables here against payments.db.tables.
"""

from typing import Final

APP_ROLE: Final = "quittance_app"

# Named columns where the database alone may fill the others: ids, and the time of a posting.
GRANTS: Final[dict[str, str]] = {
    "partner": "SELECT, INSERT, UPDATE",
    "api_key": "SELECT, INSERT, UPDATE",
    "ip_range": "SELECT, INSERT, DELETE",
    "revoked_token": "SELECT, INSERT, UPDATE, DELETE",
    "token_request": "SELECT, INSERT, UPDATE, DELETE",
    "biller": "SELECT, INSERT, UPDATE",
    "agreement": "SELECT, INSERT, UPDATE",
    "card_terms": "SELECT, INSERT, UPDATE",
    "provider": "SELECT, INSERT, UPDATE",
    "customer": "SELECT, INSERT, DELETE",
    "payment_method": "SELECT, INSERT, DELETE",
    "request_log": "SELECT, INSERT",
    "provider_call": "SELECT, INSERT",
    "incident": "SELECT, INSERT (kind, partner_id, trace, place)",
    "idempotency": "SELECT, INSERT, UPDATE, DELETE",
    "ledger_account": "SELECT, INSERT (code, kind, owner, currency)",
    "ledger_transaction": "SELECT, INSERT (key, subject, description)",
    "ledger_entry": "SELECT, INSERT (transaction_id, account_id, amount_minor, currency)",
    "transaction": "SELECT, INSERT, UPDATE (state, code, biller_reference, suspended_at, paid_at)",
    "payment": (
        "SELECT, INSERT, UPDATE (status, previous_status, captured_minor, refunded_minor,"
        " refund_reserved_minor, paid_out_minor, fee_minor, held_minor, suspended_attempt, attempt,"
        " provider, provider_reference, code, raw_code, next_action, updated_at, expires_at, told,"
        " written, disputed_minor, open_disputes)"
    ),
    "payment_attempt": (
        "SELECT, INSERT, UPDATE (provider, challenge, outcome, decline_kind, code, network_code,"
        " advice, raw, provider_reference, ended_at)"
    ),
    "refund": (
        "SELECT, INSERT, UPDATE (status, code, provider_reference, suspended_at, settled_at)"
    ),
    "payment_case": ("SELECT, INSERT, UPDATE (status, fee_minor, resolved_by, closed_at, told)"),
    "dispute": (
        "SELECT, INSERT, UPDATE (status, previous_status, fee_minor, taken_minor, returned_minor,"
        " due_at, reminded, response, response_version, response_state, updated_at, closed_at,"
        " files, evidence, told)"
    ),
    "dispute_file": "SELECT, INSERT",
    "dispute_evidence": "SELECT, INSERT",
    "payout_terms": "SELECT, INSERT, UPDATE",
    "rail": "SELECT, INSERT, UPDATE",
    "destination": "SELECT, INSERT, UPDATE (state, reason, verified_at, account_sealed)",
    "payout": (
        "SELECT, INSERT, UPDATE (status, held_for, code, raw_code, rail_reference, arrives_at,"
        " suspended_at, updated_at, told, paid_minor)"
    ),
    "payout_source": "SELECT, INSERT, UPDATE (given_back_at, code)",
    "reviewer": (
        "SELECT, INSERT (name, token_digest), UPDATE (token_digest, standing, token_made_at)"
    ),
    "payout_review": "SELECT, INSERT (payout_id, operator, approved)",
    "partner_funds": "SELECT, INSERT, UPDATE (available_minor)",
    "partner_funds_delta": "SELECT, INSERT (partner_id, currency, amount_minor), DELETE",
    "inbound_event": "SELECT, INSERT, UPDATE (state, note, settled_at, look_at)",
    "routing_rules": "SELECT, INSERT (version, rules, fallback, author)",
    "routing_activation": "SELECT, INSERT (version, activated_by)",
    "switch_flip": "SELECT, INSERT (provider, method, country, is_on, flipped_by, why)",
    "batch": "SELECT, INSERT, UPDATE (status, ended_at)",
    "batch_row": (
        "SELECT, INSERT, UPDATE (state, code, dispatched_at, left_at, ended_at, tries, again_at)"
    ),
    "event": (
        "SELECT, INSERT (id, partner_id, object_type, object_id, sequence, type, previous_status,"
        " data, occurred_at)"
    ),
    "webhook_endpoint": (
        "SELECT, INSERT, UPDATE (slot, url, types, version, payload, description, secrets_sealed,"
        " state, disabled, disabled_at, failing_since, removed_at, told,"
        " is_ending)"
    ),
    "webhook_delivery": (
        "SELECT, INSERT (event_id, endpoint_id, round, object_id, sequence),"
        " UPDATE (state, tries, first_tried_at, handed_over_at, next_try_at, settled_at), DELETE"
    ),
    "webhook_try": "SELECT, INSERT, DELETE",
    # Whoever takes a row locks it first, and that needs an UPDATE.
    "event_unplanned": "SELECT, INSERT, UPDATE (position), DELETE",
    "alembic_version": "SELECT",
}

# Whoever migrates may not be allowed to create roles; then somebody else does it.
ENSURE_ROLE: Final = f"""
DO $$ BEGIN
    IF to_regrole('{APP_ROLE}') IS NULL THEN
        CREATE ROLE {APP_ROLE} NOLOGIN;
    END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
    RAISE NOTICE 'role {APP_ROLE} was not created here';
END $$"""


def statements() -> list[str]:
    """Take back what was given, then give exactly this. Does nothing while the role is missing."""
    commands = [f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}"]
    for table, privileges in GRANTS.items():
        commands += [
            f"REVOKE ALL ON TABLE {table} FROM {APP_ROLE}",
            f"GRANT {privileges} ON TABLE {table} TO {APP_ROLE}",
        ]
    return [
        f"DO $$ BEGIN IF to_regrole('{APP_ROLE}') IS NOT NULL THEN {command}; END IF; END $$"
        for command in commands
    ]
