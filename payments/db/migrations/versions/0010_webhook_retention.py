"""What became of webhooks is purged when it is old; no younger than a week, whoever asks."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# A trigger of rows costs the purge alone: nobody else deletes any.
OLD_ENOUGH = (
    """
    CREATE FUNCTION webhook_delivery_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.settled_at IS NULL OR OLD.settled_at > now() - interval '7 days' THEN
            RAISE EXCEPTION 'the delivery of % to % is kept', OLD.event_id, OLD.endpoint_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END $$""",
    """
    CREATE FUNCTION webhook_try_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.at > now() - interval '7 days' OR EXISTS (
            SELECT FROM webhook_delivery
            WHERE event_id = OLD.event_id AND endpoint_id = OLD.endpoint_id
                AND round = OLD.round AND settled_at IS NULL
        ) THEN
            RAISE EXCEPTION 'the tries of % to % are kept', OLD.event_id, OLD.endpoint_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END $$""",
    """
    CREATE INDEX webhook_delivery_settled ON webhook_delivery (settled_at)
    WHERE settled_at IS NOT NULL""",
)
NOT_OLD_ENOUGH = (
    "DROP INDEX webhook_delivery_settled",
    "DROP FUNCTION webhook_try_is_kept",
    "DROP FUNCTION webhook_delivery_is_kept",
)

KEPT = {
    "webhook_delivery": {
        "permanent": "BEFORE TRUNCATE {} EXECUTE FUNCTION refuse_change()",
        "kept": "BEFORE DELETE {} FOR EACH ROW EXECUTE FUNCTION webhook_delivery_is_kept()",
    },
    "webhook_try": {
        "append_only": "BEFORE UPDATE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
        "kept": "BEFORE DELETE {} FOR EACH ROW EXECUTE FUNCTION webhook_try_is_kept()",
    },
}
KEPT_FOR_EVER = {
    "webhook_delivery": {
        "permanent": "BEFORE DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
    "webhook_try": {
        "append_only": "BEFORE UPDATE OR DELETE OR TRUNCATE {} EXECUTE FUNCTION refuse_change()",
    },
}


def upgrade() -> None:
    for statement in OLD_ENOUGH:
        op.execute(statement)
    _guard(KEPT_FOR_EVER, KEPT)


def downgrade() -> None:
    _guard(KEPT, KEPT_FOR_EVER)
    for statement in NOT_OLD_ENOUGH:
        op.execute(statement)


def _guard(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> None:
    for table, triggers in before.items():
        for name in triggers:
            op.execute(f"DROP TRIGGER {name} ON {table}")
    for table, triggers in after.items():
        for name, rule in triggers.items():
            op.execute(f"CREATE TRIGGER {name} {rule.format(f'ON {table}')}")
            # ALWAYS: also for a session that calls itself a replica.
            op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
