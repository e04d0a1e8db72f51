"""The ledger: append-only and balanced by the database itself, whoever writes to it.

Three rules, in this order: an entry is added in the transaction that made its posting and in its
account's currency (statement trigger); when that transaction commits, the posting's entries sum to
zero in each currency (deferred, for each entry) and there are some (deferred, for each posting).

The sum is checked for each entry, not once for each posting: after SET CONSTRAINTS IMMEDIATE a
posting's own check would be spent, and further entries would slip in behind it.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    # Ids sort by time where PostgreSQL can do it (18); an older server gives random ones.
    """
    DO $$ BEGIN
        IF current_setting('server_version_num')::int >= 180000 THEN
            CREATE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT uuidv7()';
        ELSE
            CREATE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE
                AS 'SELECT gen_random_uuid()';
        END IF;
    END $$""",
    """
    CREATE TABLE ledger_account (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        code text NOT NULL UNIQUE,
        kind text NOT NULL,
        owner text NOT NULL,
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$')
    )""",
    """
    CREATE TABLE ledger_transaction (
        id uuid PRIMARY KEY DEFAULT new_id(),
        key text NOT NULL UNIQUE,
        subject text NOT NULL,
        description text NOT NULL,
        posted_at timestamptz NOT NULL DEFAULT now()
    )""",
    "CREATE INDEX ledger_transaction_subject ON ledger_transaction (subject)",
    # Without foreign keys: the trigger below proves both references and more, postings and accounts
    # are never deleted, and a foreign key would take a share lock on every account it touches.
    """
    CREATE TABLE ledger_entry (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        transaction_id uuid NOT NULL,
        account_id bigint NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
        currency text NOT NULL
    )""",
    "CREATE INDEX ledger_entry_transaction ON ledger_entry (transaction_id)",
)
APPEND_ONLY = ("ledger_account", "ledger_transaction", "ledger_entry")

# What runs at commit counts as a statement of its own in pg_stat_statements; the mark in it tells
# a guard from a round trip.
FUNCTIONS = (
    # xmin is the transaction that wrote the row. Inside a savepoint it is another number than the
    # whole transaction's, and the entry is refused: the safe side, and none of us uses savepoints.
    """
    CREATE FUNCTION ledger_entry_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM /* guard */ FROM added
        WHERE (
            SELECT posting.xmin = pg_current_xact_id()::xid
            FROM ledger_transaction AS posting WHERE posting.id = added.transaction_id
        ) IS NOT TRUE;
        IF FOUND THEN
            RAISE EXCEPTION 'an entry can only be added together with its posting'
                USING ERRCODE = 'restrict_violation';
        END IF;
        PERFORM /* guard */ FROM added
        WHERE (
            SELECT account.currency = added.currency
            FROM ledger_account AS account WHERE account.id = added.account_id
        ) IS NOT TRUE;
        IF FOUND THEN
            RAISE EXCEPTION 'an entry needs an account of its own currency'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$""",
    """
    CREATE FUNCTION ledger_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM /* guard */ FROM ledger_entry WHERE transaction_id = NEW.transaction_id
        GROUP BY currency HAVING sum(amount_minor) <> 0;
        IF FOUND THEN
            RAISE EXCEPTION 'posting % does not balance', NEW.transaction_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$""",
    # No entry is of nothing and all sum to zero, so what has one has two.
    """
    CREATE FUNCTION ledger_transaction_has_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT /* guard */ count(*) FROM ledger_entry WHERE transaction_id = NEW.id) < 2 THEN
            RAISE EXCEPTION 'posting % has fewer than two entries', NEW.id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$""",
)

# The path keeps a caller's own (temporary) tables of the same names out. Without the other setting
# a plan made while the table was small would scan all of it until the statistics are renewed.
SETTINGS = tuple(
    f"ALTER FUNCTION {function} SET {setting}"
    for function in (
        "ledger_entry_belongs",
        "ledger_entry_balances",
        "ledger_transaction_has_entries",
    )
    for setting in ("search_path = pg_catalog, public, pg_temp", "enable_seqscan = off")
)

TRIGGERS = (
    """
    CREATE TRIGGER belongs AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_belongs()""",
    """
    CREATE CONSTRAINT TRIGGER balances AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_balances()""",
    """
    CREATE CONSTRAINT TRIGGER has_entries AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_transaction_has_entries()""",
    # ALWAYS: also for a session that calls itself a replica.
    "ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER belongs",
    "ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER balances",
    "ALTER TABLE ledger_transaction ENABLE ALWAYS TRIGGER has_entries",
)


def upgrade() -> None:
    for statement in (*TABLES, *FUNCTIONS, *SETTINGS, *TRIGGERS):
        op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def downgrade() -> None:
    op.execute("DROP TABLE ledger_entry, ledger_transaction, ledger_account")
    op.execute("""
        DROP FUNCTION ledger_entry_belongs, ledger_entry_balances,
            ledger_transaction_has_entries, new_id""")
