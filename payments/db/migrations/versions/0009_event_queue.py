"""Events that are not planned yet stand in a table of their own, and leave it when they are.

A cursor of transactions' numbers was good in one cluster only, whose numbers they are: restored
from a dump into another one, it lay in the future. And it stopped at the oldest transaction that
ran anywhere on the server. What is committed is in this table, and what is not yet, is not.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLE = (
    # Rows come at one end and leave at the other, all of them soon.
    """
    CREATE TABLE event_unplanned (
        position bigint PRIMARY KEY,
        event_id uuid NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)""",
    """
    CREATE FUNCTION event_is_unplanned() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO event_unplanned (position, event_id) VALUES (NEW.position, NEW.id);
        RETURN NULL;
    END $$""",
    # Not ALWAYS: where rows come from another database's replication, these come from there too.
    """
    CREATE TRIGGER unplanned AFTER INSERT ON event
    FOR EACH ROW EXECUTE FUNCTION event_is_unplanned()""",
    # The trigger has waited for all writers.
    """
    INSERT INTO event_unplanned (position, event_id)
    SELECT event.position, event.id FROM event JOIN webhook_cursor AS cursor
        ON (event.xact, event.position) > (cursor.xact, cursor.position)""",
)
CURSOR = (
    "DROP TABLE webhook_cursor",
    "DROP INDEX event_order",
    "ALTER TABLE event DROP COLUMN xact",
    "CREATE INDEX event_order ON event (position)",
)
# Nobody knows the transactions of what is left, so it is planned before it has none.
BEFORE = (
    """
    INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
    SELECT event.id, endpoint.id, 1, event.object_id, event.sequence
    FROM event_unplanned JOIN event ON event.id = event_unplanned.event_id
    JOIN webhook_endpoint AS endpoint
        ON endpoint.partner_id = event.partner_id AND endpoint.state = 'enabled'
    WHERE CASE event.type WHEN 'webhook_endpoint.test' THEN endpoint.id = event.object_id
        ELSE endpoint.types = '{}' OR event.type = ANY (endpoint.types) END
    ORDER BY event_unplanned.position
    ON CONFLICT DO NOTHING""",
    "DROP TRIGGER unplanned ON event",
    "DROP FUNCTION event_is_unplanned",
    "DROP TABLE event_unplanned",
    "DROP INDEX event_order",
    "ALTER TABLE event ADD COLUMN xact xid8 NOT NULL DEFAULT '0'",
    "ALTER TABLE event ALTER COLUMN xact SET DEFAULT pg_current_xact_id()",
    "CREATE INDEX event_order ON event (xact, position)",
    """
    CREATE TABLE webhook_cursor (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        xact xid8 NOT NULL,
        position bigint NOT NULL
    )""",
    "INSERT INTO webhook_cursor (xact, position) VALUES ('1', 0)",
    """
    CREATE TRIGGER permanent BEFORE DELETE OR TRUNCATE ON webhook_cursor
    EXECUTE FUNCTION refuse_change()""",
    "ALTER TABLE webhook_cursor ENABLE ALWAYS TRIGGER permanent",
)


def upgrade() -> None:
    for statement in (*TABLE, *CURSOR):
        op.execute(statement)


def downgrade() -> None:
    # Writers wait from here on, so that nothing comes between what is planned and the end.
    op.execute("LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE")
    for statement in BEFORE:
        op.execute(statement)
