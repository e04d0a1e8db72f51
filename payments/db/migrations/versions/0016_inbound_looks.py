"""Events of providers that nobody could take are looked at again: what they say, and when.

What an event says never changes, no more than the rest of it.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_FIXED = "provider event_id type reference operation digest body received_at"


def _guard(columns: str) -> str:
    def of(row: str) -> str:
        return ", ".join(f"{row}.{column}" for column in columns.split())

    return f"""
    CREATE OR REPLACE FUNCTION inbound_event_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.state <> 'received' OR ({of("NEW")}) IS DISTINCT FROM ({of("OLD")}) THEN
            RAISE EXCEPTION 'event % is % for ever', OLD.event_id, OLD.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$"""


def upgrade() -> None:
    op.execute("ALTER TABLE inbound_event ADD COLUMN told text, ADD COLUMN look_at timestamptz")
    op.execute("CREATE INDEX inbound_event_due ON inbound_event (look_at) WHERE state = 'received'")
    op.execute(_guard(f"{_FIXED} told"))


def downgrade() -> None:
    op.execute(_guard(_FIXED))
    op.execute("ALTER TABLE inbound_event DROP COLUMN told, DROP COLUMN look_at")
